"""A state machine of people, the clock and a worker that rests and dies: nothing goes early, late or while it is protected.

The provider is the sandbox in this process, with its limit of five snapshots. The machine keeps its own model of what may
go from when on, and compares what the sandbox no longer lists with it.
"""

import os
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from snapshots.contract import MAX_SNAPSHOTS_PER_SERVER
from snapshots.deletions import due, keeping
from snapshots.deletions.models import PlannedDeletion, State
from snapshots.operations import dispatch, protection, service
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Operation
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from tests.support.deep import TIMES
from tests.support.deletions import put_grace, request, target_of
from tests.support.desk import make_desk
from tests.support.imaginary import Killed
from tests.support.machines import machine_settings
from tests.support.provider import fill_sandbox

STEPS = 25
RUNS = int(os.environ.get("SNAPPORTAL_TESTS_MACHINE_RUNS", 5 * TIMES))
SERVER = "web-server-01"
LATEST = timedelta(seconds=2 * due.MAX_PAUSE_SECONDS)
"""How long after its time a deletion may wait while the worker runs: a try that has just failed waits for its pause."""
REFUSALS = frozenset(
    {
        "protected",
        "already_protected",
        "not_protected",
        "snapshot_deleting",
        "snapshot_gone",
        "snapshot_changed",
        "snapshot_unready",
        "deletion_planned",
        "deletion_over",
        "limit_reached",
        "bad_date",
        "server_held",
    }
)
GONE_BEFORE = frozenset({"snapshot_gone", "snapshot_deleting", "snapshot_changed"})


class DeletionsMachine(RuleBasedStateMachine):
    """Two people with a token of one account, and a worker."""

    cast = None
    patch = None

    def __init__(self) -> None:
        super().__init__()
        self.clock = time_machine.travel(datetime(2026, 11, 24, 12, tzinfo=UTC), tick=True)
        self.traveller = self.clock.start()
        self.savepoint = transaction.atomic()
        self.savepoint._from_testcase = True  # durable blocks are allowed in it
        self.savepoint.__enter__()
        cache.clear()
        token = fill_sandbox().token
        self.desks = [make_desk(person, token) for person in (self.cast.mia, self.cast.ada)]
        self.may_go: dict[int, datetime] = {}
        self.protected: set[int] = set()
        self.known = self.listed()
        self.rested = False

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)
        self.clock.stop()

    def listed(self) -> set[int]:
        return set(SandboxSnapshot.objects.filter(server__name=SERVER).values_list("pk", flat=True))

    def act(self, run, **arguments):
        """What it returned; None if the portal's rules refused it."""
        try:
            return run(**arguments) or True
        except OperationRefusedError as error:
            assert error.code in REFUSALS, error.code
            return None

    def target(self, who: int, place: int):
        """(desk, view, target), the target None on an empty server."""
        view = self.desks[who].server(SERVER)
        if not view.snapshots:
            return self.desks[who], view, None
        return self.desks[who], view, target_of(self.desks[who], view, view.snapshots[place % view.used])

    def plan(self, snapshot_id: int, at: datetime) -> None:
        assert snapshot_id not in self.protected
        self.may_go[snapshot_id] = at

    people, places = st.integers(0, 1), st.integers(0, 4)

    @rule(who=people, place=places, at_once=st.booleans())
    def delete(self, who, place, at_once):
        desk, view, target = self.target(who, place)
        if target is None:
            return
        before = datetime.now(UTC)
        snapshot = target.snapshot
        made = self.act(request, desk=desk, view=view, snapshot=snapshot, reason="old", delete_now=at_once)
        if made is not None:
            self.plan(snapshot.id, made.due_at if isinstance(made, PlannedDeletion) else before)

    @rule(who=people, place=places, days=st.integers(-1, 3))
    def set_date(self, who, place, days):
        desk, _view, target = self.target(who, place)
        if target is None:
            return
        day = datetime.now(UTC).date() + timedelta(days=days)
        made = self.act(keeping.set_keep_until, actor=desk.actor, target=target, until=day)
        if made is not None:
            self.plan(target.snapshot.id, made.due_at)

    @rule(who=people, place=places, extends=st.booleans())
    def keep_or_extend(self, who, place, extends):
        planned_ones = list(PlannedDeletion.objects.order_by("snapshot_id", "created_at"))
        if not planned_ones:
            return
        planned = planned_ones[place % len(planned_ones)]
        was_waiting = planned.is_waiting
        run = keeping.extend if extends else keeping.keep
        made = self.act(run, actor=self.desks[who].actor, planned=planned)
        assert made is None or was_waiting
        if made is not None and extends:
            self.plan(planned.snapshot_id, made.due_at)
        elif made is not None:
            self.may_go.pop(planned.snapshot_id)

    @rule(who=people, place=places)
    def protect(self, who, place):
        desk, _view, target = self.target(who, place)
        if target and self.act(keeping.protect_snapshot, actor=desk.actor, target=target):
            self.protected.add(target.snapshot.id)
            self.may_go.pop(target.snapshot.id, None)

    @rule(who=people, place=places)
    def lift(self, who, place):
        desk, _view, target = self.target(who, place)
        if target and self.act(protection.lift, actor=desk.actor, target=target, reason="over"):
            self.protected.remove(target.snapshot.id)

    @rule(who=people, name=st.sampled_from(["a", "b"]))
    def create(self, who, name):
        view = self.desks[who].server(SERVER)
        made = self.act(self.desks[who].create, view=view, name=name)
        assert made is None or view.used < MAX_SNAPSHOTS_PER_SERVER
        self.known |= self.listed()

    @rule(days=st.sampled_from([0, 1, 3, None]))
    def set_grace(self, days):
        view = self.desks[0].server(SERVER)
        put_grace(view, days)

    @rule(hours=st.sampled_from([1, 11, 25, 80]))
    def the_worker_runs_all_the_while(self, hours):
        """It wakes whenever something is due, and once at the end."""
        self.run_worker()
        until = datetime.now(UTC) + timedelta(hours=hours)
        while (next_at := self.next_due()) is not None and next_at <= until:
            self.traveller.move_to(max(next_at, datetime.now(UTC)))
            self.run_worker()
        self.traveller.move_to(max(until, datetime.now(UTC)))
        self.run_worker()
        self.rested = False

    @rule(hours=st.sampled_from([1, 30]))
    def the_worker_rests(self, hours):
        self.traveller.shift(hours * 3600)
        self.rested = True

    @rule(before_intent=st.booleans())
    def the_worker_dies(self, before_intent):
        place = (service, "_commit_intent") if before_intent else (dispatch, "mark_sent")
        with self.patch.context() as patch:
            patch.setattr(*place, _die)
            try:
                due.run_due()
            except Killed:
                self.rested = True

    def next_due(self) -> datetime | None:
        waiting = PlannedDeletion.objects.waiting()
        return min((max(one.due_at, one.next_try_at or one.due_at) for one in waiting), default=None)

    def run_worker(self) -> None:
        """Read and run until nothing changes, as the worker's tasks do."""
        for _turn in range(12):
            self.desks[0].views()
            if not due.run_due():
                return
            self.traveller.shift(10)
        raise AssertionError("the worker's function finds no end")

    @invariant()
    def nothing_goes_that_may_not(self):
        listed = self.listed()
        for snapshot_id in self.known - listed:
            assert snapshot_id not in self.protected, "a protected snapshot was deleted"
            assert snapshot_id in self.may_go, "a snapshot was deleted that was to be kept"
            assert self.may_go[snapshot_id] <= datetime.now(UTC), "a snapshot was deleted early"
        self.known = listed

    @invariant()
    def nothing_stays_late(self):
        if self.rested:
            return
        for planned in PlannedDeletion.objects.waiting():
            assert planned.due_at + LATEST > datetime.now(UTC), f"{planned} is late: {planned.code}"
        for planned in PlannedDeletion.objects.filter(state__in=[State.REFUSED, State.FAILED]):
            assert planned.code in GONE_BEFORE, planned.code

    @invariant()
    def each_is_sent_once_and_the_limit_holds(self):
        assert len(self.listed()) <= MAX_SNAPSHOTS_PER_SERVER
        sent = Operation.objects.filter(action=Action.DELETE, sent_at__isnull=False)
        ids = list(sent.values_list("snapshot_id", flat=True))
        assert len(ids) == len(set(ids)), "a delete was sent twice"


def _die(*_args, **_kwargs) -> None:
    raise Killed


@pytest.mark.django_db
def test_nothing_is_deleted_early_late_or_protected_after_any_sequence(cast, monkeypatch, settings):
    settings.SNAPPORTAL_SANDBOX_SPEED = 1
    settings.SNAPPORTAL_DELETE_GRACE_DAYS = 1
    monkeypatch.setattr(DeletionsMachine, "cast", cast)
    monkeypatch.setattr(DeletionsMachine, "patch", monkeypatch)
    run_state_machine_as_test(
        DeletionsMachine, settings=machine_settings(runs=RUNS, steps=STEPS, shrinks=RUNS < 100)
    )
