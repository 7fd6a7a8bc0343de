"""A state machine of people, a fake provider, the clock and dying workers: operation states stay true in any order of events."""

import os
from datetime import UTC, datetime
from itertools import pairwise

import httpx
import pytest
import time_machine
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from snapshots.audit import chain
from snapshots.audit.models import Entry
from snapshots.inventory.reader import expire
from snapshots.operations import attention
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Finding, Operation, State
from snapshots.operations.reconciliation import read_and_reconcile
from tests.support.deep import TIMES
from tests.support.desk import make_desk
from tests.support.imaginary import MODES, ImaginaryProvider, Killed
from tests.support.machines import machine_settings

RUNS = int(os.environ.get("SNAPPORTAL_TESTS_MACHINE_RUNS", 12 * TIMES))
START = datetime(2026, 11, 24, 12, tzinfo=UTC)
NEXT_RESULTS = {
    "pending": {"accepted", "completed", "failed", "unknown"},
    "accepted": {"completed", "failed", "unknown", "reconciled"},
    "unknown": {"accepted", "reconciled"},
    "completed": set(),
    "failed": set(),
    "reconciled": set(),
}
"""The allowed successors of each result in the log. Only evidence leads from unknown back to accepted."""


class OperationsMachine(RuleBasedStateMachine):
    """Two people whose tokens belong to one account, and a fake provider that records which writes it carried out."""

    cast = None
    double = None

    def __init__(self) -> None:
        super().__init__()
        self.clock = time_machine.travel(START, tick=True)
        self.time_traveller = self.clock.start()
        self.savepoint = transaction.atomic()
        self.savepoint._from_testcase = True  # durable blocks are allowed in it
        self.savepoint.__enter__()
        cache.clear()
        self.provider = ImaginaryProvider()
        self.double.answer = self.answer
        self.desks = [make_desk(self.cast.mia, "token-of-mia"), make_desk(self.cast.ada, "token-of-ada")]
        self.done: set[object] = set()
        self.sent: set[object] = set()
        self.forms: list[tuple] = []

    def teardown(self) -> None:
        try:
            verdict = chain.verify(Entry.objects.all().rows(), django_settings.SNAPPORTAL_AUDIT_KEYS)
            assert verdict.holds, verdict
        finally:
            transaction.set_rollback(True)
            self.savepoint.__exit__(None, None, None)
            self.clock.stop()

    # --- The provider -------------------------------------------------------------------------------------
    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return self.provider.read(request.url.path)
        operation = self.operation_of_request(request)
        done = False
        self.provider.last_done = False
        try:
            response, done = self.provider.write(request)
        except BaseException:
            done = self.provider.last_done
            raise
        finally:
            if done:
                self.done.add(operation.pk)
        return response

    def operation_of_request(self, request: httpx.Request) -> Operation:
        """The operation of this write: it must have an intent, must not have been sent, and no restore may hold its server."""
        waiting = Operation.objects.filter(state=State.SENT).exclude(pk__in=self.sent)
        assert waiting.count() == 1, f"{request.method} {request.url.path} without an operation of its own"
        operation = waiting.get()
        self.sent.add(operation.pk)
        assert Entry.objects.filter(operation_id=operation.pk, phase="intent").count() == 1
        others = Operation.objects.holding(operation.server_id).exclude(pk=operation.pk)
        assert not others.exists() or "Override:" in operation.reason, "a write to a server that is held"
        return operation

    # --- Actions of people ------------------------------------------------------------------------------------------
    def send(self, who: int, action: Action, act, mode: str) -> None:
        self.provider.mode = mode
        before = len(self.sent)
        try:
            act()
        except Killed:
            assert len(self.sent) == before + 1
        except OperationRefusedError:
            assert len(self.sent) == before, "refused, but sent nevertheless"
        finally:
            self.provider.mode = "fine"

    def target(self, who: int, server_id: int):
        views = {view.server_id: view for view in self.desks[who].views(fresh=False)}
        return views.get(server_id)

    people = st.integers(0, 1)
    servers = st.sampled_from([7, 8])
    modes = st.one_of(st.just("fine"), st.sampled_from(MODES))

    @rule(
        who=people,
        server_id=servers,
        name=st.sampled_from(["a", "b"]),
        mode=modes,
        override=st.sampled_from(["", "must be"]),
    )
    def create(self, who, server_id, name, mode, override):
        view = self.target(who, server_id)
        if view is None:
            return
        desk = self.desks[who]
        confirmation = desk.confirm(Action.CREATE, view)

        def act() -> Operation:
            return desk.create(view, name=name, confirmation=confirmation, override_reason=override)

        self.forms.append((who, Action.CREATE, act))
        self.send(who, Action.CREATE, act, mode)

    @rule(
        who=people,
        server_id=servers,
        restores=st.booleans(),
        place=st.integers(0, 4),
        mode=modes,
        override=st.sampled_from(["", "must be"]),
    )
    def restore_or_delete(self, who, server_id, restores, place, mode, override):
        view = self.target(who, server_id)
        if view is None or not view.snapshots:
            return
        desk = self.desks[who]
        snapshot = view.snapshots[place % len(view.snapshots)]
        action = Action.RESTORE if restores else Action.DELETE
        confirmation = desk.confirm(action, view, snapshot)
        verb = desk.restore if restores else desk.delete

        def act() -> Operation:
            return verb(view, snapshot, confirmation=confirmation, override_reason=override)

        self.forms.append((who, action, act))
        self.send(who, action, act, mode)

    @rule(place=st.integers(0, 20), mode=modes)
    def send_a_form_again(self, place, mode):
        if not self.forms:
            return
        who, action, act = self.forms[place % len(self.forms)]
        self.send(who, action, act, mode)

    @rule(who=people)
    def read_lists(self, who):
        expire(self.desks[who].token)
        read_and_reconcile(self.desks[who].token)

    @rule(
        place=st.integers(0, 20),
        finding=st.sampled_from(Finding),
        reason=st.sampled_from(["", "asked the provider"]),
    )
    def close_manually(self, place, finding, reason):
        found = list(Operation.objects.order_by("created_at"))
        if not found:
            return
        operation = found[place % len(found)]
        before = operation.state
        try:
            attention.close_operation(
                actor=self.desks[0].actor, operation=operation, finding=finding, reason=reason
            )
        except OperationRefusedError:
            operation.refresh_from_db()
            assert operation.state == before
        else:
            assert reason
            assert before in {State.UNKNOWN, State.ACCEPTED}

    # --- Other events ------------------------------------------------------------------------------------
    @rule(seconds=st.sampled_from([1, 30, 70, 130, 400, 1000, 4000]))
    def time_passes(self, seconds):
        self.time_traveller.shift(seconds)

    @rule(how=st.sampled_from(["fine", "down", "no servers", "no count"]), lags=st.booleans())
    def set_list_mode(self, how, lags):
        self.provider.reads = how
        self.provider.lags = lags

    @rule(server_id=servers)
    def somebody_else_creates(self, server_id):
        self.provider.add(server_id, "made-elsewhere")

    @rule(place=st.integers(0, 9))
    def a_snapshot_fails(self, place):
        moving = [
            one for one in self.provider.snapshots if self.provider.item(one)["status"] == "in_progress"
        ]
        if moving:
            self.provider.snapshots[moving[place % len(moving)]]["fails"] = True

    # --- Invariants ------------------------------------------------------------------------------------------
    @invariant()
    def the_log_has_every_transition_and_only_allowed_ones(self):
        for operation in Operation.objects.all():
            results = list(
                Entry.objects.filter(operation_id=operation.pk)
                .order_by("sequence")
                .values_list("result", flat=True)
            )
            assert results[0] == "pending"
            for before, after in pairwise(results):
                assert after in NEXT_RESULTS[before], results
            expected = {State.PENDING, State.SENT} if len(results) == 1 else {results[-1]}
            assert operation.state in expected

    @invariant()
    def shown_states_agree_with_the_provider(self):
        for operation in Operation.objects.all():
            is_by_evidence = operation.state == State.RECONCILED and not operation.settled_by
            happened = is_by_evidence and operation.finding == Finding.HAPPENED
            if operation.state in {State.COMPLETED, State.ACCEPTED} or happened:
                is_gone = (
                    operation.action == Action.DELETE and operation.snapshot_id not in self.provider.snapshots
                )
                assert operation.pk in self.done or is_gone, (
                    f"shown as done, but was never carried out: {operation}"
                )
            did_not = is_by_evidence and operation.finding == Finding.NOT_HAPPENED
            if (operation.state == State.FAILED and operation.code != "provider_failed") or did_not:
                assert operation.pk not in self.done, f"shown as not done, but was carried out: {operation}"

    @invariant()
    def a_create_is_completed_only_with_its_own_snapshot(self):
        for operation in Operation.objects.filter(action=Action.CREATE, state=State.COMPLETED):
            snapshot = self.provider.snapshots.get(operation.snapshot_id)
            if snapshot is not None:  # it may have been deleted since
                assert (snapshot["server_id"], snapshot["name"]) == (
                    operation.server_id,
                    operation.snapshot_name,
                )
                assert not snapshot["fails"]

    @invariant()
    def every_write_carried_out_has_an_operation(self):
        known = set(Operation.objects.values_list("pk", flat=True))
        assert self.done <= self.sent <= known


@pytest.mark.django_db
def test_operation_states_are_true_after_any_sequence_of_events(cast, double, strict, monkeypatch):
    monkeypatch.setattr(OperationsMachine, "cast", cast)
    monkeypatch.setattr(OperationsMachine, "double", double)
    run_state_machine_as_test(
        OperationsMachine,
        settings=machine_settings(runs=RUNS, steps=16, shrinks=RUNS < 100),
    )
