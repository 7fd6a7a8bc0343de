"""The stream to a webhook: signed batches, in order, repeated until they are confirmed, and never past a row."""

import json
from base64 import b64decode
from datetime import UTC, datetime, timedelta

import pytest

from snapshots.audit import journal, sealing, standard_webhooks
from snapshots.audit.lines import row_line, with_subjects
from snapshots.audit.models import Entry
from snapshots.audit.streaming import batches, cursors, sender
from snapshots.audit.streaming.models import StreamCursor
from snapshots.audit.streaming.sender import State, send_rows
from snapshots.audit.streaming.webhook import Webhook
from tests.support.audit_rows import MIA, rows, write_events
from tests.support.rendezvous import at_once
from tests.support.stream_collectors import KEY, webhook_collector

pytestmark = pytest.mark.django_db


@pytest.fixture
def collector():
    with webhook_collector() as found:
        yield found


@pytest.fixture
def channel(collector) -> Webhook:
    return Webhook(collector.url, [KEY], public_only=False)


def send(channel: Webhook) -> sender.Turn:
    return send_rows(channel, is_patient=False)


def send_at_fault(channel: Webhook, fault: str) -> sender.Turn:
    """Like `send`; a delivery that the collector holds up ends after a second."""
    with pytest.MonkeyPatch.context() as patch:
        if fault in {"hang", "drip"}:
            patch.setattr(sender, "SEND_SECONDS", 1.0)
        return send(channel)


def cursor() -> StreamCursor:
    return StreamCursor.objects.get(stream="webhook")


def test_a_signature_is_that_of_the_published_example():
    """The example in the test suites of Standard Webhooks' reference libraries."""
    key = b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signature = standard_webhooks.sign(
        key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_every_row_is_sent_in_order_with_its_links(collector, channel, monkeypatch):
    monkeypatch.setattr(batches, "MAX_ROWS", 20)
    write_events(45)
    assert send(channel).state is State.CURRENT
    assert collector.sequences == list(range(1, 46))
    assert [row["hash"] for row in collector.collected.rows] == [row["hash"] for row in rows()]
    assert [len(body["data"]["rows"]) for body in collector.bodies] == [20, 20, 5]
    data = collector.bodies[1]["data"]
    assert (data["first_sequence"], data["last_sequence"], data["tree_size"]) == (21, 40, 40)
    assert data["previous_hash"] == rows()[19]["hash"]
    assert (collector.bodies[1]["type"], data["stream"]) == ("audit.rows", "webhook")
    assert collector.bodies[1]["timestamp"] == data["rows"][-1]["at"]
    assert (cursor().sequence, cursor().hash) == (45, rows()[-1]["hash"])


def test_a_sent_row_is_the_line_of_the_export(collector, channel):
    journal.record(MIA.entry(action="person.sign_in", reason="naïve “text” \U0001f4be"))
    send(channel)
    sent = [{name: row[name] for name in ("type", "row", "open")} for row in collector.collected.rows]
    found = with_subjects(Entry.objects.order_by("sequence").rows())
    assert sent == [json.loads(sealing.canonical(row_line(row, known))) for row, known in found]


def test_nothing_is_sent_or_written_while_there_is_nothing_new(
    collector, channel, django_assert_max_num_queries
):
    write_events(3)
    send(channel)
    with django_assert_max_num_queries(3) as seen:
        assert send(channel).state is State.CURRENT
    assert all(query["sql"].startswith("SELECT") for query in seen.captured_queries)
    assert collector.deliveries == 1


def test_a_batch_has_a_limit_in_bytes_and_a_larger_row_is_sent_alone(collector, channel, monkeypatch):
    monkeypatch.setattr(batches, "MAX_BYTES", 8000)
    write_events(4)
    journal.record(
        MIA.entry(
            action="person.sign_in", reason="x" * 2000, evidence="y" * 2000, provider_message="z" * 2000
        )
    )
    write_events(2)
    assert send(channel).state is State.CURRENT
    assert [len(body["data"]["rows"]) for body in collector.bodies] == [4, 1, 2]


def test_two_secrets_sign_every_request(collector):
    write_events(1)
    assert (
        send(Webhook(collector.url, [b"another key, the new one", KEY], public_only=False)).state
        is State.CURRENT
    )
    assert len(collector.headers[0]["webhook-signature"].split(" ")) == 2


@pytest.mark.parametrize("fault", ["500", "404", "410", "redirect", "reset", "hang"])
def test_a_batch_that_was_not_taken_is_sent_again_as_it_was(collector, channel, fault):
    write_events(3)
    collector.faults = [fault]
    turn = send_at_fault(channel, fault)
    assert (turn.state, turn.newest, bool(turn.error)) == (State.FAILED, 0, True)
    assert (cursor().sequence, cursor().attempts, cursor().last_error) == (0, 1, turn.error)
    assert send(channel).state is State.CURRENT
    assert (collector.sequences, collector.collected.repeats) == ([1, 2, 3], 0)
    assert (cursor().attempts, cursor().last_error, cursor().retry_at) == (0, "", None)


@pytest.mark.parametrize("fault", ["lose", "drip"])
def test_a_batch_whose_answer_is_lost_is_repeated_under_the_same_id(collector, channel, fault):
    write_events(3)
    collector.faults = [fault]
    assert send_at_fault(channel, fault).state is State.FAILED
    assert send(channel).state is State.CURRENT
    first, second = collector.headers
    assert first["webhook-id"] == second["webhook-id"]
    assert collector.bodies[0] == collector.bodies[1]
    assert (collector.sequences, collector.collected.repeats) == ([1, 2, 3], 3)


def test_a_repeat_with_other_borders_is_recognised_by_its_rows(collector, channel):
    write_events(3)
    collector.faults = ["lose"]
    send(channel)
    write_events(2)
    assert send(channel).state is State.CURRENT
    assert collector.headers[0]["webhook-id"] != collector.headers[1]["webhook-id"]
    assert (collector.sequences, collector.collected.repeats) == ([1, 2, 3, 4, 5], 3)


def test_a_patient_sender_waits_longer_after_each_failure(collector, channel):
    write_events(1)
    collector.faults = ["500"] * 3
    assert send_rows(channel).state is State.FAILED
    assert send_rows(channel).state is State.BUSY
    assert collector.deliveries == 1
    for _ in range(2):
        StreamCursor.objects.update(retry_at=datetime.now(UTC))
        assert send_rows(channel).state is State.FAILED
    pause = cursor().retry_at - cursor().failed_at
    assert timedelta(seconds=4) <= pause <= timedelta(seconds=8)
    assert 150 <= cursors.pause_seconds(1000) <= 300


def test_of_several_senders_at_once_one_sends(collector, channel, transactional_db, monkeypatch):
    monkeypatch.setattr(sender, "SEND_SECONDS", 2.0)
    write_events(20)
    collector.faults = ["drip"]
    turns = at_once([lambda: send(channel)] * 4)
    states = sorted(turn.state for turn in turns)
    assert (states, collector.deliveries) == ([State.BUSY] * 3 + [State.FAILED], 1)


def test_a_claimed_stream_is_claimed_by_nobody_else_until_it_is_released():
    first = cursors.claim("webhook", "first")
    assert cursors.claim("webhook", "second") is None
    cursors.release(first)
    assert cursors.claim("webhook", "second").claimed_by == "second"


def test_a_claim_ends_by_itself_and_a_late_sender_does_not_move_the_cursor(collector, channel):
    """The first sender was suspended after its delivery; another one has taken over meanwhile."""
    write_events(5)
    late = cursors.claim("webhook", "late", seconds=-1)
    batch = batches.read_batch(late)
    write_events(1)
    assert send(channel).state is State.CURRENT
    assert not cursors.advance(late, batch)
    assert not cursors.renew(late)
    cursors.fail(late, "too late")
    assert (cursor().sequence, cursor().last_error) == (6, "")


def test_a_sender_that_has_lost_its_claim_sends_nothing(collector, channel):
    write_events(3)

    def take_over() -> bool:
        StreamCursor.objects.update(claimed_by="another")
        return False

    turn = send_rows(channel, must_end=take_over)
    assert (turn.state, collector.deliveries) == (State.BUSY, 0)
    assert (cursor().sequence, cursor().claimed_by) == (0, "another")


def test_a_sender_that_must_end_sends_no_further_batch(collector, channel, monkeypatch):
    monkeypatch.setattr(batches, "MAX_ROWS", 5)
    write_events(8)
    turn = send_rows(channel, must_end=lambda: bool(collector.deliveries))
    assert (turn.state, turn.newest, cursor().claimed_by) == (State.SENT, 5, "")


def test_the_secret_and_the_path_are_in_no_error(collector, channel):
    write_events(1)
    collector.faults = ["reset"]
    turn = send(channel)
    assert "/rows" not in turn.error
    assert KEY.decode() not in repr(channel) + turn.error


@pytest.mark.parametrize("address", ["http://127.0.0.1:{port}/rows", "http://localhost:{port}/rows"])
def test_an_address_that_is_not_public_is_refused_unless_it_is_allowed(collector, address):
    write_events(1)
    port = collector.url.rsplit(":", 1)[1].split("/")[0]
    turn = send(Webhook(address.format(port=port), [KEY]))
    assert (turn.state, "is not a public address" in turn.error) == (State.FAILED, True)
    assert collector.deliveries == 0


def test_an_unreadable_row_is_named_in_its_place(channel):
    write_events(3)
    found = rows()
    events = [
        batches.events.make_event(row, {}) for row in [found[0] | {"duration_ms": float("inf")}, found[1]]
    ]
    assert json.loads(events[0].text) == {"type": "unreadable", "sequence": 1}
    assert (events[0].hash, events[1].hash) == ("", found[1]["hash"])
    assert Entry.objects.count() == 3
