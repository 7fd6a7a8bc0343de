"""What one server's view says of its snapshots and operations: held, moving, deleted, stuck, how often to poll, how old."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.http import Http404
from django.utils import timezone

from snapshots.contract import MAX_ID, Server, ServerRef, Snapshot
from snapshots.inventory.readings import Reading
from snapshots.operations.models import Action, Finding, Operation, State
from snapshots.operations.server_views import ServerView, server_view_or_404, server_views, taken_at

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 10, tzinfo=UTC)


def ago(**by) -> datetime:
    return timezone.now() - timedelta(**by)


def snapshot(number: int = 1, **fields) -> Snapshot:
    values = {
        "id": number,
        "server": ServerRef(7, "web"),
        "name": "weekly",
        "status": "completed",
        "created_at": AT,
    }
    return Snapshot(**values | fields)


def operation(action: Action = Action.CREATE, **fields) -> Operation:
    values = {
        "idempotency_key": str(Operation.objects.count()),
        "action": action,
        "state": State.ACCEPTED,
        "actor_id": 1,
        "server_id": 7,
        "created_at": timezone.now(),
        **fields,
    }
    return Operation.objects.create(**values)


def reading(*snapshots: Snapshot, servers: tuple[Server, ...] = (), **fields) -> Reading:
    values = {"confirmed_at": timezone.now(), "error": "", "poll_seconds": 4, **fields}
    return Reading(snapshots=snapshots, servers=servers, **values)


def view(*snapshots: Snapshot, status: str = "active", **fields) -> ServerView:
    """The only server's view with its operations in the database."""
    server = Server(id=7, name="web", status=status)
    (only,) = server_views(None, reading(*snapshots, servers=(server,), **fields))
    return only


@pytest.mark.parametrize("state", list(State))
def test_only_an_open_restore_holds_a_server(state):
    restore = operation(Action.RESTORE, state=state, ended_at=timezone.now())
    is_open = state in {State.PENDING, State.SENT, State.ACCEPTED, State.UNKNOWN}
    assert (view().holding == restore, view().is_held) == (is_open, is_open)


def test_other_operations_hold_no_server():
    operation(Action.CREATE)
    operation(Action.DELETE, snapshot_id=1)
    assert (view().holding, view().is_held) == (None, False)
    assert view(status="Restoring").is_held


def test_a_view_has_the_open_operations_and_those_that_ended_in_the_last_ten_minutes():
    old = operation(created_at=ago(days=1))
    recent = operation(state=State.COMPLETED, created_at=ago(hours=1), ended_at=ago(minutes=9))
    operation(state=State.COMPLETED, ended_at=ago(minutes=11))
    operation(server_id=8)
    assert view().operations == (recent, old)
    assert replace(view(), server_id=8).operations == (recent, old)


def test_every_server_has_its_own_operations_and_servers_come_in_order_of_their_names():
    first, second = operation(server_id=7), operation(server_id=8)
    token = object()
    found = server_views(
        token, reading(servers=(Server(id=7, name="web"), Server(id=8, name="db"), Server(id=9, name="x")))
    )
    assert [(one.server_id, one.operations) for one in found] == [(8, (second,)), (7, (first,)), (9, ())]
    assert {one.token for one in found} == {token}


@pytest.mark.parametrize(
    ("fields", "is_deleted"),
    [
        ({"state": State.ACCEPTED}, True),
        ({"state": State.COMPLETED}, True),
        ({"state": State.RECONCILED, "finding": Finding.HAPPENED}, True),
        ({"state": State.RECONCILED, "finding": Finding.NOT_HAPPENED}, False),
        ({"state": State.RECONCILED, "finding": Finding.UNDECIDED}, False),
        ({"state": State.SENT}, False),
        ({"state": State.UNKNOWN}, False),
        ({"state": State.FAILED}, False),
        ({"state": State.ACCEPTED, "action": Action.RESTORE}, False),
        ({"state": State.ACCEPTED, "snapshot_id": 2}, False),
        ({"state": State.ACCEPTED, "snapshot_id": None}, False),
    ],
)
def test_a_listed_snapshot_is_deleted_if_the_provider_said_so(fields, is_deleted):
    operation(**{"action": Action.DELETE, "snapshot_id": 1, "ended_at": timezone.now(), **fields})
    assert view(snapshot()).deleted_ids == (frozenset({1}) if is_deleted else frozenset())


@pytest.mark.parametrize(
    ("status", "server", "state", "moves"),
    [
        ("completed", "active", State.COMPLETED, False),
        ("in_progress", "active", State.COMPLETED, True),
        ("completed", "restoring", State.COMPLETED, True),
        ("completed", "active", State.PENDING, True),
        ("completed", "active", State.SENT, True),
        ("completed", "active", State.ACCEPTED, True),
        ("completed", "active", State.UNKNOWN, False),
    ],
)
def test_a_server_moves_while_anything_of_it_does(status, server, state, moves):
    operation(state=state, ended_at=timezone.now())
    assert view(snapshot(status=status), status=server).is_moving == moves


def test_a_server_moves_while_it_lists_a_deleted_snapshot():
    operation(Action.DELETE, state=State.COMPLETED, snapshot_id=1, ended_at=timezone.now())
    assert view(snapshot()).is_moving


def test_the_creation_of_a_snapshot_began_when_the_provider_accepted_it():
    making = snapshot(status="in_progress")
    assert view(making).began_at(making) == AT
    accepted_at = ago(minutes=3)
    operation(Action.DELETE, snapshot_id=1, accepted_at=ago(minutes=1))
    operation(snapshot_id=2, accepted_at=ago(minutes=1))
    operation(snapshot_id=1, accepted_at=None, state=State.SENT)
    assert view(making).began_at(making) == AT
    operation(snapshot_id=1, accepted_at=accepted_at)
    assert view(making).began_at(making) == accepted_at
    assert view(making).moving_since(making) == accepted_at


@pytest.mark.parametrize("status", ["deleting", "Restoring"])
def test_what_begins_after_the_creation_is_timed_from_its_first_observation(status):
    moving, since = snapshot(status=status), ago(minutes=5)
    operation(snapshot_id=1, accepted_at=ago(days=1))
    assert view(moving).began_at(moving) is None
    assert view(moving).moving_since(moving) is None
    times = {"snapshot:1": since, "snapshot:2": AT, "server:7": AT}
    assert view(moving, moving_since=times).moving_since(moving) == since


def test_with_a_clock_ahead_of_ours_the_provider_times_are_unknown():
    making = snapshot(status="in_progress")
    ahead = snapshot(2, created_at=timezone.now() + timedelta(hours=2))
    assert view(making, ahead).began_at(making) is None
    assert taken_at(view(making, ahead), making) is None
    assert taken_at(view(making), making) == AT


def test_a_snapshot_requested_here_was_taken_when_it_was_sent():
    sent_at = ago(minutes=3)
    ours = operation(snapshot_id=1, snapshot_created_at=AT, sent_at=sent_at)
    assert taken_at(view(snapshot()), snapshot()) == sent_at
    for other in (
        {"server_id": 8},
        {"snapshot_id": 2},
        {"snapshot_created_at": ago(days=3)},
        {"action": Action.DELETE},
    ):
        before = {name: getattr(ours, name) for name in other}
        Operation.objects.filter(pk=ours.pk).update(**other)
        assert taken_at(view(snapshot()), snapshot()) == AT
        Operation.objects.filter(pk=ours.pk).update(**before)
    Operation.objects.update(sent_at=None)
    assert taken_at(view(snapshot()), snapshot()) == AT


@pytest.mark.parametrize(("minutes", "is_stuck"), [(59, False), (61, True)])
def test_a_snapshot_that_moves_for_more_than_an_hour_is_stuck(minutes, is_stuck):
    making = snapshot(status="in_progress", created_at=ago(minutes=minutes))
    assert view(making).is_stuck(making) == is_stuck
    ready = snapshot(created_at=ago(minutes=minutes))
    assert not view(ready).is_stuck(ready)


@pytest.mark.parametrize(("minutes", "is_stuck"), [(89, False), (91, True)])
def test_a_server_that_restores_for_six_times_the_longest_time_is_stuck(minutes, is_stuck):
    since = ago(minutes=minutes)
    found = view(status="restoring", moving_since={"server:7": since, "server:8": AT})
    assert (found.status_since, found.is_status_stuck) == (since, is_stuck)
    restoring = snapshot(status="restoring")
    assert view(restoring, moving_since={"snapshot:1": since}).is_stuck(restoring) == is_stuck


@pytest.mark.parametrize(
    ("minutes", "seconds"),
    [(9, 4), (11, 15), (61, 60)],
)
def test_a_snapshot_is_polled_less_often_the_later_it_is(minutes, seconds):
    making = snapshot(status="in_progress", created_at=ago(minutes=minutes))
    assert view(making).poll_seconds == seconds
    assert view(making, snapshot(2)).poll_seconds == seconds
    newer = snapshot(2, status="in_progress", created_at=timezone.now())
    assert view(making, newer).poll_seconds == 4


@pytest.mark.parametrize(("minutes", "seconds"), [(14, 4), (16, 15), (91, 60)])
def test_a_restoring_server_and_its_operation_are_polled_by_the_time_of_a_restore(minutes, seconds):
    since = ago(minutes=minutes)
    assert view(status="restoring", moving_since={"server:7": since}).poll_seconds == seconds
    operation(Action.RESTORE, accepted_at=since)
    assert view().poll_seconds == seconds
    Operation.objects.update(state=State.UNKNOWN)
    assert view().poll_seconds == 4


def test_a_server_that_the_token_shows_has_a_view(desk):
    listed = desk.server()
    operation(server_id=listed.server_id, created_at=ago(minutes=1))
    found = server_view_or_404(desk.token, listed.server_id)
    assert (found.server_id, found.name, found.token) == (listed.server_id, listed.name, desk.token)
    assert [one.server_id for one in found.operations] == [listed.server_id]


@pytest.mark.parametrize("server_id", [999_999, MAX_ID, MAX_ID + 1])
def test_a_server_that_the_token_certainly_does_not_show_is_not_found(desk, server_id):
    with pytest.raises(Http404, match=rf"\Ano server {server_id}\Z"):
        server_view_or_404(desk.token, server_id)


def test_a_server_that_the_token_may_show_has_a_view_with_its_id_alone(imaginary_desk, imaginary):
    imaginary.reads = "down"
    ours = operation(server_id=999)
    found = server_view_or_404(imaginary_desk.token, 999)
    assert (found.server_id, found.name, found.server, found.snapshots) == (999, "999", None, ())
    assert (found.operations, found.token, found.reading.is_known) == ((ours,), imaginary_desk.token, False)
    assert server_view_or_404(imaginary_desk.token, MAX_ID).name == str(MAX_ID)
    with pytest.raises(Http404):
        server_view_or_404(imaginary_desk.token, MAX_ID + 1)


def test_a_view_is_read_anew_only_when_that_is_asked_for(imaginary_desk, imaginary, double):
    server_view_or_404(imaginary_desk.token, 7)
    answer, asked = double.answer, []
    double.answer = lambda request: asked.append(request.url.path) or answer(request)
    server_view_or_404(imaginary_desk.token, 7)
    assert asked == []
    server_view_or_404(imaginary_desk.token, 7, fresh=True)
    assert asked
