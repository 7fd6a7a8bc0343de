"""Sign-in, sign-out, rate limit and passwords."""

import re

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from snapportal.accounts.session_models import PersonSession as Session
from snapshots.audit.models import Entry
from tests.conftest import PASSWORD

SIGN_IN = "/sign-in/"


def try_in(
    client: Client, username: str = "vera", password: str = PASSWORD, *, address: str = "127.0.0.1", **more
):
    return client.post(SIGN_IN, {"username": username, "password": password, **more}, REMOTE_ADDR=address)


def rows(action: str) -> list[Entry]:
    return list(Entry.objects.filter(action=action).order_by("sequence"))


def test_the_right_password_opens_the_servers_page_and_is_recorded(cast, client):
    answer = try_in(client)
    assert (answer.status_code, answer["Location"]) == (302, reverse("server_list"))
    (row,) = rows("person.sign_in")
    assert (row.result, row.actor_id, row.actor_name, row.actor_role) == (
        "completed",
        cast.vera.pk,
        "Vera",
        "viewer",
    )
    assert row.address == "127.0.0.1"
    assert row.request_id == answer["X-Request-ID"]


def test_the_sign_in_name_is_case_insensitive(cast, client):
    assert try_in(client, "  Vera ").status_code == 302


def test_sign_in_leads_the_auditor_to_the_audit_log(cast, client):
    assert try_in(client, "aron", next="/")["Location"] == reverse("entry_list")
    assert f'class="brand" href="{reverse("entry_list")}"' in client.get("/account/").content.decode()


@pytest.mark.parametrize("username", ["vera", "nobody-here"])
def test_a_failed_sign_in_has_the_same_message_for_known_and_unknown_names_and_is_recorded(
    cast, client, username
):
    answer = try_in(client, username, "wrong")
    assert answer.status_code == 200
    assert "Sign-in failed" in answer.content.decode()
    assert "wrong" not in re.sub(r"password is wrong", "", answer.content.decode())
    (row,) = rows("person.sign_in")
    assert (row.result, row.actor_id) == ("refused", None)


def test_a_deactivated_person_cannot_sign_in(cast, client):
    cast.vera.is_active = False
    cast.vera.save()
    assert "Sign-in failed" in try_in(client).content.decode()


def test_no_session_is_written_before_sign_in(cast, client):
    client.get(SIGN_IN)
    try_in(client, password="wrong")
    client.get("/")
    assert Session.objects.count() == 0
    assert "__Host-session" not in client.cookies


def test_the_session_gets_a_new_key_at_sign_in(cast, signed_in):
    client = signed_in(cast.vera)
    before = client.session.session_key
    client.post("/sign-out/")
    try_in(client)
    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


def test_sign_in_leads_to_the_requested_page(cast, client):
    asked = client.get("/tokens/")
    assert asked["Location"] == "/sign-in/?next=/tokens/"
    assert 'name="next" value="/tokens/"' in client.get(asked["Location"]).content.decode()
    assert try_in(client, next="/tokens/")["Location"] == "/tokens/"


@pytest.mark.parametrize(
    "next_url",
    [
        "https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "http:///evil.example",
        "\t//evil.example", "https:evil.example",
    ],
)  # fmt: skip
def test_sign_in_never_leads_to_another_site(cast, client, next_url):
    assert try_in(client, next=next_url)["Location"] == "/"


def test_signing_out_ends_the_session_and_is_recorded(cast, signed_in):
    client = signed_in(cast.vera)
    assert client.post("/sign-out/")["Location"] == SIGN_IN
    assert Session.objects.count() == 0
    assert [row.actor_name for row in rows("person.sign_out")] == ["Vera"]


def test_a_link_cannot_sign_anybody_out(cast, signed_in):
    client = signed_in(cast.vera)
    assert client.get("/sign-out/").status_code == 302
    assert client.get("/account/").status_code == 200


def test_a_form_of_another_site_cannot_sign_anybody_in(cast):
    answer = try_in(Client(enforce_csrf_checks=True))
    assert answer.status_code == 403


def test_after_ten_failures_sign_in_is_blocked_and_the_page_says_how_long(cast, client):
    with time_machine.travel("2026-11-24T12:00:00Z", tick=False):
        for _ in range(10):
            assert try_in(client, password="wrong").status_code == 200
        answer = try_in(client)
    assert answer.status_code == 429
    assert answer["Retry-After"] == "900"
    assert "15 minutes" in answer.content.decode()
    assert [row.code for row in rows("person.sign_in")] == ["wrong_password"] * 9 + ["braked", "held_back"]


def test_only_the_first_attempt_during_a_block_is_recorded(cast, client):
    with time_machine.travel("2026-11-24T12:00:00Z", tick=False):
        for _ in range(20):
            try_in(client, password="wrong")
    with time_machine.travel("2026-11-24T12:16:00Z", tick=False):
        for _ in range(20):
            try_in(client, password="wrong")
    (once, again) = [row for row in rows("person.sign_in") if row.code == "held_back"]
    assert (once.result, once.full_target, once.address) == ("refused", "vera", "127.0.0.1")
    assert once.at < again.at


def test_a_blocked_address_cannot_fill_the_log_with_other_names(cast, client):
    for number in range(50):
        try_in(client, f"name-{number}", "wrong", address="203.0.113.9")
    assert [row.code for row in rows("person.sign_in")][29:] == ["braked", "held_back"]


def test_a_block_ends_after_fifteen_minutes(cast, client):
    with time_machine.travel("2026-11-24T12:00:00Z", tick=False):
        for _ in range(10):
            try_in(client, password="wrong")
    with time_machine.travel("2026-11-24T12:14:00Z", tick=False):
        assert try_in(client).status_code == 429
    with time_machine.travel("2026-11-24T12:15:01Z", tick=False):
        assert try_in(client).status_code == 302


def test_guesses_from_one_address_do_not_block_the_person_at_another(cast, client):
    for _ in range(10):
        try_in(client, password="wrong", address="203.0.113.9")
    assert try_in(client, address="203.0.113.9").status_code == 429
    assert try_in(client, address="198.51.100.4").status_code == 302


def test_one_address_cannot_try_many_names(cast, client):
    for number in range(30):
        try_in(client, f"name-{number}", "wrong", address="203.0.113.9")
    assert try_in(client, address="203.0.113.9").status_code == 429


def test_a_successful_sign_in_clears_the_persons_failures(cast, client):
    for _ in range(9):
        try_in(client, password="wrong")
    try_in(client)
    client.post("/sign-out/")
    for _ in range(9):
        assert try_in(client, password="wrong").status_code == 200


def test_sign_in_fails_if_its_audit_row_cannot_be_written(cast, client, settings):
    settings.SNAPPORTAL_AUDIT_KEYS = {}
    answer = try_in(client)
    assert answer.status_code == 503
    assert Session.objects.count() == 0
    assert client.get("/account/").status_code == 302


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(cast, signed_in):
    here, elsewhere = signed_in(cast.vera), signed_in(cast.vera)
    new = "another horse, a battery"
    answer = here.post(
        "/account/", {"old_password": PASSWORD, "new_password1": new, "new_password2": new}, follow=True
    )
    assert "Your password is changed" in answer.content.decode()
    assert here.get("/account/").status_code == 200
    assert elsewhere.get("/account/").status_code == 302
    assert [row.full_target for row in rows("person.set_password")] == ["vera"]
    cast.vera.refresh_from_db()
    assert cast.vera.check_password(new)


def test_changing_a_password_requires_the_old_one(cast, signed_in):
    new = "another horse, a battery"
    client = signed_in(cast.vera)
    for _ in range(10):
        answer = client.post(
            "/account/", {"old_password": "guess", "new_password1": new, "new_password2": new}
        )
        assert answer.status_code == 200
    assert client.post("/account/", {"old_password": PASSWORD}).status_code == 429
    cast.vera.refresh_from_db()
    assert cast.vera.check_password(PASSWORD)
    told = rows("person.set_password")
    assert [row.code for row in told] == ["wrong_password"] * 9 + ["braked", "held_back"]
    assert {(row.result, row.actor_name, row.full_target) for row in told} == {("refused", "Vera", "vera")}


def test_a_password_guess_that_cannot_be_recorded_gets_no_answer(cast, signed_in, settings):
    client = signed_in(cast.vera)
    settings.SNAPPORTAL_AUDIT_KEYS = {}
    assert client.post("/account/", {"old_password": "guess"}).status_code == 503


def test_a_weak_password_is_refused(cast, signed_in):
    data = {"old_password": PASSWORD, "new_password1": "vera12", "new_password2": "vera12"}
    signed_in(cast.vera).post("/account/", data)
    cast.vera.refresh_from_db()
    assert cast.vera.check_password(PASSWORD)


def test_the_account_page_explains_the_role(cast, signed_in):
    page = signed_in(cast.aron).get("/account/").content.decode()
    assert "Reads, reviews and exports the audit log" in page
