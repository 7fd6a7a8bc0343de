"""Who asks is checked again in the transaction of the intent: rights that end while the provider is read send nothing."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from snapportal.accounts import people
from snapportal.accounts.models import Role, User
from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.audit.models import Entry
from snapshots.inventory.reader import expire
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Operation, State
from snapshots.vault.models import StoredToken
from tests.operations.test_intent_first import ACTIONS, form_for, write_calls
from tests.support.desk import Desk

LOOK_SECONDS = 0.7
ADMIN = Actor(id=None, name="Ada", role="admin")


def change(**changes: object) -> Callable[[Desk], None]:
    def apply(desk: Desk) -> None:
        person = User.objects.get(pk=desk.user.pk)
        seen = person.details_key
        for name, value in changes.items():
            setattr(person, name, value)
        people.change(person, seen=seen, actor=ADMIN)

    return apply


def delete_person(desk: Desk) -> None:
    User.objects.filter(pk=desk.user.pk).delete()


def remove_token(desk: Desk) -> None:
    StoredToken.objects.filter(pk=desk.token.pk).delete()


ENDS = {
    "deactivated": (change(is_active=False), "not_allowed_any_more"),
    "demoted": (change(role=Role.VIEWER), "not_allowed_any_more"),
    "deleted": (delete_person, "not_allowed_any_more"),
    "without the token": (remove_token, "token_gone"),
}


@contextmanager
def during_the_look(http_sandbox, settings, act: Callable[[], object]) -> Iterator[list[object]]:
    """Run `act` in a thread whose reading of the provider's lists goes on until the block ends; what it returned."""
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = 20
    http_sandbox.clear()
    http_sandbox.misbehave("latency", seconds=LOOK_SECONDS, times=1, method="GET")
    results: list[object] = []

    def run() -> None:
        try:
            results.append(act())
        except OperationRefusedError as error:
            results.append(error.code)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    deadline = time.monotonic() + 10
    while not http_sandbox.calls:
        assert time.monotonic() < deadline, "the look did not begin"
        time.sleep(0.01)
    assert results == []
    yield results
    assert results == [], "the look ended before the block did"
    thread.join(30)


CASES = [
    *[(action, "deactivated") for action in ACTIONS],
    *[(Action.DELETE, end) for end in ENDS if end != "deactivated"],
]


@pytest.mark.parametrize(("action", "end"), CASES)
def test_a_right_that_ends_during_the_look_sends_nothing(far_desk, http_sandbox, settings, action, end):
    take_away, code = ENDS[end]
    view = far_desk.server()
    actor = far_desk.actor
    with during_the_look(http_sandbox, settings, lambda: far_desk.operate(action, view)) as results:
        take_away(far_desk)
    assert results == [code]
    assert write_calls(http_sandbox) == []
    assert not Operation.objects.exists()
    refusal = Entry.objects.get(result="refused", action=action)
    assert (refusal.code, refusal.actor_id, refusal.server_id) == (code, actor.id, view.server_id)


def test_a_deactivation_that_is_being_written_comes_first(far_desk, http_sandbox, settings):
    """It holds the log's lock, so the intent waits for its commit, and then reads what was committed."""
    view = far_desk.server()
    has_lock = threading.Event()

    def deactivate() -> None:
        with journal.committed():
            journal.record(ADMIN.entry(action="person.deactivate", target=far_desk.user.username))
            User.objects.filter(pk=far_desk.user.pk).update(is_active=False)
            has_lock.set()
            time.sleep(2 * LOOK_SECONDS)
        connections.close_all()

    writer = threading.Thread(target=deactivate)
    with during_the_look(http_sandbox, settings, lambda: far_desk.operate(Action.DELETE, view)) as results:
        writer.start()
        assert has_lock.wait(5)
    writer.join(10)
    assert results == ["not_allowed_any_more"]
    assert write_calls(http_sandbox) == []


def test_who_keeps_the_right_has_it_sent_though_the_account_changed(far_desk, http_sandbox, settings):
    view = far_desk.server()
    act = lambda: far_desk.operate(Action.DELETE, view).state  # noqa: E731
    with during_the_look(http_sandbox, settings, act) as results:
        change(role=Role.ADMIN, email="new@example.com")(far_desk)
    assert results == [State.ACCEPTED]
    assert len(write_calls(http_sandbox)) == 1


def test_the_page_answers_403_and_shows_nothing_of_the_server(far_desk, http_sandbox, settings):
    url, data = form_for(Action.RESTORE, far_desk)
    browser = Client()
    browser.force_login(far_desk.user)
    with during_the_look(http_sandbox, settings, lambda: browser.post(url, data)) as results:
        change(is_active=False)(far_desk)
    (answer,) = results
    assert answer.status_code == 403
    assert data["typed_name"] not in answer.content.decode()
    assert write_calls(http_sandbox) == []


def test_who_may_no_longer_override_does_not(far_desk, http_sandbox, settings):
    view = far_desk.server()
    far_desk.restore(view, far_desk.snapshot(view))
    act = lambda: far_desk.create(view, "all-the-same", override_reason="I know")  # noqa: E731
    with during_the_look(http_sandbox, settings, act) as results:
        change(role=Role.OPERATOR)(far_desk)
    assert results == ["not_allowed_any_more"]
    assert write_calls(http_sandbox) == []


@pytest.mark.parametrize("end", ["deactivated", "demoted", "without the token"])
def test_a_right_that_ends_during_the_look_closes_nothing(far_desk, http_sandbox, settings, cast, end):
    operation = far_desk.create(far_desk.server())
    Operation.objects.update(
        state=State.UNKNOWN, snapshot_id=None, snapshot_name="lost", actor_id=cast.ada.pk
    )
    url = reverse("operation_close", args=[operation.pk])
    browser = Client()
    browser.force_login(far_desk.user)
    expire(far_desk.token)
    post = lambda: browser.post(url, {"finding": "happened", "reason": "I looked"})  # noqa: E731
    with during_the_look(http_sandbox, settings, post) as results:
        ENDS[end][0](far_desk)
    assert results[0].status_code == 403
    operation.refresh_from_db()
    assert operation.state == State.UNKNOWN
    assert Entry.objects.filter(action="access.refuse", code="snapshots.restore", result="refused").exists()
