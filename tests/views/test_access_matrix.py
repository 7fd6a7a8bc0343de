"""Access by every role with every method to every URL, and the headers of every answer. A URL without a row fails the build."""

import uuid
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse

from snapportal.accounts.models import Role
from tests.support.access_requests import NOBODY_AT_ALL, requests_of
from tests.support.answer_headers import check_headers, check_page
from tests.support.sessions import signed_in_client

EVERYBODY = frozenset(Role.values)
SEERS = frozenset({Role.VIEWER, Role.OPERATOR, Role.MANAGER, Role.ADMIN})
CREATORS = SEERS - {Role.VIEWER}
MANAGERS = frozenset({Role.MANAGER, Role.ADMIN})
ADMINS = frozenset({Role.ADMIN})
LOG_READERS = frozenset({Role.AUDITOR, Role.ADMIN})
AUDITORS = frozenset({Role.AUDITOR})
PUBLIC = EVERYBODY | {NOBODY_AT_ALL}

TOKEN = {"token_id": "nosuchtokn"}
SERVER = {**TOKEN, "server_id": 12345}
SNAPSHOT = {**TOKEN, "snapshot_id": 801}
PK = {"pk": uuid.UUID(int=7)}

FRONT_PAGE = "server_list"
"""Its address is given to everybody: whoever may not see servers is redirected to their own first page, which has a row here."""

# name: (arguments, methods, who may)
MATRIX = {
    "server_list": ({}, "GET", SEERS),
    "server_detail": (SERVER, "GET", SEERS),
    "server_status": (SERVER, "GET", SEERS),
    "server_history": (SERVER, "GET", SEERS),
    "snapshot_create": (SERVER, "GET POST", CREATORS),
    "snapshot_name_check": (SERVER, "GET", CREATORS),
    "snapshot_restore": (SNAPSHOT, "GET POST", MANAGERS),
    "snapshot_delete": (SNAPSHOT, "GET POST", CREATORS),
    "snapshot_replace": (SERVER, "GET POST", CREATORS),
    "snapshot_keeping": (SNAPSHOT, "GET", CREATORS),
    "snapshot_protect": (SNAPSHOT, "POST", MANAGERS),
    "snapshot_unprotect": (SNAPSHOT, "POST", MANAGERS),
    "snapshot_keep_until": (SNAPSHOT, "POST", CREATORS),
    "snapshot_hand_over": (SNAPSHOT, "GET POST", CREATORS),
    "person_hand_over": ({"pk": 4242}, "GET POST", ADMINS),
    "server_grace": (SERVER, "GET POST", MANAGERS),
    "server_silence": (SERVER, "GET POST", MANAGERS),
    "server_lock": (SERVER, "GET POST", MANAGERS),
    "request_list": ({}, "GET", SEERS),
    "request_detail": (PK, "GET POST", SEERS),
    "policy_list": ({}, "GET", SEERS),
    "policy_add": ({}, "GET POST", ADMINS),
    "policy_detail": ({"pk": 1}, "GET POST", SEERS),
    "freeze_list": ({}, "GET", SEERS),
    "freeze_add": ({}, "GET POST", MANAGERS),
    "freeze_detail": ({"pk": 1}, "GET POST", SEERS),
    "deletion_list": ({}, "GET", SEERS),
    "deletion_detail": (PK, "GET", SEERS),
    "deletion_keep": (PK, "POST", CREATORS),
    "deletion_extend": (PK, "POST", CREATORS),
    "schedule_list": ({}, "GET", SEERS),
    "schedule_add": ({}, "GET POST", MANAGERS),
    "schedule_detail": (PK, "GET", SEERS),
    "schedule_change": (PK, "GET POST", MANAGERS),
    "schedule_pause": (PK, "POST", CREATORS),
    "schedule_resume": (PK, "POST", CREATORS),
    "schedule_run": (PK, "POST", MANAGERS),
    "schedule_remove": (PK, "GET POST", MANAGERS),
    "job_detail": (PK, "GET", EVERYBODY),
    "job_status": (PK, "GET", EVERYBODY),
    "job_cancel": (PK, "POST", EVERYBODY),
    "batch_create": ({}, "GET POST", CREATORS),
    "batch_delete": ({}, "GET POST", CREATORS),
    "restore_point_list": ({}, "GET", SEERS),
    "restore_point_detail": (PK, "GET", SEERS),
    "restore_point_restore": (PK, "GET POST", MANAGERS),
    "system_detail": ({}, "GET", ADMINS),
    "setup_detail": ({}, "GET", ADMINS),
    "setup_mark": ({}, "POST", ADMINS),
    "setup_hide": ({}, "POST", ADMINS),
    "security_detail": ({}, "GET", ADMINS),
    "security_txt": ({}, "GET", PUBLIC),
    "operation_detail": (PK, "GET", EVERYBODY),
    "operation_status": (PK, "GET", EVERYBODY),
    "operation_receipt": (PK, "POST", EVERYBODY),
    "operation_close": (PK, "GET POST", MANAGERS),
    "operation_attention": ({}, "GET", EVERYBODY),
    "server_follow": (SERVER, "POST", SEERS),
    "notification_list": ({}, "GET", EVERYBODY),
    "notification_bell": ({}, "GET", PUBLIC),
    "notification_read": ({}, "POST", EVERYBODY),
    "notification_rules": ({}, "GET POST", EVERYBODY),
    "target_list": ({}, "GET", ADMINS),
    "target_add": ({}, "GET POST", ADMINS),
    "target_detail": (PK, "GET POST", ADMINS),
    "target_test": (PK, "POST", ADMINS),
    "target_remove": (PK, "GET POST", ADMINS),
    "delivery_retry": (PK, "POST", ADMINS),
    "find_page": ({}, "GET", EVERYBODY),
    "help_page": ({}, "GET", EVERYBODY),
    "api_reference": ({}, "GET", EVERYBODY),
    "token_list": ({}, "GET", SEERS),
    "token_add": ({}, "GET POST", SEERS),
    "token_replace": (TOKEN, "GET POST", SEERS),
    "token_remove": (TOKEN, "GET POST", SEERS),
    "token_limits": (TOKEN, "GET POST", SEERS),
    "token_check": (TOKEN, "POST", SEERS),
    "entry_list": ({}, "GET", LOG_READERS),
    "entry_detail": ({"sequence": 4242}, "GET", LOG_READERS),
    "entry_receipt": ({"sequence": 4242}, "POST", AUDITORS),
    "log_activity": ({}, "GET", LOG_READERS),
    "log_view_list": ({}, "GET", LOG_READERS),
    "log_view_add": ({}, "GET POST", LOG_READERS),
    "log_view_edit": ({"pk": 4242}, "GET POST", LOG_READERS),
    "log_view_delete": ({"pk": 4242}, "GET POST", LOG_READERS),
    "log_report": ({}, "GET", LOG_READERS),
    "entry_export": ({}, "GET POST", AUDITORS),
    "review_list": ({}, "GET", LOG_READERS),
    "review_entries": ({}, "GET", LOG_READERS),
    "review_fine": ({}, "POST", LOG_READERS),
    "review_mark": ({"sequence": 4242}, "GET POST", LOG_READERS),
    "review_sign": ({}, "GET POST", LOG_READERS),
    "review_detail": ({"pk": 4242}, "GET", LOG_READERS),
    "question_list": ({}, "GET", EVERYBODY),
    "question_detail": ({"pk": 4242}, "GET POST", EVERYBODY),
    "checkpoint_detail": ({}, "GET HEAD", PUBLIC),
    "tile_detail": ({"level": "0", "index": "000"}, "GET HEAD", PUBLIC),
    "partial_tile_detail": ({"level": "0", "index": "000", "width": "1"}, "GET HEAD", PUBLIC),
    "archive_list": ({}, "GET", LOG_READERS),
    "archive_detail": ({"first": 1}, "GET", LOG_READERS),
    "hold_list": ({}, "GET", LOG_READERS),
    "hold_place": ({}, "GET POST", ADMINS),
    "hold_lift": ({"row": 4242}, "GET POST", ADMINS),
    "sign_in": ({}, "GET POST", PUBLIC),
    "sso_start": ({}, "GET POST", PUBLIC),
    "sso_return": ({}, "GET", PUBLIC),
    "sso_confirm": ({}, "POST", EVERYBODY),
    "sso_confirmed": ({"held_id": "nosuch"}, "GET", EVERYBODY),
    "identity_unlink": ({"pk": 4242}, "POST", ADMINS),
    "sign_out": ({}, "POST", EVERYBODY),
    "temporary_role_list": ({}, "GET", SEERS),
    "temporary_role_add": ({}, "GET POST", SEERS),
    "temporary_role_detail": (PK, "GET POST", SEERS),
    "account_detail": ({}, "GET POST", EVERYBODY),
    "look_edit": ({}, "GET POST", EVERYBODY),
    "server_layout_choose": ({}, "POST", SEERS),
    "language_choose": ({}, "POST", PUBLIC),
    "second_factor": ({}, "GET HEAD POST", PUBLIC),
    "passkey_options": ({}, "GET", PUBLIC),
    "factor_list": ({}, "GET", EVERYBODY),
    "factor_confirm": ({}, "GET POST", EVERYBODY),
    "authenticator_set_up": ({}, "GET POST", EVERYBODY),
    "authenticator_remove": ({}, "GET POST", EVERYBODY),
    "passkey_add": ({}, "GET POST", EVERYBODY),
    "passkey_remove": (PK, "GET POST", EVERYBODY),
    "recovery_codes": ({}, "GET POST", EVERYBODY),
    "person_factors_reset": ({"pk": 4242}, "GET POST", ADMINS),
    "session_list": ({}, "GET", EVERYBODY),
    "session_end": ({}, "POST", EVERYBODY),
    "person_sessions_end": ({"pk": 4242}, "POST", ADMINS),
    "invitation_accept": ({"key": "nosuchkey"}, "GET POST", PUBLIC),
    "person_list": ({}, "GET", ADMINS),
    "person_add": ({}, "GET POST", ADMINS),
    "person_edit": ({"pk": 4242}, "GET POST", ADMINS),
    "team_list": ({}, "GET", ADMINS),
    "team_add": ({}, "GET POST", ADMINS),
    "team_edit": ({"pk": 4242}, "GET POST", ADMINS),
    "team_member": ({"pk": 4242}, "POST", ADMINS),
    "team_remove": ({"pk": 4242}, "GET POST", ADMINS),
    "person_access": ({"pk": 4242}, "GET", ADMINS),
    "server_people": (SERVER, "GET", ADMINS),
    "person_erase": ({"pk": 4242}, "GET POST", ADMINS),
    "service_account_add": ({}, "GET POST", ADMINS),
    "service_account_keeper": ({"pk": 4242}, "POST", ADMINS),
    "api_key_list": ({}, "GET", EVERYBODY),
    "api_key_add": ({}, "GET POST", EVERYBODY),
    "api_key_revoke": ({"key_id": "nosuchkey2"}, "GET POST", EVERYBODY),
    "person_token_add": ({"pk": 4242}, "GET POST", ADMINS),
    "api_openapi": ({}, "GET HEAD", PUBLIC),
    "livez": ({}, "GET HEAD", PUBLIC),
    "readyz": ({}, "GET HEAD", PUBLIC),
}


def patterns(resolver: URLResolver) -> list[URLPattern]:
    found: list[URLPattern] = []
    for entry in resolver.url_patterns:
        found += patterns(entry) if isinstance(entry, URLResolver) else [entry]
    return found


def all_patterns() -> list[URLPattern]:
    """Of pages: the API, which no session opens, has a matrix of its own (tests/api/test_access_matrix.py)."""
    return [one for one in patterns(get_resolver()) if getattr(one.callback, "access", "") != "api_key"]


def test_every_url_has_a_row_in_the_matrix_and_every_row_a_url():
    assert sorted(str(entry.name) for entry in all_patterns()) == sorted(MATRIX)


def test_every_view_declares_its_permission():
    for entry in all_patterns():
        methods = {*MATRIX[str(entry.name)][1].split()} - {"HEAD"}
        assert getattr(entry.callback, "access", None), f"{entry.name} may be opened by anybody"
        assert set(entry.callback.methods) - {"HEAD"} == methods, entry.name


def parameters() -> list[Any]:
    """`readyz` writes on its own connection, which the transaction of an ordinary test would block."""
    committing = pytest.mark.django_db(transaction=True)
    return [pytest.param(name, marks=[committing] if name == "readyz" else []) for name in sorted(MATRIX)]


def browsers_of(cast) -> dict[str, Client]:
    """One for each role and one of nobody, which share the portal's middleware: each would load it anew."""
    stranger = Client()
    browsers = {person.role: signed_in_client(person) for person in vars(cast).values()}
    for browser in browsers.values():
        browser.handler = stranger.handler
    return {**browsers, NOBODY_AT_ALL: stranger}


def check_access(name: str, method: str, role: str, status: int, told: str, *, is_page: bool) -> None:
    arguments, methods, who = MATRIX[name]
    has_page = bool(resolve(reverse(name, kwargs=arguments)).func.page)
    if role not in who and role == NOBODY_AT_ALL:
        assert status == 302, told
    elif method == "GET" and has_page:
        assert status == 302, told  # to the page with the form, which has a row of its own
    elif method not in methods.split():
        assert status == 405, told
    elif name == FRONT_PAGE and role not in who and is_page:
        assert status == 302, told
    elif role not in who:
        assert status == 403, told
    else:
        assert status in {200, 302, 303, 400, 404, 409, 410, 422}, told


@pytest.mark.parametrize("name", parameters())
def test_each_role_may_do_exactly_what_the_matrix_says_and_every_answer_has_its_headers(name, cast):
    arguments, methods, who = MATRIX[name]
    url = reverse(name, kwargs=arguments)
    for role, browser in browsers_of(cast).items():
        for method, headers in requests_of(role, who, methods, sorted(MATRIX).index(name)):
            answer = browser.generic(method, url, headers=headers)
            told = f"{method} {name} as {role} {headers}: {answer.status_code}"
            status = 302 if "HX-Redirect" in answer else answer.status_code
            check_access(name, method, role, status, told, is_page=not headers)
            check_headers(answer, told)
            if "text/html" in answer.get("Content-Type", ""):
                check_page(answer, told)
            if role == NOBODY_AT_ALL and name != "passkey_options":  # whose challenge is kept in a session
                assert settings.SESSION_COOKIE_NAME not in answer.cookies, told


@pytest.mark.django_db
def test_a_refusal_is_recorded_in_the_log(cast, signed_in):
    from snapshots.audit.models import Entry

    url = reverse("person_list")
    assert signed_in(cast.vera).get(url, {"secret": "query"}).status_code == 403
    entry = Entry.objects.latest("sequence")
    assert (entry.action, entry.result, entry.actor_name, entry.target) == (
        "access.refuse",
        "refused",
        "Vera",
        url,
    )


@pytest.mark.django_db
def test_a_form_without_its_csrf_token_is_refused(cast):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.ada)
    for name, (arguments, methods, _who) in MATRIX.items():
        if "POST" in methods:
            assert client.post(reverse(name, kwargs=arguments)).status_code == 403, name
