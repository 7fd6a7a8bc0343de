"""Random histories: whatever happens at the provider, through the portal and past it, each outside change is recorded once.

The provider is the imaginary one, whose true state the test knows. Two tokens look from the start, a third comes later.
"""

import os
from collections import Counter
from datetime import timedelta

import httpx
import pytest
import time_machine
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from snapshots.audit.models import Entry
from snapshots.contract import SNAPSHOTS_PATH
from snapshots.observations import looking
from snapshots.observations.models import KnownSnapshot
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Operation, State
from tests.support.deep import TIMES
from tests.support.desk import make_desk
from tests.support.imaginary import MODES, ImaginaryProvider, Killed
from tests.support.machines import machine_settings

STEPS = 25
RUNS = int(os.environ.get("SNAPPORTAL_TESTS_MACHINE_RUNS", 5 * TIMES))
SERVER = 7


class Histories(RuleBasedStateMachine):
    """`seen` is what each desk's last compared list showed; `expected` counts what must be recorded."""

    cast = None
    double = None

    def __init__(self) -> None:
        super().__init__()
        self.travel = time_machine.travel(timezone.now(), tick=False)
        self.clock = self.travel.start()
        self.savepoint = transaction.atomic()
        self.savepoint._from_testcase = True  # durable blocks are allowed in it
        self.savepoint.__enter__()
        cache.clear()
        self.provider = ImaginaryProvider()
        self.double.answer = self.answer
        people = (self.cast.mia, self.cast.ada, self.cast.mia)
        self.desks = [
            make_desk(person, f"token-{number}", f"Token {number}") for number, person in enumerate(people)
        ]
        self.ours: set[int] = set()
        self.deleted_by_us: set[int] = set()
        self.names: dict[int, str] = {}
        self.seen: dict[int, set[int]] = {}
        self.known_at: dict[int, int] = {}
        self.appeared: set[int] = set()
        self.renamed: Counter[int] = Counter()
        self.turn = self.lists_read = 0
        self.numbers = iter(range(1000))
        for number in (0, 1):
            self.look(number)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)
        self.travel.stop()

    def answer(self, request: httpx.Request) -> httpx.Response:
        """The provider's answer; what a write of ours has really done is noted."""
        provider = self.provider
        if request.method == "GET":
            self.lists_read += request.url.path == SNAPSHOTS_PATH
            return provider.read(request.url.path)
        before = set(provider.snapshots)
        is_too_late = provider.mode == "too late"
        try:
            return provider.write(request)[0]
        finally:
            self.ours |= set(provider.snapshots) - before
            if not is_too_late:
                self.deleted_by_us |= before - set(provider.snapshots)

    def look(self, number: int) -> None:
        """One token reads, and its list is compared. After a 429 it waits, and shows what it knows: that is no new list."""
        self.clock.shift(timedelta(seconds=1))
        before = self.lists_read
        self.desks[number].views()
        self.turn += 1
        if self.lists_read > before and self.provider.reads in {"fine", "no servers"}:
            self.note(number, {one["id"]: one["name"] for one in self.provider.lagging()} | self.listed())
        looking.compare_all()

    def listed(self) -> dict[int, str]:
        return {one: self.provider.item(one)["name"] for one in self.provider.snapshots}

    def note(self, number: int, listed: dict[int, str]) -> None:
        """What a list that lags behind still shows after it vanished has not been renamed since."""
        before = self.seen.get(number)
        gone = set(KnownSnapshot.objects.exclude(gone_at=None).values_list("snapshot_id", flat=True))
        for snapshot_id, name in listed.items():
            self.known_at.setdefault(snapshot_id, self.turn)
            is_new = before is not None and snapshot_id not in before[0]
            if is_new and self.known_at[snapshot_id] > before[1] and snapshot_id not in self.ours:
                self.appeared.add(snapshot_id)
            if self.names.get(snapshot_id, name) != name and snapshot_id not in gone:
                self.renamed[snapshot_id] += 1
            self.names[snapshot_id] = name
        self.seen[number] = (set(listed) | (before[0] if before else set()), self.turn)

    desks_of, places = st.integers(0, 2), st.integers(0, 4)

    @rule(number=desks_of, seconds=st.sampled_from([0, 20, 70, 400]))
    def somebody_looks(self, number, seconds):
        self.clock.shift(timedelta(seconds=seconds))
        self.look(number)

    @rule(reads=st.sampled_from(["fine", "fine", "down", "no servers", "no count"]), lags=st.booleans())
    def the_lists_get_better_or_worse(self, reads, lags):
        self.provider.reads, self.provider.lags = reads, lags

    @rule()
    def one_is_made_outside(self):
        if len(self.of_server()) < 4:
            self.provider.add(SERVER, f"out-{next(self.numbers)}")

    @rule(place=places)
    def one_is_deleted_outside(self, place):
        if self.of_server():
            self.provider.delete(self.of_server()[place % len(self.of_server())])

    @rule(place=places, name=st.sampled_from(["a", "b"]))
    def one_is_renamed_outside(self, place, name):
        if self.of_server():
            chosen = self.of_server()[place % len(self.of_server())]
            if chosen in self.ours and chosen not in self.names:
                return  # one of ours that lost its name before any list showed it cannot be told from another one's
            self.provider.changes[chosen] = {"name": f"{name}-{chosen}"}

    @rule(number=st.integers(0, 1), mode=st.sampled_from(MODES))
    def one_is_made_through_the_portal(self, number, mode):
        self.act(number, mode, lambda desk, view: desk.create(view, name=f"ours-{next(self.numbers)}"))

    @rule(number=st.integers(0, 1), place=places, mode=st.sampled_from(MODES))
    def one_is_deleted_through_the_portal(self, number, place, mode):
        def delete(desk, view):
            if view.snapshots:
                desk.delete(view, view.snapshots[place % len(view.snapshots)])

        self.act(number, mode, delete)

    def of_server(self) -> list[int]:
        return [one for one, data in self.provider.snapshots.items() if data["server_id"] == SERVER]

    def act(self, number, mode, run) -> None:
        self.look(number)
        desk = self.desks[number]
        try:
            view = next(one for one in desk.views() if one.server_id == SERVER)
            self.provider.mode = mode
            run(desk, view)
        except (OperationRefusedError, Killed, StopIteration):
            pass
        finally:
            self.provider.mode = "fine"

    def counts(self, *codes: str) -> Counter[int]:
        rows = Entry.objects.filter(action="snapshot.observed", code__in=codes)
        return Counter(rows.values_list("snapshot_id", flat=True))

    @invariant()
    def nothing_of_ours_is_recorded_and_nothing_twice(self):
        appeared, vanished = self.counts("appeared"), self.counts("vanished", "vanished_with_server")
        assert max((*appeared.values(), *vanished.values()), default=0) <= 1
        assert not self.ours & set(appeared), "a snapshot of ours appeared"
        assert not self.deleted_by_us & set(vanished), "a snapshot that we deleted vanished"
        assert not set(vanished) & set(self.provider.snapshots), "it is there"
        assert set(appeared) <= self.appeared
        assert not Entry.objects.filter(action="snapshot.observed", actor_id__isnull=False).exists()

    def finish(self) -> None:
        """Everything settles: the lists are whole, everybody looks, and each operation ends."""
        self.provider.reads, self.provider.lags = "fine", False
        for _ in range(6):
            for number in range(3):
                self.clock.shift(timedelta(minutes=4))
                self.look(number)
        self.nothing_of_ours_is_recorded_and_nothing_twice()
        assert set(self.counts("appeared")) == self.appeared
        assert self.counts("renamed") == self.renamed
        gone = set(self.known_at) - set(self.provider.snapshots) - self.deleted_by_us
        assert set(self.counts("vanished", "vanished_with_server")) >= gone - self.explained()

    def explained(self) -> set[int]:
        """What somebody else deleted, while a delete of ours without an answer may have done it."""
        deletes = Operation.objects.filter(action=Action.DELETE).exclude(state=State.FAILED)
        return set(deletes.exclude(code="already_gone").values_list("snapshot_id", flat=True))


class FinishedHistories(Histories):
    def teardown(self) -> None:
        try:
            self.finish()
        finally:
            super().teardown()


@pytest.mark.django_db
def test_each_outside_change_is_recorded_once_and_none_of_ours(cast, double, monkeypatch):
    monkeypatch.setattr(Histories, "cast", cast)
    monkeypatch.setattr(Histories, "double", double)
    run_state_machine_as_test(
        FinishedHistories, settings=machine_settings(runs=RUNS, steps=STEPS, shrinks=False)
    )
