"""Several observers look at the same moment: each change is recorded by one of them."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.db import connections
from django.utils import timezone

from snapshots.observations import comparison, looking, recording
from snapshots.observations.models import Change, SeenList
from snapshots.sandbox.demo_data import issue_token
from snapshots.sandbox.models import Snapshot
from tests.support.desk import Desk, make_desk
from tests.support.observing import observed

OBSERVERS = 4


@pytest.fixture
def desks(far_desk, cast, http_sandbox, settings) -> list[Desk]:
    """Mia and Ada, each with an own token for the same account."""
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = 10
    token = issue_token(http_sandbox.sandbox.account.email, "Ada's")
    return [far_desk, make_desk(cast.ada, token)]


def at_once(call: Callable[[], int]) -> list[int | str]:
    """What each observer returned, or the name of its error."""
    barrier = threading.Barrier(OBSERVERS)
    results: list[int | str] = []

    def run() -> None:
        try:
            barrier.wait(20)
            results.append(call())
        except Exception as error:  # noqa: BLE001 - the test shows it
            results.append(f"{type(error).__name__}: {error}")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(OBSERVERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def change_past_the_portal(desk: Desk) -> None:
    view = desk.server()
    first, *others = Snapshot.objects.filter(server_id=view.server_id).order_by("pk")
    others[0].delete()
    Snapshot.objects.filter(pk=first.pk).update(name="renamed-there")
    first.pk = None
    first.name = "by-hand"
    first.save()


def read_all(desks: list[Desk]) -> None:
    for one in desks:
        one.views()


def test_each_change_is_recorded_once_by_observers_that_look_at_the_same_moment(desks):
    with time_machine.travel(timezone.now(), tick=True) as clock:
        read_all(desks)
        looking.compare_all()
        change_past_the_portal(desks[0])
        for _ in range(3):
            clock.shift(timedelta(minutes=5))
            read_all(desks)
            results = at_once(looking.compare_all)
            assert not [one for one in results if isinstance(one, str)], results
    assert sorted(row.code for row in observed()) == ["appeared", "renamed", "vanished"]
    assert not Change.objects.filter(recorded_at=None).exists()


def test_two_first_readings_at_the_same_moment_are_one_baseline(desks):
    read_all(desks)
    results = at_once(looking.compare_all)
    assert results == [0] * OBSERVERS
    assert SeenList.objects.count() == 2
    assert observed() == []


def test_a_change_whose_row_cannot_be_written_is_recorded_later(desks, monkeypatch, settings):
    from snapshots.audit.journal import JournalUnavailableError

    with time_machine.travel(timezone.now(), tick=True) as clock:
        read_all(desks)
        looking.compare_all()
        change_past_the_portal(desks[0])
        clock.shift(timedelta(minutes=5))
        read_all(desks)
        keys, settings.SNAPPORTAL_AUDIT_KEYS = settings.SNAPPORTAL_AUDIT_KEYS, {}
        with pytest.raises(JournalUnavailableError):
            looking.compare_all()
        assert observed() == []
        settings.SNAPPORTAL_AUDIT_KEYS = keys
        assert recording.record_waiting() == 2
    assert sorted(row.code for row in observed()) == ["appeared", "renamed"]


def test_an_observer_that_was_overtaken_changes_nothing(desks):
    """It has loaded what the other one changes before it does."""
    read_all(desks)
    looking.compare_all()
    change_past_the_portal(desks[0])
    with time_machine.travel(timezone.now() + timedelta(minutes=5), tick=True):
        read_all(desks)
        reading = looking.last_whole_reading(desks[0].token.fingerprint)
        before = SeenList.objects.get(pk=desks[0].token.fingerprint)
        assert comparison.compare(desks[0].token, reading) == 2
        SeenList.objects.filter(pk=before.pk).update(read_at=before.read_at, snapshots=before.snapshots)
        assert comparison.compare(desks[0].token, reading) == 0
        assert Change.objects.count() == 2
