"""The log is one JSON object per line, whatever people, browsers and the provider send; each line has its request ID."""

import json
import logging

import pytest
import structlog
from django.test import Client

from snapshots.audit.models import Entry
from tests.support import hostile

FORGED = (
    '\r\n{"event": "forged", "level": "critical"}\n\x1b[2K\x1b[1;31mforged\x1b[0m\x85\u2028\u2029\x0b\x0c\x1c'
)

IN_HEADER = FORGED.encode().decode("latin-1")


@pytest.fixture
def lines():
    """A function that returns the log so far; a line that is not JSON fails the test."""
    with hostile.log_lines() as raw:

        def read() -> list[dict[str, object]]:
            told = raw()
            assert all(line.isprintable() and line.isascii() for line in told)
            objects = [json.loads(line) for line in told]
            assert all(one["event"] != "forged" for one in objects)
            return objects

        yield read


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": IN_HEADER},
        {"Referer": IN_HEADER},
        {"Accept-Language": IN_HEADER},
        {"X-Forwarded-For": IN_HEADER},
        {"X-Request-ID": IN_HEADER},
        {"Cookie": f"__Host-session={IN_HEADER}"},
        {"HX-Request": "true", "HX-Current-URL": IN_HEADER},
        {"Host": IN_HEADER},
        {"Origin": IN_HEADER},
    ],
    ids=lambda headers: list(headers)[-1],
)
def test_no_header_forges_a_line(db, lines, headers):
    Client().get("/", headers=headers)
    Client(enforce_csrf_checks=True).post("/sign-in/", {"username": "x"}, headers=headers)
    assert len(lines()) >= 2


@pytest.mark.django_db
def test_no_path_query_or_method_forges_a_line(lines):
    browser = Client()
    browser.get(f"/nothing/{FORGED}/")
    browser.get(f"/tokens/{FORGED}/check/")
    browser.get("/sign-in/", {"next": FORGED})
    browser.generic("FORGED\n{}", "/sign-in/")
    assert len(lines()) >= 4


def test_no_name_forges_a_line(cast, signed_in, lines):
    Client().post("/sign-in/", {"username": FORGED, "password": FORGED})
    ada = signed_in(cast.ada)
    ada.post("/people/add/", {"username": "nadia", "name": FORGED, "role": "viewer"})
    ada.post("/tokens/add/", {"label": FORGED, "token": "t" * 20})
    ada.get("/audit/", {"text": FORGED})
    assert len(lines()) >= 4
    for entry in Entry.objects.all():
        assert not {"\r", "\x1b", "\x85", "\x0b"} & set(f"{entry.target}{entry.token_label}{entry.evidence}")


def test_an_error_with_its_traceback_is_one_line(lines):
    try:
        int(FORGED)
    except ValueError:
        structlog.get_logger("hostile").exception("went wrong", name=FORGED)
        logging.getLogger("django.request").exception("Internal Server Error: %s", FORGED)
    first, second = lines()
    assert "ValueError" in str(first["exception"])
    assert "ValueError" in str(second["exception"])
    assert first["name"] == FORGED


def test_a_line_contains_its_time_level_logger_and_request(db, lines):
    answer = Client().get("/nothing/")
    told = lines()
    assert {line["request_id"] for line in told} == {answer["X-Request-ID"]}
    assert all({"timestamp", "level", "logger", "event"} <= set(line) for line in told)
    (summary,) = [line for line in told if line["event"] == "request"]
    assert (summary["method"], summary["status"], summary["address"]) == ("GET", 404, "127.0.0.1")


def test_a_request_id_is_in_the_response_the_log_and_the_audit_row(cast, signed_in, lines):
    answer = signed_in(cast.vera).get("/people/")
    assert Entry.objects.latest("sequence").request_id == answer["X-Request-ID"]
    assert {line["request_id"] for line in lines()} == {answer["X-Request-ID"]}


def test_a_requests_id_is_not_logged_for_the_next_request(db, lines):
    first, second = Client().get("/livez"), Client().get("/livez")
    assert [line["request_id"] for line in lines()] == [first["X-Request-ID"], second["X-Request-ID"]]
    assert first["X-Request-ID"] != second["X-Request-ID"]
