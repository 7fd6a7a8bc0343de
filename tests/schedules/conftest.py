"""A clock for schedules."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine


@pytest.fixture
def clock(settings) -> Iterator[time_machine.Traveller]:
    """A clock that the tests move by hand; it begins at half past an hour. The sandbox is as slow as documented."""
    settings.SNAPPORTAL_SANDBOX_SPEED = 1
    start = datetime.now(UTC).replace(minute=30, second=0, microsecond=0)
    with time_machine.travel(start, tick=True) as traveller:
        yield traveller
