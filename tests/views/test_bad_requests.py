"""Bad input in query strings, paths and headers. With the other `test_bad_*` files, more than ten thousand inputs are tried.

No unplanned status, no markup from outside, no forged line in the log, and nothing that PostgreSQL would refuse.
"""

import uuid
from urllib.parse import quote, urlencode

import httpx
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from hypothesis import example, given
from hypothesis import strategies as st

from snapportal.accounts.models import Role
from snapportal.setting_values import parse_networks
from tests.support import hostile
from tests.support.hostile import check, header_text, nasty_text, query_values
from tests.views import test_bad_answers, test_bad_forms, test_bad_texts

# --- URLs -----------------------------------------------------------------------------------------------------------
QUERIES = {
    "/": "q server status token sort page x",
    "/find/": "q only x",
    "/people/": "q page",
    "/audit/": "text person action server result since until before after",
    "/audit/export/": "text person action server result since until",
    "status": "moving alone x",
    "operation": "was",
    "name": "name",
    "/sign-in/": "next",
}


@hostile.hostile(120)
@given(
    place=st.sampled_from(sorted(QUERIES)),
    values=st.lists(query_values, min_size=1, max_size=4),
    data=st.data(),
)
def test_any_query_value_gets_a_planned_answer(site, place, values, data):
    token_id, server_id = site.desk.token.pk, site.view.server_id
    path = {
        "status": reverse("server_status", args=[token_id, server_id]),
        "name": reverse("snapshot_name_check", args=[token_id, server_id]),
        "operation": reverse("operation_status", args=[site.unknown.pk]),
    }.get(place, place)
    names = data.draw(
        st.lists(st.sampled_from(QUERIES[place].split()), min_size=len(values), max_size=len(values))
    )
    role = {
        "/find/": Role.ADMIN,
        "/people/": Role.ADMIN,
        "/audit/": Role.ADMIN,
        "/audit/export/": Role.AUDITOR,
    }.get(place, Role.MANAGER)
    browser = Client() if place == "/sign-in/" else site.browsers[role]
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


@hostile.hostile(80)
@given(
    pattern=st.sampled_from(PATHS),
    parts=st.tuples(ids, ids),
    role=st.sampled_from([*Role, ""]),
    posts=st.booleans(),
)
@example(pattern="/servers/{}/{}/", parts=("%00", "1"), role=Role.MANAGER, posts=False)
@example(pattern="/welcome/{}/", parts=("%00", "1"), role="", posts=False)
def test_any_id_in_a_path_gets_a_planned_answer(site, pattern, parts, role, posts):
    path = pattern.format(*parts, token=site.desk.token.pk)
    browser = site.browsers[role] if role else Client()
    check(browser.post(path) if posts else browser.get(path), path)


@hostile.hostile(20)
@given(
    pattern=st.sampled_from(PATHS[:8]),
    parts=st.tuples(ids, ids),
    status=st.sampled_from([401, 403, 500, 429]),
)
def test_any_id_in_a_path_gets_a_planned_answer_before_the_first_reading(
    site, double, pattern, parts, status
):
    """The portal knows no server then, and renders the requested one with what it has."""
    double.answer = lambda request: httpx.Response(status, json={"detail": "no"})
    cache.clear()
    path = pattern.format(*parts, token=site.desk.token.pk)
    check(site.browsers[Role.MANAGER].get(path), path)
    check(site.browsers[Role.MANAGER].post(path, {"name": "x", "confirmation": "y"}), path)


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


@hostile.hostile(60)
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
def test_any_header_value_gets_a_planned_answer(site, settings, headers, path, by_htmx, signed_in, secure):
    settings.SNAPPORTAL_TRUSTED_PROXIES = parse_networks("127.0.0.1, 10.0.0.0/8")
    if by_htmx:
        headers = headers | {"HTTP_HX_REQUEST": "true"}
    browser = site.browsers[Role.ADMIN] if signed_in else Client()
    check(browser.get(path, secure=secure, **headers), path)
    if path == "/sign-in/":
        check(Client().post(path, {"username": "x", "password": "y"}, secure=secure, **headers), path)


def test_more_than_ten_thousand_inputs_are_tried():
    assert {test_bad_answers, test_bad_forms, test_bad_texts}, "importing them registers their tests"
    assert sum(hostile.counted.values()) >= 10_000, hostile.counted
