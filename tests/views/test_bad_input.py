"""More than ten thousand bad inputs, with test_bad_answers.py and test_bad_texts.py: here what browsers and proxies may send.

No error of ours, no markup, no forged line of a log, and nothing that PostgreSQL would refuse.
"""

import io
import uuid
from types import SimpleNamespace
from urllib.parse import quote, urlencode
from wsgiref.util import setup_testing_defaults

import httpx
import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from hypothesis import example, given
from hypothesis import strategies as st

from snapportal import wsgi
from snapportal.accounts import people
from snapportal.accounts.models import Role, SignInFailure
from snapportal.environment import parse_networks
from snapshots.audit.models import Entry
from snapshots.operations.models import Action, Operation, State
from tests.support import hostile
from tests.support.hostile import check, header_text, nasty_text, query_values, strange_markup
from tests.views import test_bad_answers, test_bad_texts

PASSWORD = "correct horse battery"
TOKEN = {"label": "l", "token": "t" * 12, "unchecked": "on"}


@pytest.fixture
def house(desk, cast, strict) -> SimpleNamespace:
    """Everybody signed in, and the addresses of things that are there."""
    view = desk.server()
    browsers = {}
    for person in vars(cast).values():
        browsers[person.role] = Client()
        browsers[person.role].force_login(person)
    unknown = desk.create(view, name="left-open")
    Operation.objects.filter(pk=unknown.pk).update(state=State.UNKNOWN)
    return SimpleNamespace(desk=desk, view=view, browsers=browsers, unknown=unknown, cast=cast)


# --- Forms ----------------------------------------------------------------------------------------------------------
FORMS = {
    "snapshot_create": Role.MANAGER,
    "snapshot_restore": Role.MANAGER,
    "snapshot_delete": Role.MANAGER,
    "operation_close": Role.MANAGER,
    "token_add": Role.MANAGER,
    "token_replace": Role.MANAGER,
    "person_token_add": Role.ADMIN,
    "person_add": Role.ADMIN,
    "person_edit": Role.ADMIN,
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
    "person_token_add": TOKEN,
    "person_add": {"username": "nadia"} | PERSON,
    "person_edit": PERSON | {"is_active": "on", "step": ""},
    "account_detail": {"old_password": PASSWORD, "new_password1": "y", "new_password2": "y"},
    "entry_export": {"format": "csv"},
    "invitation_accept": {"new_password1": "y", "new_password2": "y"},
    "sign_in": {"username": "aron", "password": PASSWORD, "next": "/"},
}


def form_of(name: str, house: SimpleNamespace) -> tuple[str, dict[str, str]]:
    """The address of a form, and what would be right in its fields."""
    desk, view, vera = house.desk, house.view, house.cast.vera
    snapshot = desk.snapshot(view)
    places = {
        "snapshot_create": [desk.token.pk, view.server_id],
        "snapshot_restore": [desk.token.pk, snapshot.id],
        "snapshot_delete": [desk.token.pk, snapshot.id],
        "operation_close": [house.unknown.pk],
        "token_replace": [desk.token.pk],
        "person_token_add": [vera.pk],
        "person_edit": [vera.pk],
    }
    if name == "invitation_accept":
        places[name] = [people.renew_invitation(vera, actor=desk.actor)]
    url = reverse(name, args=places.get(name))
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


CONSEQUENCES = ("/", "/tokens/", "/people/", "/audit/", "/attention/", "detail", "operation", "entry")


@st.composite
def tampered_forms(draw: st.DrawFn) -> tuple[str, dict[int, str], bool, bool]:
    """A form, what stands in some of its fields instead, whether htmx sends it, and whether as multipart."""
    changes = draw(st.dictionaries(st.integers(0, 6), nasty_text, min_size=1, max_size=2))
    return draw(st.sampled_from(sorted(FORMS))), changes, draw(st.booleans()), draw(st.booleans())


@hostile.hostile(150)
@given(
    tampered=tampered_forms(),
    then=st.sampled_from(CONSEQUENCES),
    extra=st.dictionaries(nasty_text, nasty_text),
)
def test_any_field_of_any_form_may_hold_anything(house, tampered, then, extra):
    name, changes, by_htmx, as_multipart = tampered
    SignInFailure.objects.all().delete()
    house.cast.vera.refresh_from_db()
    role = FORMS[name]
    url, fields = form_of(name, house)
    for place, text in changes.items():
        fields[list(fields)[place % len(fields)]] = text
    browser = house.browsers[role] if role else Client()
    headers = {"HX-Request": "true"} if by_htmx else {}
    body = fields if as_multipart else urlencode(extra | fields)
    kind = {} if as_multipart else {"content_type": "application/x-www-form-urlencoded"}
    check(browser.post(url, body, headers=headers, **kind), url)
    last = Entry.objects.latest("sequence")
    path = {
        "detail": reverse("server_detail", args=[house.desk.token.pk, house.view.server_id]),
        "operation": reverse("operation_detail", args=[Operation.objects.latest("created_at").pk]),
        "entry": reverse("entry_detail", args=[last.pk]),
    }.get(then, then)
    reader = Role.ADMIN if path.startswith(("/audit", "/people")) else Role.MANAGER
    check(house.browsers[reader].get(path), path)


@hostile.hostile(150)
@given(
    wanted=nasty_text,
    host=st.sampled_from(["", "/", "//", "\\", "http://testserver/", "https://testserver", "a"]),
)
@example(wanted="no-slash-in-it", host="")
@example(wanted="\r\n", host="//")
def test_any_next_leads_to_this_site(cast, strict, wanted, host):
    fields = {"username": "aron", "password": PASSWORD, "next": f"{host}{wanted}"}
    answer = Client().post("/sign-in/", fields)
    assert answer.status_code in {302, 400}
    check(answer)


bad_bodies = st.one_of(
    st.binary(max_size=60),
    nasty_text.map(str.encode),
    st.sampled_from([b"a=" + b"&a=1" * 1100, b"--x\r\n", b"{"]),
)


@hostile.hostile(150)
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
def test_any_body_of_any_kind_may_come(house, body, kind, path):
    if kind.endswith("=x"):
        body = b'--x\r\nContent-Disposition: form-data; name="username"\r\n\r\n' + body + b"\r\n--x--"
    browser = Client() if path == "/sign-in/" else house.browsers[Role.ADMIN]
    check(browser.generic("POST", path, body, kind), path)


@hostile.hostile(150)
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
def test_any_charset_may_be_named(strict, body, method, kind, charset, query):
    """Through gunicorn's own entry, for Django reads the charset before any middleware runs."""
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": "/sign-in/",
        "QUERY_STRING": query,
        "CONTENT_TYPE": f"{kind}; charset={charset}",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "HTTP_COOKIE": f"__Host-csrf={'a' * 32}",  # else the body would not even be read
        "HTTP_HOST": "testserver",
        "REMOTE_ADDR": "127.0.0.1",
    }
    setup_testing_defaults(environ)
    told = []
    answer = b"".join(wsgi.application(environ, lambda status, headers: told.append(status)))
    assert int(told[0][:3]) in {200, 400, 403}
    assert strange_markup(answer.decode()) == []


# --- Addresses ------------------------------------------------------------------------------------------------------
QUERIES = {
    "/": "q server status token sort page x",
    "/people/": "q page",
    "/audit/": "text person action server result since until before after",
    "/audit/export/": "text person action server result since until",
    "status": "moving alone x",
    "operation": "was",
    "name": "name",
    "/sign-in/": "next",
}


@hostile.hostile(350)
@given(
    place=st.sampled_from(sorted(QUERIES)),
    values=st.lists(query_values, min_size=1, max_size=4),
    data=st.data(),
)
def test_any_query_may_hold_anything(house, place, values, data):
    token_id, server_id = house.desk.token.pk, house.view.server_id
    path = {
        "status": reverse("server_status", args=[token_id, server_id]),
        "name": reverse("snapshot_name_check", args=[token_id, server_id]),
        "operation": reverse("operation_status", args=[house.unknown.pk]),
    }.get(place, place)
    names = data.draw(
        st.lists(st.sampled_from(QUERIES[place].split()), min_size=len(values), max_size=len(values))
    )
    role = {"/people/": Role.ADMIN, "/audit/": Role.ADMIN, "/audit/export/": Role.AUDITOR}.get(
        place, Role.MANAGER
    )
    browser = Client() if place == "/sign-in/" else house.browsers[role]
    headers = {"HX-Request": "true"} if data.draw(st.booleans()) else {}
    check(browser.get(f"{path}?{urlencode(list(zip(names, values, strict=True)))}", headers=headers), path)


ids = st.one_of(
    st.integers().map(str),
    st.sampled_from([2**31, 2**63 - 1, 2**63, 2**64, 10**18]).map(str),
    st.sampled_from([*hostile.NUMBERS, "%00", "%2F", "..", "%252e", "a" * 300, str(uuid.UUID(int=7))]),
    nasty_text.map(lambda text: quote(text, safe="")),
)
PATHS = (
    "/servers/{token}/{}/",
    "/servers/{token}/{}/status/",
    "/servers/{token}/{}/create/",
    "/servers/{token}/{}/create/name/",
    "/servers/{}/{}/",
    "/snapshots/{token}/{}/restore/",
    "/snapshots/{token}/{}/delete/",
    "/snapshots/{}/{}/restore/",
    "/operations/{}/",
    "/operations/{}/close/",
    "/tokens/{}/replace/",
    "/tokens/{}/remove/",
    "/tokens/{}/check/",
    "/people/{}/",
    "/people/{}/token/",
    "/audit/{}/",
    "/welcome/{}/",
    "/static/{}",
    "/{}",
    "/{}/{}/",
)


@hostile.hostile(450)
@given(
    pattern=st.sampled_from(PATHS),
    parts=st.tuples(ids, ids),
    role=st.sampled_from([*Role, ""]),
    posts=st.booleans(),
)
def test_any_id_may_stand_in_a_path(house, pattern, parts, role, posts):
    path = pattern.format(*parts, token=house.desk.token.pk)
    browser = house.browsers[role] if role else Client()
    check(browser.post(path) if posts else browser.get(path), path)


@hostile.hostile(120)
@given(
    pattern=st.sampled_from(PATHS[:8]),
    parts=st.tuples(ids, ids),
    status=st.sampled_from([401, 403, 500, 429]),
)
def test_any_id_may_stand_in_a_path_while_nothing_was_ever_read(house, double, pattern, parts, status):
    """The portal knows no server then, and shows the one that was asked for as far as it can."""
    double.answer = lambda request: httpx.Response(status, json={"detail": "no"})
    cache.clear()
    path = pattern.format(*parts, token=house.desk.token.pk)
    check(house.browsers[Role.MANAGER].get(path), path)
    check(house.browsers[Role.MANAGER].post(path, {"name": "x", "confirmation": "y"}), path)


# --- Headers --------------------------------------------------------------------------------------------------------
cookies = st.one_of(
    header_text,
    header_text.map(lambda text: f"__Host-session={text}; __Host-csrf={text}; __Host-language={text}"),
    st.sampled_from(
        [
            '__Host-session="\\000aaaaaaaaaaaaaaaa"',
            '__Host-language="\\000"',
            '__Host-csrf="\\000\\012x"',
            "__Host-session=" + "a" * 5000,
            "=;=;;,",
        ]
    ),
)
current_urls = st.one_of(
    header_text,
    st.sampled_from(
        ["http://[", "http://testserver/%00", "http://testserver//evil.example/", "http://testserver:x/", "http://" + "a" * 3000,
         "http://testserver/\\evil.example", "http://testserver/a?b=" + "c" * 3000, "//", "http://testserver"]
    ),
)  # fmt: skip
HEADERS = {
    "HTTP_HOST": header_text,
    "HTTP_COOKIE": cookies,
    "HTTP_ACCEPT_LANGUAGE": header_text,
    "HTTP_X_FORWARDED_FOR": header_text,
    "HTTP_X_FORWARDED_PROTO": header_text,
    "HTTP_X_REQUEST_ID": header_text,
    "HTTP_USER_AGENT": header_text,
    "HTTP_REFERER": header_text,
    "HTTP_ORIGIN": header_text,
    "HTTP_ACCEPT_ENCODING": header_text,
    "HTTP_IF_MODIFIED_SINCE": header_text,
    "HTTP_HX_CURRENT_URL": current_urls,
    "HTTP_HX_CURRENT_URL_URI_AUTOENCODED": st.sampled_from(["true", "x"]),
    "HTTP_HX_TRIGGER": header_text,
    "HTTP_HX_TARGET": header_text,
    "HTTP_HX_PROMPT": header_text,
    "HTTP_HX_HISTORY_RESTORE_REQUEST": st.sampled_from(["true", "x"]),
}


@st.composite
def bad_headers(draw: st.DrawFn) -> dict[str, str]:
    names = draw(st.lists(st.sampled_from(sorted(HEADERS)), min_size=1, max_size=3, unique=True))
    return {name: draw(HEADERS[name]) for name in names}


@hostile.hostile(300)
@given(
    headers=bad_headers(),
    path=st.sampled_from(
        ["/", "/sign-in/", "/audit/", "/tokens/", "/nothing/", "/livez", "/account/", "/static/app.css"]
    ),
    by_htmx=st.booleans(),
    signed_in=st.booleans(),
    secure=st.booleans(),
)
@example(headers={"HTTP_HX_CURRENT_URL": "http://["}, path="/", by_htmx=True, signed_in=False, secure=False)
def test_any_header_may_hold_anything(house, settings, headers, path, by_htmx, signed_in, secure):
    settings.SNAPPORTAL_TRUSTED_PROXIES = parse_networks("127.0.0.1, 10.0.0.0/8")
    if by_htmx:
        headers = headers | {"HTTP_HX_REQUEST": "true"}
    browser = house.browsers[Role.ADMIN] if signed_in else Client()
    check(browser.get(path, secure=secure, **headers), path)
    if path == "/sign-in/":
        check(Client().post(path, {"username": "x", "password": "y"}, secure=secure, **headers), path)


def test_more_than_ten_thousand_inputs_are_tried():
    assert {test_bad_answers, test_bad_texts}, "they count too"
    assert sum(hostile.counted.values()) >= 10_000, hostile.counted
