"""A clock for jobs."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine


@pytest.fixture
def clock(settings) -> Iterator[time_machine.Traveller]:
    """A clock that the tests move by hand; the sandbox's operations take as long as documented."""
    settings.SNAPPORTAL_SANDBOX_SPEED = 1
    with time_machine.travel(datetime.now(UTC), tick=True) as traveller:
        yield traveller
