"""The receivers of notifications, and a cursor that is before the events of a test."""

import pytest

from snapshots.notifications import outbox
from tests.support.notification_receivers import mail_sink, webhook_receiver


@pytest.fixture
def receiver():
    with webhook_receiver() as found:
        yield found


@pytest.fixture
def sink():
    with mail_sink() as found:
        yield found


@pytest.fixture
def watched(db) -> None:
    """The first run of the outbox, which begins with what is written after it."""
    outbox.read_log()
