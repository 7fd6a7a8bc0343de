"""Whether a snapshot is the newest completed one of its server, by the last reading: whoever spares the newest asks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from snapshots.contract import ServerRef, Snapshot
from snapshots.operations import preconditions
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.preconditions import check_not_newest

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def snapshot(number: int, hours: int | None, server: int = 1, status: str = "completed") -> Snapshot:
    created_at = None if hours is None else NOON + timedelta(hours=hours)
    return Snapshot(id=number, server=ServerRef(server), status=status, created_at=created_at)


@pytest.fixture
def listed(desk, monkeypatch):
    """Makes these snapshots the last reading; None: there is none."""
    desk.views()
    reading = preconditions.last_reading(desk.token)

    def show(*snapshots: Snapshot) -> None:
        monkeypatch.setattr(
            preconditions, "last_reading", lambda _token: replace(reading, snapshots=snapshots)
        )

    show()
    return show


def refuses(desk, snapshot_id: int | None, server_id: int = 1) -> bool:
    try:
        check_not_newest(desk.token, server_id, snapshot_id)
    except OperationRefusedError as error:
        assert error.code == "newest"
        return True
    return False


def test_an_older_one_passes_and_the_newest_does_not(desk, listed):
    listed(snapshot(1, 0), snapshot(2, 1))
    assert (refuses(desk, 1), refuses(desk, 2)) == (False, True)


def test_of_two_made_at_the_same_time_neither_passes(desk, listed):
    listed(snapshot(1, 0), snapshot(2, 0))
    assert refuses(desk, 1)
    assert refuses(desk, 2)


@pytest.mark.parametrize(
    "other",
    [
        snapshot(2, 1, server=2),
        snapshot(2, 1, status="in_progress"),
        snapshot(2, 1, status="failed"),
        snapshot(2, None),
    ],
)
def test_only_completed_ones_of_the_same_server_with_a_time_count(desk, listed, other):
    listed(snapshot(1, 0), other)
    assert refuses(desk, 1)
    listed(snapshot(1, 0), other, snapshot(3, 2))
    assert not refuses(desk, 1)


def test_what_is_not_known_does_not_pass(desk, listed, monkeypatch):
    listed(snapshot(1, None), snapshot(2, 1))
    assert refuses(desk, 1)
    assert refuses(desk, 99)
    assert refuses(desk, None)
    monkeypatch.setattr(preconditions, "last_reading", lambda _token: None)
    assert refuses(desk, 2)
