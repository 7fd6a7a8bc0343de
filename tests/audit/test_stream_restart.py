"""A stream stops when the log does not follow what was sent, and goes on only where somebody says so, with a reason."""

import pytest

from snapshots.audit import journal
from snapshots.audit.models import Entry
from snapshots.audit.streaming import cursors
from snapshots.audit.streaming.models import StreamCursor
from snapshots.audit.streaming.sender import State, Turn, send_rows
from snapshots.audit.streaming.webhook import Webhook
from tests.support.audit_commands import restore_backup, run
from tests.support.audit_rows import rows, verdict, write_events
from tests.support.audit_triggers import without_triggers
from tests.support.stream_collectors import KEY, webhook_collector

pytestmark = pytest.mark.django_db


@pytest.fixture
def collector():
    with webhook_collector() as found:
        yield found


@pytest.fixture
def channel(collector) -> Webhook:
    return Webhook(collector.url, [KEY], public_only=False)


def send(channel: Webhook) -> Turn:
    return send_rows(channel, is_patient=False)


def restart(capsys, after: int, *options: str) -> tuple[int, str]:
    options = options or ("--reason", "Disk of db1 failed", "--by", "Ada")
    code, out, err = run(capsys, "stream_audit", "--restart", "webhook", "--after", str(after), *options)
    return code, out + err


@pytest.fixture
def sent(channel) -> None:
    """Ten rows, all of which were sent."""
    write_events(10)
    assert send(channel).state is State.CURRENT


def stops() -> list[Entry]:
    return list(Entry.objects.filter(action=cursors.STOP))


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (0, "the log ends with row 6"),
        (4, "another row in its place"),
        (9, "row 11 does not follow"),
    ],
)
def test_a_restored_log_stops_the_stream_and_is_recorded_once(collector, channel, sent, written, problem):
    restore_backup(until=6)
    write_events(written) if written else None
    for _ in range(2):
        turn = send(channel)
        assert (turn.state, problem in turn.error) == (State.STOPPED, True)
    assert [(row.result, row.target, row.evidence) for row in stops()] == [
        ("failed", "webhook", f"stopped: “{turn.error}”")
    ]
    assert (collector.deliveries, StreamCursor.objects.get().sequence) == (1, 10)
    assert verdict().holds


def test_a_restored_log_goes_on_after_the_given_row_with_a_reason_in_the_log(
    capsys, collector, channel, sent
):
    before = rows()[-1]["hash"]
    restore_backup(until=6)
    send(channel)
    code, output = restart(capsys, 6)
    assert (code, "goes on after row 6; the cursor was at row 10" in output) == (0, True)
    row = Entry.objects.all().last_of(cursors.RESTART)
    assert (row.target, row.reason, row.settled_by, row.channel) == (
        "webhook", "Disk of db1 failed", "Ada", "command",
    )  # fmt: skip
    assert f"row 10, hash {before}; stopped: “row 10 was sent" in row.evidence
    assert send(channel).state is State.FAILED, "the collector holds other rows 7 and 8, and says so"
    assert collector.complaints == ["row 7 is not the one that was received before"]
    collector.collected.rows = collector.collected.rows[:6]  # somebody at the collector has looked into it
    assert send(channel).state is State.CURRENT
    assert [row["row"]["action"] for row in collector.collected.rows[6:]] == [cursors.STOP, cursors.RESTART]


def test_a_restart_after_0_sends_everything_again(capsys, collector, channel, sent):
    assert restart(capsys, 0)[0] == 0
    assert send(channel).state is State.CURRENT
    assert (collector.sequences, collector.collected.repeats) == (list(range(1, 12)), 10)


def test_missing_rows_stop_the_stream_and_a_restart_names_them(capsys, collector, channel, sent):
    write_events(5)
    with without_triggers():
        Entry.objects.filter(sequence__in=(12, 13)).delete()
    turn = send(channel)
    assert turn.error == "row 12 is missing: after row 11 comes row 14"
    assert restart(capsys, 13)[0] == 0
    assert "rows 11 to 13 were not sent" in Entry.objects.all().last_of(cursors.RESTART).evidence
    assert send(channel).state is State.FAILED
    assert collector.complaints == ["row 11 is missing"]


@pytest.mark.parametrize("after", [-1, 11])
def test_a_restart_after_a_row_that_is_not_there_is_refused(capsys, channel, sent, after):
    code, output = restart(capsys, after)
    assert (code, f"there is no row {after}" in output) == (1, True)
    assert not Entry.objects.filter(action=cursors.RESTART).exists()


@pytest.mark.parametrize(
    "options", [("--by", "Ada"), ("--reason", " ", "--by", "Ada"), ("--reason", "x", "--by", " ")]
)
def test_a_restart_without_reason_or_name_is_refused(capsys, channel, sent, options):
    assert restart(capsys, 5, *options)[0] == 1
    assert StreamCursor.objects.get().sequence == 10


def test_a_restart_of_an_unknown_stream_is_refused(capsys, db):
    code, output = restart(capsys, 0)
    assert (code, "no stream webhook" in output) == (1, True)


def test_a_restart_takes_the_claim_from_a_sender_at_work(capsys, channel, sent):
    working = cursors.claim("webhook", "working")
    restart(capsys, 5)
    assert not cursors.renew(working)
    cursors.stop(working, "what it read before")
    cursor = StreamCursor.objects.get()
    assert (cursor.sequence, cursor.stopped_at, stops()) == (5, None, [])


def test_of_two_senders_that_find_the_same_problem_one_records_it(channel, sent):
    claimed = cursors.claim("webhook", "first")
    for _ in range(2):
        cursors.stop(claimed, "row 10 was sent")
    assert len(stops()) == 1


def test_a_stop_that_cannot_be_recorded_is_reported_as_such(channel, sent, settings):
    restore_backup(until=6)
    settings.SNAPPORTAL_AUDIT_KEYS = {}
    with pytest.raises(journal.JournalUnavailableError):
        send(channel)
    cursor = StreamCursor.objects.get()
    assert (cursor.stopped_at, cursor.claimed_by) == (None, "")
