"""Only defects of the portal are logged with a traceback; other failures are one line without one."""

import json

import pytest
from django.db import OperationalError, ProgrammingError, connection
from django.http import HttpRequest
from django.test import Client
from django.urls import path

from snapportal.urls import urlpatterns as real_patterns
from snapshots.audit.journal import JournalUnavailableError
from tests.support import hostile

Line = dict[str, object]


def fail(request: HttpRequest) -> None:
    raise RuntimeError("a defect")


def lose_database(request: HttpRequest) -> None:
    raise OperationalError("database or disk is full")


def use_wrong_sql(request: HttpRequest) -> None:
    raise ProgrammingError("column audit_entry.colour does not exist")


def lose_journal_by_wrong_sql(request: HttpRequest) -> None:
    try:
        use_wrong_sql(request)
    except ProgrammingError as error:
        raise JournalUnavailableError(str(error)) from error


urlpatterns = [
    *real_patterns,
    path("defect/", fail),
    path("no-database/", lose_database),
    path("wrong-sql/", use_wrong_sql),
    path("wrong-sql-of-the-journal/", lose_journal_by_wrong_sql),
]
handler400 = "snapshots.views.errors.bad_request"
handler403 = "snapshots.views.errors.permission_denied"
handler404 = "snapshots.views.errors.not_found"
handler500 = "snapshots.views.errors.server_error"

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.site.test_log_tracebacks")]


@pytest.fixture
def lines():
    """A function that returns the log so far, without the line of each request."""
    with hostile.log_lines() as raw:
        yield lambda: [line for line in map(json.loads, raw()) if line["event"] != "request"]


def shows_traceback(line: Line) -> bool:
    return "exception" in line or "Traceback" in json.dumps(line)


REFUSED = {
    "the role": (403, "/people/", {}),
    "no such page": (404, "/nothing/", {}),
    "no such object": (404, "/people/4711/", {"user": "ada"}),
    "the method": (405, "/help/", {"user": "mia", "data": {}}),
    "a NUL": (400, "/help/?q=%00", {}),
    "the host": (400, "/sign-in/", {"headers": {"Host": "evil.example"}}),
    "too large a form": (413, "/sign-in/", {"user": "", "data": {"username": "x" * 3_000_000}}),
    "too many fields": (413, "/sign-in/", {"user": "", "data": dict.fromkeys(map(str, range(1001)), "")}),
    "a broken upload": (400, "/sign-in/", {"user": "", "data": "x", "content_type": "multipart/form-data"}),
    "no CSRF token": (403, "/sign-in/", {"data": {"username": "x"}, "checks": True}),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_refused_request_is_one_line_of_level_warning_at_most(cast, lines, what):
    status, url, how = REFUSED[what]
    browser = Client(enforce_csrf_checks=how.get("checks", False))
    if person := getattr(cast, how.get("user", "vera"), None):
        browser.force_login(person)
    extra = {name: how[name] for name in ("headers", "content_type") if name in how}
    answer = browser.post(url, how["data"], **extra) if "data" in how else browser.get(url, **extra)
    assert answer.status_code == status
    (line,) = lines()
    assert line["level"] == "warning"
    assert not shows_traceback(line)


def test_the_line_of_a_refusal_names_the_page_and_the_missing_permission(cast, signed_in, lines):
    signed_in(cast.vera).get("/people/")
    (line,) = lines()
    assert line["event"] == "Forbidden (Permission denied): /people/"
    assert line["error"] == "PermissionDenied: people.manage"


def test_an_unavailable_database_is_logged_without_a_traceback(client, lines):
    assert client.get("/no-database/").status_code == 503
    (line,) = lines()
    assert (line["level"], line["event"]) == ("error", "Service Unavailable: /no-database/")
    assert line["error"] == "OperationalError: database or disk is full"
    assert not shows_traceback(line)


def test_a_database_that_fails_before_the_view_is_logged_without_a_traceback(cast, signed_in, lines):
    browser = signed_in(cast.vera)

    def lose(execute, sql, params, many, context):
        raise OperationalError("disk I/O error")

    browser.raise_request_exception = False
    with connection.execute_wrapper(lose):
        assert browser.get("/").status_code == 503
    (line,) = lines()
    assert line["error"] == "OperationalError: disk I/O error"
    assert not shows_traceback(line)


def test_a_missing_audit_key_is_logged_without_a_traceback(settings, client, lines):
    settings.SNAPPORTAL_AUDIT_KEYS = {}
    assert client.post("/sign-in/", {"username": "x", "password": "y"}).status_code == 503
    (line,) = lines()
    assert line["error"] == "JournalUnavailableError: no key to seal the log with"
    assert not shows_traceback(line)


def test_a_portal_that_is_not_ready_is_logged_without_a_traceback(client, monkeypatch, lines):
    monkeypatch.setitem(connection.settings_dict, "NAME", "/nowhere/portal")
    assert client.get("/readyz").status_code == 503
    assert lines()[0]["why"]
    assert not any(map(shows_traceback, lines()))


def test_a_token_that_cannot_be_decrypted_is_logged_without_a_traceback(settings, desk, signed_in, lines):
    settings.SNAPPORTAL_TOKEN_KEYS = {"other": bytes(range(32))}
    assert signed_in(desk.user).get("/").status_code == 200
    (line,) = [one for one in lines() if one["event"] == "token.does_not_open"]
    assert str(line["error"]).startswith("KeyMissingError: ")
    assert not shows_traceback(line)


@pytest.mark.parametrize(
    ("url", "status", "error"),
    [
        ("/defect/", 500, "RuntimeError: a defect"),
        ("/wrong-sql/", 503, "ProgrammingError: column"),
        ("/wrong-sql-of-the-journal/", 503, "ProgrammingError: column"),
    ],
)
def test_a_defect_keeps_its_traceback(lines, url, status, error):
    assert Client(raise_request_exception=False).get(url).status_code == status
    told = [line for line in lines() if shows_traceback(line)]
    assert [line["level"] for line in told] == ["error"]
    assert error in str(told[0]["exception"])
    assert str(told[0]["exception"]).startswith("Traceback")
