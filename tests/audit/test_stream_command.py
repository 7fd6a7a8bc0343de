"""stream_audit: what it prints and its exit codes; how it ends on SIGTERM."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection

from snapshots.audit.streaming import channels, cursors, sender
from snapshots.audit.streaming.models import StreamCursor
from tests.support.audit_commands import restore_backup, run
from tests.support.audit_rows import write_events
from tests.support.stream_collectors import KEY, SECRET, syslog_collector, webhook_collector
from tests.support.tls import write_certificate

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def collector(settings):
    with webhook_collector() as found:
        settings.SNAPPORTAL_STREAM_WEBHOOK_URL = found.url
        settings.SNAPPORTAL_STREAM_WEBHOOK_SECRET = [KEY]
        yield found


def test_without_a_stream_there_is_nothing_to_do(capsys):
    code, _out, err = run(capsys, "stream_audit", "--once")
    assert (code, "No stream is configured" in err) == (2, True)


def test_all_rows_are_sent_to_both_streams(capsys, collector, settings, tmp_path):
    certificate = write_certificate(tmp_path)
    with syslog_collector(certificate) as server:
        settings.SNAPPORTAL_STREAM_SYSLOG = ("127.0.0.1", server.port)
        settings.SNAPPORTAL_STREAM_SYSLOG_CA = str(certificate)
        write_events(5)
        code, out, err = run(capsys, "stream_audit", "--once")
    assert (code, err) == (0, "")
    assert out == "webhook: sent up to row 5.\nsyslog: sent up to row 5.\n"
    assert collector.sequences == server.sequences == [1, 2, 3, 4, 5]


def test_more_than_one_turn_is_sent(capsys, collector, monkeypatch):
    monkeypatch.setattr("snapshots.audit.streaming.batches.MAX_ROWS", 2)
    monkeypatch.setattr(sender, "MAX_BATCHES", 2)
    write_events(11)
    assert run(capsys, "stream_audit", "--once")[0] == 0
    assert collector.sequences == list(range(1, 12))


def test_a_failure_is_reported_and_shown_until_it_is_over(capsys, collector):
    write_events(5)
    collector.faults = ["503"]
    code, _out, err = run(capsys, "stream_audit", "--once")
    assert (code, "the answer was 503. It will be tried again" in err) == (1, True)
    code, out, _err = run(capsys, "stream_audit", "--status")
    assert (code, "webhook: sent up to row 0 of 5; failed 1 times" in out, "503" in out) == (1, True, True)
    assert run(capsys, "stream_audit", "--once")[0] == 0
    code, out, _err = run(capsys, "stream_audit", "--status")
    assert (code, out.startswith("webhook: sent up to row 5 of 5 at ")) == (0, True)


def test_a_stop_is_reported_with_what_to_do(capsys, collector):
    write_events(10)
    run(capsys, "stream_audit", "--once")
    restore_backup(until=6)
    for options in (["--once"], ["--status"]):
        code, out, err = run(capsys, "stream_audit", *options)
        assert (code, "row 10 was sent, and the log ends with row" in out + err) == (1, True)
    assert "stopped at " in out


def test_another_sender_is_reported(capsys, collector):
    write_events(1)
    cursors.claim("webhook", "another")
    code, _out, err = run(capsys, "stream_audit", "--once")
    assert (code, "another process is sending" in err, collector.deliveries) == (1, True, 0)


def test_the_channels_are_those_of_the_settings(settings):
    settings.SNAPPORTAL_STREAM_WEBHOOK_URL = "https://siem.example.com/in"
    settings.SNAPPORTAL_STREAM_WEBHOOK_SECRET = [KEY]
    settings.SNAPPORTAL_STREAM_SYSLOG = ("siem.example.com", 6514)
    settings.SNAPPORTAL_STREAM_SYSLOG_CONFIRM = "close"
    settings.SNAPPORTAL_STREAM_PRIVATE_ADDRESSES = False
    webhook, syslog = channels.configured()
    assert (webhook.url, webhook.keys, webhook.public_only) == ("https://siem.example.com/in", [KEY], True)
    assert (syslog.host, syslog.port, syslog.is_close_enough, syslog.public_only) == (
        "siem.example.com", 6514, True, True,
    )  # fmt: skip


@pytest.mark.parametrize("pause", [False, True])
def test_the_command_sends_new_rows_until_sigterm_and_ends_in_order(collector, transactional_db, pause):
    """With a pause after a failure, too, it ends at once."""
    write_events(3)
    if pause:
        StreamCursor.objects.create(stream="webhook", attempts=9, retry_at=datetime(2100, 1, 1, tzinfo=UTC))
    process = start_command(collector.url)
    try:
        assert process.stdout.readline() == "Streams: webhook. SIGTERM ends them.\n"
        if not pause:
            assert process.stdout.readline() == "webhook: sent up to row 3.\n"
            write_events(2)
            wait_for(lambda: collector.sequences == [1, 2, 3, 4, 5])
        process.send_signal(signal.SIGTERM)
        _out, errors = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, errors) == (0, "")
    cursor = StreamCursor.objects.get()
    assert (cursor.sequence, cursor.claimed_by) == (0 if pause else 5, "")


def start_command(url: str) -> "subprocess.Popen[str]":
    """stream_audit in a process of its own, on the database of this test."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        database = f"sqlite:///{name}"
    else:
        database = os.environ["SNAPPORTAL_DATABASE_URL"].rpartition("/")[0] + "/" + name
    return subprocess.Popen(
        [sys.executable, "manage.py", "stream_audit"],
        cwd=ROOT,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "SNAPPORTAL_DATABASE_URL": database,
            "SNAPPORTAL_STREAM_WEBHOOK_URL": url,
            "SNAPPORTAL_STREAM_WEBHOOK_SECRET": SECRET,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(condition) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
