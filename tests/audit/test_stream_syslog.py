"""The stream to a syslog server: RFC 5424 messages over TLS, confirmed by the end of each connection (RFC 5425)."""

import json
import socket

import pytest

from snapshots.audit import journal, sealing
from snapshots.audit.lines import row_line, with_subjects
from snapshots.audit.models import Entry
from snapshots.audit.streaming import batches, sender, syslog
from snapshots.audit.streaming.models import StreamCursor
from snapshots.audit.streaming.sender import State, Turn, send_rows
from snapshots.audit.streaming.syslog import Syslog
from tests.support.audit_rows import MIA, rows, write_events
from tests.support.stream_collectors import syslog_collector
from tests.support.stream_rules import RuleError, split_frames
from tests.support.tls import write_certificate

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return write_certificate(tmp_path_factory.mktemp("syslog"))


@pytest.fixture
def collector(certificate):
    with syslog_collector(certificate) as found:
        yield found


@pytest.fixture
def channel(collector, certificate) -> Syslog:
    return Syslog("127.0.0.1", collector.port, authorities=str(certificate), public_only=False)


def send(channel: Syslog) -> Turn:
    return send_rows(channel, is_patient=False)


def send_at_fault(channel: Syslog, fault: str) -> Turn:
    """Like `send`; a delivery that the collector holds up ends after a second."""
    with pytest.MonkeyPatch.context() as patch:
        if fault in {"hang", "drip"}:
            patch.setattr(sender, "SEND_SECONDS", 1.0)
        return send(channel)


def cursor() -> StreamCursor:
    return StreamCursor.objects.get(stream="syslog")


def test_every_row_is_a_message_with_its_links(collector, channel, monkeypatch):
    monkeypatch.setattr(batches, "MAX_ROWS", 10)
    write_events(25)
    assert send(channel).state is State.CURRENT
    assert collector.sequences == list(range(1, 26))
    assert (collector.deliveries, collector.complaints) == (3, [])
    for message, row in zip(collector.messages, rows(), strict=True):
        assert message["id"] == f"snapportal@{syslog.ENTERPRISE_NUMBER}"
        assert (message["sequence"], message["treeSize"]) == (str(row["sequence"]),) * 2
        assert (message["hash"], message["previousHash"]) == (row["hash"], row["previous_hash"])
        assert (message["stream"], message["priority"]) == ("syslog", "109")
    assert [message["at"] for message in collector.messages] == [
        row["at"] for row in collector.collected.rows
    ]


def test_a_row_of_any_text_arrives_as_it_is(collector, channel):
    for text in ("naïve “text” \U0001f4be", 'quote " backslash \\ bracket ]', "line\nfeed", "12 <13>1 -"):
        journal.record(MIA.entry(action="person.sign_in", reason=text, target=text))
    send(channel)
    sent = [{name: row[name] for name in ("type", "row", "open")} for row in collector.collected.rows]
    found = with_subjects(Entry.objects.order_by("sequence").rows())
    assert sent == [json.loads(sealing.canonical(row_line(row, known))) for row, known in found]


def test_values_of_structured_data_are_escaped(settings, collector, channel):
    settings.SNAPPORTAL_LOG_ORIGIN = 'a"b\\c]dé'
    write_events(1)
    send(channel)
    assert collector.messages[0]["origin"] == 'a"b\\c]dé'


@pytest.mark.parametrize("fault", ["cut", "early"])
@pytest.mark.parametrize("is_close_enough", [False, True])
def test_a_connection_that_breaks_confirms_nothing(
    collector, channel, certificate, fault, is_close_enough, monkeypatch
):
    """The rows are more than the socket buffers hold, so a part of them is unread when the server closes."""
    monkeypatch.setattr(batches, "MAX_BYTES", 10_000_000)
    channel = Syslog(
        "127.0.0.1", collector.port, str(certificate), is_close_enough=is_close_enough, public_only=False
    )
    journal.record(MIA.entry(action="person.sign_in", reason="x" * 2000, evidence="y" * 2000))
    write_events(5)
    collector.faults = [fault]
    assert (send(channel).state, cursor().sequence) == (State.FAILED, 0)
    assert send(channel).state is State.CURRENT
    assert (collector.sequences, collector.collected.repeats) == ([1, 2, 3, 4, 5, 6], 0)


@pytest.mark.parametrize("fault", ["lose", "hang", "plain"])
def test_what_was_read_without_a_close_notify_is_sent_again(collector, channel, fault):
    write_events(3)
    collector.faults = [fault]
    turn = send_at_fault(channel, fault)
    assert (turn.state, cursor().sequence, cursor().attempts) == (State.FAILED, 0, 1)
    assert ("SNAPPORTAL_STREAM_SYSLOG_CONFIRM" in turn.error) == (fault == "plain")
    collector.may_go_on.set()
    assert send(channel).state is State.CURRENT
    assert (collector.sequences, collector.collected.repeats) == ([1, 2, 3], 3)


def test_a_server_that_closes_without_close_notify_can_be_accepted(collector, certificate):
    write_events(3)
    collector.faults = ["plain"]
    channel = Syslog("127.0.0.1", collector.port, str(certificate), is_close_enough=True, public_only=False)
    assert send(channel).state is State.CURRENT
    assert (collector.sequences, collector.collected.repeats, collector.deliveries) == ([1, 2, 3], 0, 1)


def test_a_server_that_cannot_show_a_trusted_certificate_gets_nothing(collector):
    write_events(3)
    turn = send(Syslog("127.0.0.1", collector.port, public_only=False))
    assert (turn.state, "certificate verify failed" in turn.error) == (State.FAILED, True)
    assert (collector.deliveries, cursor().sequence) == (0, 0)


def test_a_certificate_for_another_host_is_refused(collector, certificate):
    write_events(3)
    turn = send(Syslog("localhost", collector.port, authorities=str(certificate), public_only=False))
    assert (turn.state, "certificate" in turn.error) == (State.FAILED, True)
    assert collector.deliveries == 0


def test_an_address_that_is_not_public_is_refused_unless_it_is_allowed(collector, certificate):
    write_events(1)
    turn = send(Syslog("127.0.0.1", collector.port, authorities=str(certificate)))
    assert (turn.state, "is not a public address" in turn.error) == (State.FAILED, True)
    assert collector.deliveries == 0


def test_the_frames_of_a_batch_are_cut_by_their_length():
    write_events(2)
    frames = syslog.make_frames(batches.read_batch(StreamCursor(stream="syslog")))
    assert [message[:7] for message in split_frames(frames)] == [b"<109>1 "] * 2
    with pytest.raises(RuleError, match="cut short"):
        split_frames(frames[:-1])


def test_bytes_that_the_server_has_not_acknowledged_are_not_confirmed_by_a_closed_connection(
    certificate, monkeypatch
):
    """The server closes its own direction and reads nothing; its buffer is smaller than the batch."""
    monkeypatch.setattr(syslog, "ACKNOWLEDGE_SECONDS", 0.3)
    write_events(30)
    with syslog_collector(certificate, receive_bytes=2048) as collector:
        channel = Syslog(
            "127.0.0.1", collector.port, str(certificate), is_close_enough=True, public_only=False
        )
        collector.faults = ["half"]
        turn = send(channel)
    assert (turn.state, turn.error) == (
        State.FAILED,
        "the batch could not be sent: the server did not acknowledge the last bytes",
    )


def test_a_reset_after_the_close_is_not_an_acknowledgement():
    """The server had closed the connection before the bytes arrived."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        with client:
            listener.accept()[0].close()
            assert client.recv(1) == b""
            client.sendall(b"too late")
            with pytest.raises(OSError, match=r"EPIPE|ECONNRESET"):
                syslog.check_acknowledged(client)
