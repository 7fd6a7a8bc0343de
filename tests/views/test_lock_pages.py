"""The page about a server's lock, and what other pages say of it."""

import pytest
from django.urls import reverse

from snapshots.operations import server_locks
from snapshots.operations.guarded_models import ServerLock
from snapshots.operations.models import Operation
from tests.support.desk import Desk, make_desk
from tests.support.pages import hidden, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def view(desk):
    return desk.server()


def url_of(desk: Desk, view) -> str:
    return reverse("server_lock", args=[desk.token.pk, view.server_id])


def test_a_date_that_no_calendar_reaches_is_an_error_of_the_form(cast, desk, view, signed_in):
    answer = signed_in(cast.mia).post(
        url_of(desk, view), {"step": "place", "reason": "month's end", "until": "9999-12-31"}
    )
    assert answer.status_code == 422
    assert "at most ten years ahead" in text_of(answer)


def test_a_lock_is_placed_asked_to_be_lifted_and_lifted_by_two_people(cast, desk, view, sandbox, signed_in):
    mia, ada = signed_in(cast.mia), signed_in(cast.ada)
    of_ada = make_desk(cast.ada, sandbox.token)
    answer = mia.post(
        url_of(desk, view), {"step": "place", "reason": "month's end", "until": "", "covers_deletes": "on"}
    )
    assert answer.status_code == 302
    assert "You asked for it" not in text_of(mia.get(url_of(desk, view)))
    mia.post(url_of(desk, view), {"step": "ask", "reason": "it is over"})
    page = mia.get(url_of(desk, view))
    assert "You asked for it" in text_of(page)
    assert "Agree" not in text_of(page)
    assert mia.post(url_of(desk, view), {"step": "agree"}).status_code == 409
    assert "Agree: lift it now" in text_of(ada.get(url_of(of_ada, view)))
    ada.post(url_of(of_ada, view), {"step": "agree"})
    assert not ServerLock.objects.exists()


def test_keeping_it_calls_the_lifting_back(cast, desk, view, signed_in):
    mia = signed_in(cast.mia)
    mia.post(url_of(desk, view), {"step": "place", "reason": "r"})
    mia.post(url_of(desk, view), {"step": "ask", "reason": "r"})
    mia.post(url_of(desk, view), {"step": "keep"})
    assert ServerLock.objects.get().lift_due_at is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"reason": "\u200b"}, "Enter a reason"),
        ({"reason": "r", "until": "tomorrow"}, "Enter a date such as"),
        ({"reason": "r", "until": "2020-01-01"}, "Enter a later day"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_locked(cast, desk, view, signed_in, fields, words):
    answer = signed_in(cast.mia).post(url_of(desk, view), {"step": "place", **fields})
    assert answer.status_code in {409, 422}
    assert words in text_of(answer)
    assert not ServerLock.objects.exists()


def test_a_step_that_does_not_exist_does_nothing(cast, desk, view, signed_in):
    assert signed_in(cast.mia).post(url_of(desk, view), {"step": "lift"}).status_code == 200
    assert not ServerLock.objects.exists()


@pytest.mark.parametrize(("covers_deletes", "asks_to_delete"), [(False, True), (True, False)])
def test_confirmation_pages_say_it_instead_of_asking(
    cast, desk, view, signed_in, covers_deletes, asks_to_delete
):
    server_locks.place(
        actor=desk.actor,
        server_id=view.server_id,
        server_name=view.name,
        reason="month's end",
        covers_deletes=covers_deletes,
    )
    mia = signed_in(cast.mia)
    snapshot = desk.snapshot(view)
    for name, asks in (("snapshot_restore", False), ("snapshot_delete", asks_to_delete)):
        page = mia.get(reverse(name, args=[desk.token.pk, snapshot.id]))
        assert ("month's end" in text_of(page)) is not asks
        assert ('name="confirmation"' in page.content.decode()) is asks


def test_a_form_that_was_open_before_is_refused_in_words(cast, desk, view, signed_in):
    mia = signed_in(cast.mia)
    snapshot = desk.snapshot(view)
    url = reverse("snapshot_restore", args=[desk.token.pk, snapshot.id])
    confirmation = hidden(mia.get(url), "confirmation")
    server_locks.place(actor=desk.actor, server_id=view.server_id, server_name=view.name, reason="r")
    fields = {"confirmation": confirmation, "typed_name": view.name, "reason": "r"}
    answer = mia.post(url, fields)
    assert answer.status_code == 409
    assert "This server is locked" in text_of(answer)
    assert not Operation.objects.exists()


def test_the_servers_page_shows_the_lock_to_everybody_and_leads_to_it_whoever_may_lift(
    cast, desk, view, sandbox, signed_in
):
    server_locks.place(actor=desk.actor, server_id=view.server_id, server_name=view.name, reason="why")
    of_vera = make_desk(cast.vera, sandbox.token)
    page = signed_in(cast.vera).get(reverse("server_detail", args=[of_vera.token.pk, view.server_id]))
    assert "This server is locked" in text_of(page)
    assert "/lock/" not in page.content.decode()
    page = signed_in(cast.mia).get(reverse("server_detail", args=[desk.token.pk, view.server_id]))
    assert url_of(desk, view) in page.content.decode()
