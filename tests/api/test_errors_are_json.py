"""What is refused before a view of the API is called, or fails in it, is JSON too."""

import pytest
from django.test import Client

from tests.support.api import script_of

pytestmark = pytest.mark.django_db


def code_of(answer):
    assert answer["Content-Type"] == "application/json"
    assert set(answer.json()) == {"detail", "code"}
    return answer.status_code, answer.json()["code"]


def test_a_nul_in_the_address(desk):
    assert code_of(script_of(desk).get("servers/?status=%00")) == (400, "invalid")


def test_a_line_break_in_the_path(desk):
    assert code_of(script_of(desk).get("servers/%0A/")) == (404, "not_found")


def test_a_foreign_host():
    answer = Client(raise_request_exception=False).get(
        "/api/v1/snapshots/", headers={"Host": "elsewhere.example"}
    )
    assert code_of(answer) == (400, "invalid")


def test_a_fault_of_the_portal(desk, settings):
    script = script_of(desk)
    settings.SNAPPORTAL_API_RATE_LIMIT = "not a number"
    assert code_of(script.get("snapshots/")) == (500, "internal_error")


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v2/snapshots/"])
def test_what_looks_like_an_api_but_is_none(path):
    assert code_of(Client().get(path)) == (404, "not_found")


def test_other_addresses_are_pages():
    answer = Client().get("/apis/")
    assert (answer.status_code, answer["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_a_parameter_given_twice(desk):
    assert code_of(script_of(desk).get("snapshots/?server_id=1&server_id=2")) == (400, "invalid")


@pytest.mark.parametrize("value", ["null", "Null", "none", ""])
def test_a_number_that_is_none(desk, value):
    """It must not be taken for no filter."""
    assert code_of(script_of(desk).get(f"snapshots/?server_id={value}")) == (400, "invalid")


def test_a_header_that_is_not_utf_8(desk):
    answer = script_of(desk).post("snapshots/", {"server_id": 1, "name": "x"}, X_Reason="caf\udce9")
    assert code_of(answer) == (400, "invalid")
    assert "UTF-8" in answer.json()["detail"]
