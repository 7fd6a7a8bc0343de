"""Values in audit rows that SQLite stores although no column of the log can hold them; PostgreSQL refuses them."""

import pytest
from django.db import connection

from snapshots.audit import journal, verification
from snapshots.audit.journal import JournalUnavailableError
from snapshots.audit.streaming.sender import State, send_rows
from snapshots.audit.streaming.webhook import Webhook
from tests.audit.test_verification_texts import anchor
from tests.support.audit_rows import write_events
from tests.support.audit_triggers import without_triggers
from tests.support.stream_collectors import KEY, webhook_collector

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("change", [{"at": "yesterday"}, {"sequence": "four"}, {"at": 12}])
def test_after_a_newest_row_that_cannot_be_read_nothing_is_written(change):
    write_events(2)
    with without_triggers():
        ((column, value),) = change.items()
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE audit_entry SET {column} = %s WHERE sequence = 2", [value])
    for check in (journal.check_key, lambda: write_events(1)):
        with pytest.raises(
            JournalUnavailableError, match=r"the last row (cannot be read: .+|has no number or no time)"
        ):
            check()


def test_a_row_that_cannot_be_read_is_not_the_row_of_an_anchor():
    write_events(2)
    named = anchor(2)
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_entry SET reason = CAST(x'ff' AS TEXT) WHERE sequence = 2")
    assert verification.find_head(named) is None


@pytest.mark.parametrize("numbers", [(2,), (1, 2), (3,)])
def test_a_stream_names_a_row_that_cannot_be_read_and_goes_on(numbers):
    write_events(3)
    with without_triggers(), connection.cursor() as cursor:
        for number in numbers:
            cursor.execute(
                "UPDATE audit_entry SET reason = CAST(x'ff' AS TEXT) WHERE sequence = %s", [number]
            )
    with webhook_collector() as collector:
        channel = Webhook(collector.url, [KEY], public_only=False)
        assert send_rows(channel).state is State.CURRENT
        assert send_rows(channel).state is State.CURRENT
        assert collector.sequences == [1, 2, 3]
        assert [row["sequence"] for row in collector.collected.rows if row["type"] == "unreadable"] == list(
            numbers
        )
