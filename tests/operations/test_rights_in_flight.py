"""Rights are checked again in the intent's transaction: if they are revoked while the lists are read, nothing is sent."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from snapportal.accounts import people, teams
from snapportal.accounts.models import Role, User
from snapportal.accounts.team_models import Team
from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.audit.models import Entry
from snapshots.inventory.reader import expire
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Operation, State
from snapshots.vault.limiting import set_limits
from snapshots.vault.limits import Limits
from snapshots.vault.models import StoredToken
from tests.operations.test_intent_first import ACTIONS, form_for, write_calls
from tests.support.desk import Desk
from tests.support.pages import text_of
from tests.support.teams import make_team

READ_SECONDS = 0.7
RIGHTS_CHANGED = "Your rights changed while this was being checked"
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


def limit_rights(desk: Desk) -> None:
    stored = StoredToken.objects.get(pk=desk.token.pk)
    set_limits(actor=desk.actor, stored=stored, limits=Limits(rights=("snapshots.create",)))


def limit_servers(desk: Desk) -> None:
    stored = StoredToken.objects.get(pk=desk.token.pk)
    set_limits(actor=desk.actor, stored=stored, limits=Limits(servers={999_999: "another one"}))


def leave_team(desk: Desk) -> None:
    team = Team.objects.get()
    teams.set_member(team, desk.user, is_member=False, actor=ADMIN)


REVOCATIONS = {
    "deactivated": (change(is_active=False), "not_allowed_any_more"),
    "demoted": (change(role=Role.VIEWER), "not_allowed_any_more"),
    "deleted": (delete_person, "not_allowed_any_more"),
    "without the token": (remove_token, "token_gone"),
    "with fewer rights": (limit_rights, "token_limited"),
    "with other servers": (limit_servers, "token_limited"),
}


@contextmanager
def while_the_lists_are_read(http_sandbox, settings, act: Callable[[], object]) -> Iterator[list[object]]:
    """Run `act` in a thread whose reading of the lists lasts until the block ends. Yields the list that gets its result."""
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = 20
    http_sandbox.clear()
    http_sandbox.misbehave("latency", seconds=READ_SECONDS, times=1, method="GET")
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
        assert time.monotonic() < deadline, "the reading did not start"
        time.sleep(0.01)
    assert results == []
    yield results
    assert results == [], "the reading ended before the block did"
    thread.join(30)


CASES = [
    *[(action, "deactivated") for action in ACTIONS],
    *[(Action.DELETE, revocation) for revocation in REVOCATIONS if revocation != "deactivated"],
]


@pytest.mark.parametrize(("action", "revocation"), CASES)
def test_a_right_revoked_while_the_lists_are_read_sends_nothing(
    far_desk, http_sandbox, settings, action, revocation
):
    revoke, code = REVOCATIONS[revocation]
    view = far_desk.server()
    actor = far_desk.actor
    with while_the_lists_are_read(http_sandbox, settings, lambda: far_desk.operate(action, view)) as results:
        revoke(far_desk)
    assert results == [code]
    assert write_calls(http_sandbox) == []
    assert not Operation.objects.exists()
    refusal = Entry.objects.get(result="refused", action=action)
    assert (refusal.code, refusal.actor_id, refusal.server_id) == (code, actor.id, view.server_id)


def test_leaving_a_team_while_the_lists_are_read_sends_nothing(far_desk, http_sandbox, settings):
    view = far_desk.server()
    far_desk.user.role = Role.VIEWER
    far_desk.user.save()
    team = make_team(servers=[view.server_id], members=[far_desk.user])
    with while_the_lists_are_read(
        http_sandbox, settings, lambda: far_desk.operate(Action.DELETE, view)
    ) as results:
        leave_team(far_desk)
    assert team.members.count() == 0
    assert results == ["not_allowed_any_more"]
    assert write_calls(http_sandbox) == []


def test_a_deactivation_that_holds_the_logs_lock_takes_effect_first(far_desk, http_sandbox, settings):
    """The intent waits for the commit of the deactivation, and then reads the committed state."""
    view = far_desk.server()
    has_lock = threading.Event()

    def deactivate() -> None:
        with journal.committed():
            journal.record(ADMIN.entry(action="person.deactivate", target=far_desk.user.username))
            User.objects.filter(pk=far_desk.user.pk).update(is_active=False)
            has_lock.set()
            time.sleep(2 * READ_SECONDS)
        connections.close_all()

    writer = threading.Thread(target=deactivate)
    with while_the_lists_are_read(
        http_sandbox, settings, lambda: far_desk.operate(Action.DELETE, view)
    ) as results:
        writer.start()
        assert has_lock.wait(5)
    writer.join(10)
    assert results == ["not_allowed_any_more"]
    assert write_calls(http_sandbox) == []


def test_a_person_who_keeps_the_right_despite_account_changes_has_the_operation_sent(
    far_desk, http_sandbox, settings
):
    view = far_desk.server()
    act = lambda: far_desk.operate(Action.DELETE, view).state  # noqa: E731
    with while_the_lists_are_read(http_sandbox, settings, act) as results:
        change(role=Role.ADMIN, email="new@example.com")(far_desk)
    assert results == [State.ACCEPTED]
    assert len(write_calls(http_sandbox)) == 1


@pytest.mark.parametrize("revocation", ["deactivated", "demoted"])
def test_the_page_says_that_rights_changed_and_shows_no_data_of_the_server(
    far_desk, http_sandbox, settings, revocation
):
    url, data = form_for(Action.RESTORE, far_desk)
    browser = Client()
    browser.force_login(far_desk.user)
    with while_the_lists_are_read(http_sandbox, settings, lambda: browser.post(url, data)) as results:
        REVOCATIONS[revocation][0](far_desk)
    (answer,) = results
    assert answer.status_code == 403
    assert RIGHTS_CHANGED in text_of(answer)
    assert "Nothing was sent" in text_of(answer)
    assert "Your role does not allow this" not in text_of(answer)
    assert data["typed_name"] not in answer.content.decode()
    assert write_calls(http_sandbox) == []


def test_a_person_who_lost_the_right_to_override_is_refused(far_desk, http_sandbox, settings):
    view = far_desk.server()
    far_desk.restore(view, far_desk.snapshot(view))
    act = lambda: far_desk.create(view, "all-the-same", override_reason="I know")  # noqa: E731
    with while_the_lists_are_read(http_sandbox, settings, act) as results:
        change(role=Role.OPERATOR)(far_desk)
    assert results == ["not_allowed_any_more"]
    assert write_calls(http_sandbox) == []


@pytest.mark.parametrize("revocation", ["deactivated", "demoted", "without the token"])
def test_a_right_revoked_while_the_lists_are_read_closes_nothing(
    far_desk, http_sandbox, settings, cast, revocation
):
    operation = far_desk.create(far_desk.server())
    Operation.objects.update(
        state=State.UNKNOWN, snapshot_id=None, snapshot_name="lost", actor_id=cast.ada.pk
    )
    url = reverse("operation_close", args=[operation.pk])
    browser = Client()
    browser.force_login(far_desk.user)
    expire(far_desk.token)
    post = lambda: browser.post(url, {"finding": "happened", "reason": "I looked"})  # noqa: E731
    with while_the_lists_are_read(http_sandbox, settings, post) as results:
        REVOCATIONS[revocation][0](far_desk)
    assert results[0].status_code == 403
    assert RIGHTS_CHANGED in text_of(results[0])
    operation.refresh_from_db()
    assert operation.state == State.UNKNOWN
    assert Entry.objects.filter(action="access.refuse", code="snapshots.restore", result="refused").exists()
