"""A person with unusual names does everything, is erased, and is then found nowhere: no table, file, page or export."""

import re
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from snapportal.accounts.models import User
from snapshots.audit import export, journal, verification
from snapshots.audit.journal import Actor
from snapshots.audit.models import Entry
from snapshots.operations import attention
from snapshots.vault.models import StoredToken
from tests.support import database_text
from tests.support.audit_rows import rows
from tests.support.desk import Desk, make_desk
from tests.support.evidence import open_operation

USERNAME, NAME, FORMER = "zoltar.quux", "Zoltara Quuxworth", "Zoltara Vexington"
EMAIL, FORMER_EMAIL = "zq@quuxworth.example", "zv@vexington.example"
ADDRESSES = ("198.51.100.77", "2001:db8:77::7")
PASSWORD = "a fresh one, long enough"
TRACES = ("zoltar", "quuxworth", "vexington", *ADDRESSES)
"""In lower case; each name and e-mail contains one. Shorter ones turn up by chance in what is encoded in base64."""

pytestmark = pytest.mark.django_db(transaction=True)


def invite(admin: Client, browser: Client) -> User:
    newcomer = {"username": USERNAME, "name": FORMER, "email": FORMER_EMAIL, "role": "manager"}
    answer = admin.post("/people/add/", newcomer)
    path = re.search(r'value="http://testserver(/welcome/[^"]+)"', answer.text)[1]
    browser.post(path, {"new_password1": PASSWORD, "new_password2": PASSWORD})
    return User.objects.get(username=USERNAME)


def sign_in_and_out(browser: Client) -> None:
    for password in ("wrong", PASSWORD):
        browser.post("/sign-out/")
        browser.post("/sign-in/", {"username": USERNAME.upper(), "password": password})
    assert browser.get("/account/").status_code == 200
    assert browser.get("/people/").status_code == 403
    changed = {"old_password": "wrong", "new_password1": PASSWORD + "!", "new_password2": PASSWORD + "!"}
    for old in ("wrong", PASSWORD):
        browser.post("/account/", changed | {"old_password": old})


def save(admin: Client, person: User, **changes: str) -> None:
    person.refresh_from_db()
    said = {"name": person.name, "email": person.email, "role": person.role, "is_active": "on"}
    said |= {"seen": person.details_key} | changes
    admin.post(f"/people/{person.pk}/", {name: value for name, value in said.items() if value}, follow=True)


def keep_tokens(browser: Client, admin: Client, person: User, colleague: User, token: str) -> None:
    browser.post("/tokens/add/", {"label": "first", "token": token}, follow=True)
    stored = StoredToken.objects.get(user=person)
    browser.post(f"/tokens/{stored.pk}/check/", follow=True)
    browser.post(f"/tokens/{stored.pk}/replace/", {"token": token}, follow=True)
    save(admin, person, role="admin")
    browser.post("/sign-in/", {"username": USERNAME, "password": PASSWORD + "!"})
    answer = browser.post(f"/people/{colleague.pk}/token/", {"label": "his", "token": token}, follow=True)
    assert answer.status_code == 200
    assert StoredToken.objects.get(user=colleague).stored_by_name == NAME


def operate(person: User, colleague: Desk) -> list[str]:
    """Create a snapshot, and close an operation of a colleague. Returns the pages of both."""
    desk = Desk(person, StoredToken.objects.get(user=person))
    mine = desk.create(desk.server())
    theirs = open_operation(colleague, idempotency_key="other")
    closer = Actor(id=person.pk, name=NAME, role="admin", address=ADDRESSES[0])
    attention.close_operation(actor=closer, operation=theirs, finding="happened", reason="seen there")
    return [f"/operations/{one.pk}/" for one in (mine, theirs)]


def export_by_name(auditor: Client) -> None:
    for query in (f"person={NAME}", "person=quuxworth", f"text={NAME}", "text=zoltara"):
        answer = auditor.post(f"/audit/export/?{query}", {"format": "csv"})
        assert NAME in b"".join(answer.streaming_content).decode()


def accept_by_name() -> None:
    for name in (NAME, USERNAME):
        journal.record(verification.COMMAND_ACTOR.entry(action="audit.accept_lost_anchors", settled_by=name))


def tables() -> dict[str, str]:
    """Table → its rows as text."""
    with connection.cursor() as cursor:
        return {name: str(_rows_of(cursor, name)).lower() for name in database_text.tables()}


def _rows_of(cursor, table: str) -> list[tuple[object, ...]]:
    cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
    return cursor.fetchall()


def traces_in(text: str) -> list[str]:
    return [trace for trace in TRACES if trace in text.lower()]


def pages(admin: Client, auditor: Client, operations: list[str], number: int) -> dict[str, str]:
    paths = ["/audit/", *(f"/audit/{row['sequence']}/" for row in rows())]
    found = {path: auditor.get(path).text for path in paths}
    own = ["/people/", f"/people/{number}/", "/", "/tokens/", "/operations/", *operations]
    return found | {path: admin.get(path).text for path in own}


@pytest.fixture
def operations(cast, sandbox, signed_in) -> list[str]:
    """Everything that the person does; ends with the person deactivated."""
    admin, auditor = signed_in(cast.ada), signed_in(cast.aron)
    browsers = [Client(REMOTE_ADDR=address) for address in ADDRESSES]
    person = invite(admin, browsers[0])
    for browser in browsers[:1]:
        sign_in_and_out(browser)
    browsers[1].post("/sign-in/", {"username": USERNAME, "password": "wrong"})
    save(admin, person, name=NAME, email=EMAIL)
    keep_tokens(browsers[0], admin, person, cast.omar, sandbox.token)
    found = operate(User.objects.get(pk=person.pk), make_desk(cast.ada, sandbox.token))
    accept_by_name()
    export_by_name(auditor)
    save(admin, person, is_active="")
    return found


def test_an_erased_person_is_found_nowhere(cast, signed_in, operations):
    admin, auditor = signed_in(cast.ada), signed_in(cast.aron)
    person = User.objects.get(username=USERNAME)
    before = tables()
    seen = {trace for table in ("person", "audit_subject") for trace in traces_in(before[table])}
    assert seen == set(TRACES), "the person left no trace to be searched for"
    confirmed = {"reason": "left", "username": USERNAME}
    assert "is erased" in admin.post(f"/people/{person.pk}/erase/", confirmed, follow=True).text
    for name, text in tables().items():
        assert traces_in(text) == [], name
    for path, text in pages(admin, auditor, operations, person.pk).items():
        assert traces_in(text) == [], path
    assert "No matching people" in admin.get("/people/?q=quux").text
    for form in export.EXTENSIONS:
        actor = Actor(id=cast.aron.pk, name="Aron", role="auditor")
        file = export.begin(actor=actor, rows=Entry.objects.all(), format_name=form)
        assert traces_in(b"".join(file.chunks).decode()) == [], form
    assert verification.check_log().holds


@pytest.mark.only_sqlite  # the files of PostgreSQL belong to its server
@pytest.mark.parametrize("vacuum", [False, True])
def test_the_files_of_the_database_hold_no_trace_either(cast, signed_in, operations, vacuum):
    person = User.objects.get(username=USERNAME)
    signed_in(cast.ada).post(f"/people/{person.pk}/erase/", {"reason": "left", "username": USERNAME})
    cache.clear()
    if vacuum:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")
    file = Path(connection.settings_dict["NAME"])
    for one in file.parent.glob(f"{file.name}*"):
        assert traces_in(one.read_bytes().decode("latin-1")) == [], one.name
