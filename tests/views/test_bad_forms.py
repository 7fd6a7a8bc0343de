"""Bad input in forms and request bodies. With the other `test_bad_*` files, more than ten thousand inputs are tried.

No unplanned status, no markup from outside, no forged line in the log, and nothing that PostgreSQL would refuse.
"""

import io
from types import SimpleNamespace
from urllib.parse import urlencode
from wsgiref.util import setup_testing_defaults

from django.test import Client
from django.urls import reverse
from hypothesis import example, given
from hypothesis import strategies as st

from snapportal import wsgi
from snapportal.accounts import people
from snapportal.accounts.models import Role, SignInFailure
from snapportal.accounts.team_models import Team
from snapshots.api.models import ApiKey
from snapshots.audit.models import Entry
from snapshots.operations.models import Action, Operation
from snapshots.vault.models import StoredToken
from tests.support import hostile
from tests.support.api import make_key
from tests.support.hostile import check, header_text, nasty_text, strange_markup
from tests.support.schedule_forms import filled
from tests.support.schedules import define
from tests.support.teams import make_team

PASSWORD = "correct horse battery"
TOKEN = {"label": "l", "token": "t" * 12, "unchecked": "on"}

FORMS = {
    "snapshot_create": Role.MANAGER,
    "snapshot_restore": Role.MANAGER,
    "snapshot_delete": Role.MANAGER,
    "operation_close": Role.MANAGER,
    "schedule_add": Role.MANAGER,
    "schedule_change": Role.MANAGER,
    "schedule_remove": Role.MANAGER,
    "token_add": Role.MANAGER,
    "token_replace": Role.MANAGER,
    "token_limits": Role.MANAGER,
    "person_token_add": Role.ADMIN,
    "person_add": Role.ADMIN,
    "person_edit": Role.ADMIN,
    "service_account_add": Role.ADMIN,
    "team_add": Role.ADMIN,
    "team_edit": Role.ADMIN,
    "api_key_add": Role.MANAGER,
    "api_key_revoke": Role.MANAGER,
    "account_detail": Role.VIEWER,
    "entry_export": Role.AUDITOR,
    "invitation_accept": "",
    "sign_in": "",
}
PERSON = {"name": "Vera", "email": "v@example.com", "role": "viewer"}
SIMPLE_FIELDS = {
    "operation_close": {"finding": "undecided", "reason": "nobody knows"},
    "token_add": TOKEN,
    "token_replace": TOKEN,
    "team_add": {"name": "Shop", "role": "manager", "servers": "all", "seen": ""},
    "team_edit": {"name": "Shop", "role": "manager", "servers": "all", "seen": "2026-11-29T00:00:00+00:00"},
    "token_limits": {"servers": "all", "rights": "see", "reason": "a trainee"},
    "person_token_add": TOKEN,
    "person_add": {"username": "nadia"} | PERSON,
    "person_edit": PERSON | {"is_active": "on", "step": ""},
    "api_key_revoke": {"reason": "leaked"},
    "account_detail": {"old_password": PASSWORD, "new_password1": "y", "new_password2": "y"},
    "entry_export": {"format": "csv"},
    "invitation_accept": {"new_password1": "y", "new_password2": "y"},
    "sign_in": {"username": "aron", "password": PASSWORD, "next": "/"},
}


def form_of(name: str, site: SimpleNamespace) -> tuple[str, dict[str, str]]:
    """The URL of a form, and valid values for its fields."""
    desk, view, vera = site.desk, site.view, site.cast.vera
    StoredToken.objects.filter(pk=desk.token.pk).update(limited_servers=None, limited_rights=None)
    snapshot = desk.snapshot(view)
    places = {
        "snapshot_create": [desk.token.pk, view.server_id],
        "snapshot_restore": [desk.token.pk, snapshot.id],
        "snapshot_delete": [desk.token.pk, snapshot.id],
        "operation_close": [site.unknown.pk],
        "token_replace": [desk.token.pk],
        "token_limits": [desk.token.pk],
        "team_edit": [(Team.objects.first() or make_team()).pk],
        "person_token_add": [vera.pk],
        "person_edit": [vera.pk],
    }
    if name in {"schedule_change", "schedule_remove"}:
        places[name] = [define(desk).pk]
    if name == "api_key_revoke":
        key = ApiKey.objects.filter(name="unused", revoked_at=None).first()
        places[name] = [(key or make_key(desk.user, desk.token, name="unused")[0]).pk]
    if name == "invitation_accept":
        places[name] = [people.renew_invitation(vera, actor=desk.actor)]
    url = reverse(name, args=places.get(name))
    if name.startswith("schedule_"):
        return url, filled(desk) | {"save": "yes", "seen": "", "preview": "", "form_key": "", "reason": ""}
    if name == "api_key_add":
        return url, {"name": "n", "rights": "snapshots.see", "servers": f"{desk.token.pk}:all", "days": "9"}
    if name == "service_account_add":
        return url, PERSON | {"username": "robot", "keeper": str(vera.pk)}
    if name in SIMPLE_FIELDS:
        return url, dict(SIMPLE_FIELDS[name])
    action = Action(name.replace("_", "."))
    confirmation = desk.confirm(action, view, None if action == Action.CREATE else snapshot)
    right = {
        Action.CREATE: {"name": "n", "description": "d"},
        Action.RESTORE: {"typed_name": view.name, "override_reason": "must be"},
        Action.DELETE: {"understood": "on", "override_reason": ""},
    }[action]
    return url, {**right, "reason": "because", "confirmation": confirmation}


PAGES_READ_AFTERWARDS = (
    "/",
    "/tokens/",
    "/people/",
    "/audit/",
    "/attention/",
    "detail",
    "operation",
    "entry",
)


@st.composite
def tampered_forms(draw: st.DrawFn) -> tuple[str, dict[int, str], bool, bool]:
    """A form, values to put into some of its fields, whether htmx sends it, and whether it is sent as multipart."""
    changes = draw(st.dictionaries(st.integers(0, 18), nasty_text, min_size=1, max_size=2))
    return draw(st.sampled_from(sorted(FORMS))), changes, draw(st.booleans()), draw(st.booleans())


@hostile.hostile(80)
@example(tampered=("schedule_add", {0: "<zqx>", 17: "\0"}, False, False), then="/", extra={})
@given(
    tampered=tampered_forms(),
    then=st.sampled_from(PAGES_READ_AFTERWARDS),
    extra=st.dictionaries(nasty_text, nasty_text),
)
def test_any_value_in_any_form_field_gets_a_planned_answer(site, tampered, then, extra):
    name, changes, by_htmx, as_multipart = tampered
    SignInFailure.objects.all().delete()
    site.cast.vera.refresh_from_db()
    role = FORMS[name]
    url, fields = form_of(name, site)
    for position, text in changes.items():
        fields[list(fields)[position % len(fields)]] = text
    browser = site.browsers[role] if role else Client()
    headers = {"HX-Request": "true"} if by_htmx else {}
    body = fields if as_multipart else urlencode(extra | fields, doseq=True)
    kind = {} if as_multipart else {"content_type": "application/x-www-form-urlencoded"}
    before = Entry.objects.latest("sequence")
    check(browser.post(url, body, headers=headers, **kind), url)
    last = Entry.objects.latest("sequence")
    if last == before:  # nothing was written: whatever is, is in the log
        return
    path = {
        "detail": reverse("server_detail", args=[site.desk.token.pk, site.view.server_id]),
        "operation": reverse("operation_detail", args=[Operation.objects.latest("created_at").pk]),
        "entry": reverse("entry_detail", args=[last.pk]),
    }.get(then, then)
    reader = Role.ADMIN if path.startswith(("/audit", "/people")) else Role.MANAGER
    check(site.browsers[reader].get(path), path)


@hostile.hostile(40)
@given(
    wanted=nasty_text,
    host=st.sampled_from(["", "/", "//", "\\", "http://testserver/", "https://testserver", "a"]),
)
@example(wanted="no-slash-in-it", host="")
@example(wanted="\r\n", host="//")
def test_any_next_parameter_redirects_to_this_site(cast, strict, wanted, host):
    fields = {"username": "aron", "password": PASSWORD, "next": f"{host}{wanted}"}
    answer = Client().post("/sign-in/", fields)
    assert answer.status_code in {302, 400}
    check(answer)


bad_bodies = st.one_of(
    st.binary(max_size=60),
    nasty_text.map(str.encode),
    st.sampled_from([b"a=" + b"&a=1" * 1100, b"--x\r\n", b"{"]),
)


@hostile.hostile(50)
@given(
    body=bad_bodies,
    kind=st.sampled_from(
        [
            "application/x-www-form-urlencoded",
            "application/json",
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=x",
            "multipart/form-data; boundary=\xff",
            "",
        ]
    ),
    path=st.sampled_from(["/people/add/", "/tokens/add/", "/audit/export/", "/people/?q=%ff", "/sign-in/"]),
)
def test_any_body_of_any_content_type_gets_a_planned_answer(site, body, kind, path):
    if kind.endswith("=x"):
        body = b'--x\r\nContent-Disposition: form-data; name="username"\r\n\r\n' + body + b"\r\n--x--"
    browser = Client() if path == "/sign-in/" else site.browsers[Role.ADMIN]
    check(browser.generic("POST", path, body, kind), path)


@hostile.hostile(30)
@given(
    body=bad_bodies,
    method=st.sampled_from(["GET", "POST"]),
    kind=st.sampled_from(
        ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]
    ),
    charset=st.sampled_from(
        ["rot13", "utf-7", "unicode_escape", "base64", "utf-16", "nonsense", "", "UTF-8", '"']
    )
    | header_text,
    query=st.sampled_from(["next=\\ud800", "next=+2AA-", "next=%5Cud800", "next=\xff"]),
)
def test_any_charset_gets_a_planned_answer(strict, body, method, kind, charset, query):
    """Sent through the WSGI entry point, because Django reads the charset before any middleware runs."""
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": "/sign-in/",
        "QUERY_STRING": query,
        "CONTENT_TYPE": f"{kind}; charset={charset}",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "HTTP_COOKIE": f"__Host-csrf={'a' * 32}",  # without it the body is not read
        "HTTP_HOST": "testserver",
        "REMOTE_ADDR": "127.0.0.1",
    }
    setup_testing_defaults(environ)
    statuses = []
    answer = b"".join(wsgi.application(environ, lambda status, headers: statuses.append(status)))
    assert int(statuses[0][:3]) in {200, 400, 403, 413}
    assert strange_markup(answer.decode()) == []
