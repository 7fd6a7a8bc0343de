"""Rows of the log become events once, in their order, and are told to those who may see them and want to know."""

from datetime import UTC, datetime

import pytest

from snapshots.audit import journal
from snapshots.notifications import outbox, rules
from snapshots.notifications.models import Cursor, Event, Kind, Notification, Scope
from snapshots.notifications.rules import Choice
from snapshots.operations.models import Action, State
from snapshots.vault import tokens
from tests.support.audit_rows import MIA, write_events
from tests.support.notifying import end_operation, read_log, told
from tests.support.policies import place
from tests.support.rendezvous import at_once

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 11, 28, tzinfo=UTC)


def follow(person, operation) -> None:
    rules.set_followed(person.pk, operation.server_id, follows=True)


def share_token(desk, person) -> None:
    tokens.store(user_id=person.pk, label="shared", token=tokens.decrypt(desk.token), stored_by_name="Mia")


def test_what_was_written_before_the_first_run_is_not_told(cast, desk):
    end_operation(desk)
    read_log()
    assert Event.objects.count() == 0
    end_operation(desk, key="later")
    read_log()
    assert told(cast.mia) == [Kind.COMPLETED]


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (State.COMPLETED, Kind.COMPLETED),
        (State.FAILED, Kind.FAILED),
        (State.UNKNOWN, Kind.UNKNOWN),
        (State.RECONCILED, Kind.RESOLVED),
    ],
)
def test_the_end_of_an_operation_is_told_to_its_actor(cast, desk, watched, state, kind):
    operation = end_operation(desk, state)
    read_log()
    assert told(cast.mia) == [kind]
    event = Event.objects.get()
    assert (event.operation_id, event.server_name) == (operation.pk, operation.server_name)


def test_an_accepted_operation_and_an_intent_are_no_events(cast, desk, watched):
    end_operation(desk, State.ACCEPTED)
    desk.create(desk.server())
    write_events(3)
    read_log()
    assert Event.objects.filter(kind=Kind.COMPLETED).count() == 0


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"action": "snapshot.observed", "code": "vanished"}, Kind.OBSERVED),
        ({"action": "audit.verify", "result": "failed"}, Kind.AUDIT_BROKEN),
        ({"action": "audit.verify", "result": "completed"}, None),
        ({"action": "audit.stream_stop", "result": "failed", "target": "webhook"}, Kind.AUDIT_BROKEN),
        ({"action": "job.end", "result": "failed"}, Kind.JOB_STOPPED),
        ({"action": "job.end", "result": "completed"}, None),
        ({"action": "schedule.run", "result": "failed"}, Kind.SCHEDULE_FAILED),
        ({"action": "schedule.run", "result": "failed", "code": "cancelled"}, None),
        ({"action": "schedule.run", "result": "failed", "code": "paused"}, None),
        ({"action": "schedule.run", "result": "failed", "code": "schedule_gone"}, None),
        ({"action": "job.end", "result": "failed", "code": "schedule"}, None),
        ({"action": "schedule.stop", "result": "failed"}, Kind.SCHEDULE_STOPPED),
        ({"action": "schedule.silent", "result": "failed"}, Kind.SCHEDULE_STOPPED),
        ({"action": "schedule.create", "result": "completed"}, None),
        ({"action": "deletion.remind"}, Kind.DELETION_DUE),
        ({"action": "deletion.refuse", "result": "refused"}, Kind.DELETION_DUE),
        ({"action": "deletion.plan"}, Kind.DELETION_DUE),
        ({"action": "approval.approve", "result": "completed"}, Kind.APPROVAL),
        ({"action": "approval.approve", "result": "refused"}, None),
        ({"action": "schedule.run", "result": "completed"}, None),
        ({"action": "person.sign_in", "result": "failed"}, None),
    ],
)
def test_other_rows_are_events_of_their_kind_or_none(cast, watched, fields, kind):
    journal.record(MIA.entry(**fields))
    read_log()
    assert [event.kind for event in Event.objects.all()] == ([kind] if kind else [])


@pytest.mark.parametrize(
    "action", ["person.add", "person.add_service_account", "person.change_role", "person.change_keeper",
               "team.add", "team.change", "team.add_member"]
)  # fmt: skip
def test_where_a_policy_asks_for_approval_everybody_is_told_of_who_could_give_it(cast, desk, watched, action):
    journal.record(MIA.entry(action=action))
    read_log()
    assert not Event.objects.exists()
    place(cast.ada)
    journal.record(MIA.entry(action=action))
    read_log()
    assert told(cast.vera) == [Kind.FREEZE, Kind.FREEZE]  # also of the policy
    journal.record(MIA.entry(action=action, result="refused"))
    read_log()
    assert Event.objects.count() == 2


def test_a_follower_is_told_of_a_restore_or_delete_by_somebody_else(cast, desk, watched):
    share_token(desk, cast.omar)
    first = end_operation(desk, action=Action.CREATE, key="a")
    follow(cast.omar, first)
    only_changes = {Kind.COMPLETED: Choice(Scope.OFF, Scope.OFF)}
    rules.set_choices(cast.omar.pk, only_changes)
    end_operation(desk, action=Action.RESTORE, key="b")
    end_operation(desk, action=Action.DELETE, key="c")
    read_log()
    assert told(cast.omar) == [Kind.COMPLETED, Kind.COMPLETED]
    assert Notification.objects.filter(person=cast.omar, is_colleagues=True).count() == 2
    assert set(Event.objects.filter(notifications__person=cast.omar).values_list("action", flat=True)) == {
        Action.RESTORE,
        Action.DELETE,
    }


def test_a_person_without_the_token_is_told_nothing_of_its_servers(cast, desk, watched):
    for person in (cast.omar, cast.vera, cast.aron):
        rules.set_choices(person.pk, dict.fromkeys(rules.DEFAULTS, Choice(Scope.ALL, Scope.ALL)))
    operation = end_operation(desk, State.UNKNOWN)
    for person in (cast.omar, cast.vera, cast.aron):
        follow(person, operation)
    journal.record(MIA.entry(action="snapshot.observed", code="vanished", server_id=operation.server_id,
                             token_fingerprint=operation.token_fingerprint))  # fmt: skip
    read_log()
    for person in (cast.omar, cast.vera, cast.aron):
        assert told(person) == []
    assert told(cast.mia) == [Kind.UNKNOWN, Kind.OBSERVED]


def test_a_change_past_the_portal_is_told_to_a_follower_with_the_token(cast, desk, watched):
    share_token(desk, cast.omar)
    operation = end_operation(desk, State.COMPLETED)
    follow(cast.omar, operation)
    evidence = journal.Actor(id=None, name="", role="", channel="evidence")
    journal.record(
        evidence.entry(
            action="snapshot.observed",
            code="vanished",
            server_id=operation.server_id,
            server_name=operation.server_name,
            token_fingerprint=operation.token_fingerprint,
        )
    )
    read_log()
    assert told(cast.omar)[-1] == Kind.OBSERVED
    assert told(cast.vera) == []


def test_the_scopes_off_followed_and_all(cast, desk, watched):
    share_token(desk, cast.omar)
    expected = {Scope.OFF: 0, Scope.FOLLOWED: 0, Scope.ALL: 1}
    for number, (scope, count) in enumerate(expected.items()):
        rules.set_choices(cast.omar.pk, {Kind.FAILED: Choice(scope, Scope.OFF)})
        operation = end_operation(desk, State.FAILED, key=str(number))
        read_log()
        own = Notification.objects.filter(person=cast.omar, event__operation_id=operation.pk)
        assert own.count() == count, scope
    rules.set_choices(cast.omar.pk, {Kind.FAILED: Choice(Scope.FOLLOWED, Scope.OFF)})
    follow(cast.omar, operation)
    end_operation(desk, State.FAILED, key="followed")
    read_log()
    assert told(cast.omar) == [Kind.FAILED, Kind.FAILED]


def test_a_deactivated_person_is_told_nothing(cast, desk, watched):
    cast.mia.is_active = False
    cast.mia.save()
    end_operation(desk)
    read_log()
    assert told(cast.mia) == []


def test_only_readers_of_the_log_are_told_that_it_is_broken(cast, watched):
    journal.record(MIA.entry(action="audit.verify", result="failed"))
    read_log()
    kinds = {name: told(person) for name, person in vars(cast).items()}
    assert {name for name, found in kinds.items() if found} == {"aron", "ada"}


def test_a_log_that_was_put_back_is_followed_from_its_end(cast, desk, watched):
    Cursor.objects.update(sequence=10_000)
    end_operation(desk)
    assert read_log() == 0
    end_operation(desk, key="after")
    read_log()
    assert told(cast.mia) == [Kind.COMPLETED]


def test_a_row_of_a_backlog_is_read_in_portions(cast, desk, watched, monkeypatch):
    monkeypatch.setattr(outbox, "ROWS_PER_RUN", 2)
    for number in range(5):
        end_operation(desk, key=str(number))
    assert outbox.read_log() == 2
    read_log()
    assert told(cast.mia) == [Kind.COMPLETED] * 5


@pytest.mark.django_db(transaction=True)
def test_of_several_workers_each_event_is_made_once(cast, desk):
    outbox.read_log()
    for number in range(6):
        end_operation(desk, key=str(number))
    at_once([outbox.read_log] * 4)
    read_log()
    assert told(cast.mia) == [Kind.COMPLETED] * 6


def test_an_event_with_the_same_key_is_made_once(cast):
    for _ in range(2):
        made = outbox.announce(Event(key="x", kind=Kind.WORKER_DOWN, at=MOMENT))
    assert not made
    assert told(cast.ada) == [Kind.WORKER_DOWN]
    assert told(cast.mia) == []


def test_who_plans_a_deletion_is_reminded_later_and_a_follower_at_once(cast, desk, watched):
    share_token(desk, cast.omar)
    planned = {"server_id": 501, "server_name": "web", "token_fingerprint": desk.token.fingerprint}
    rules.set_followed(cast.omar.pk, 501, follows=True)
    for action in ("deletion.plan", "deletion.remind"):
        journal.record(desk.actor.entry(action=action, snapshot_name="old", **planned))
    read_log()
    assert told(cast.mia) == [Kind.DELETION_DUE]
    assert told(cast.omar) == [Kind.DELETION_DUE, Kind.DELETION_DUE]


def test_a_schedule_whose_owner_left_is_told_to_those_who_can_go_on(cast, desk, watched):
    share_token(desk, cast.omar)
    gone = desk.actor.entry(
        action="schedule.stop",
        result="failed",
        code="owner_gone",
        target="nightly",
        token_fingerprint=desk.token.fingerprint,
    )
    type(cast.mia).objects.filter(pk=cast.mia.pk).update(is_active=False)
    journal.record(gone)
    read_log()
    assert told(cast.omar) == told(cast.ada) == [Kind.SCHEDULE_STOPPED]
    assert told(cast.mia) == told(cast.vera) == []
