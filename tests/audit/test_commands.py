"""verify_audit, anchor_audit and export_audit: their output, the rows they record and their exit codes."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from django.core.management import call_command

from snapshots.audit import anchors
from snapshots.audit.models import Entry
from tests.support.audit_rows import verdict, write_events
from tests.support.audit_triggers import without_triggers

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def anchor_file(tmp_path, settings) -> Path:
    path = tmp_path / "anchors.jsonl"
    settings.SNAPPORTAL_ANCHOR_FILE = str(path)
    settings.SNAPPORTAL_ANCHOR_URL = ""
    return path


@pytest.fixture
def anchor_server():
    """A web server for anchors. `received`: the bodies so far; `status`: its answer; it answers while `may_answer` is set."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.received.append(json.loads(body))
            server.may_answer.wait(5)
            self.send_response(server.status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Keep the test output free of request lines."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.received, server.status, server.may_answer = [], 204, threading.Event()
    server.may_answer.set()
    server.url = f"http://127.0.0.1:{server.server_port}/anchors"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.may_answer.set()
    server.shutdown()
    thread.join()
    server.server_close()


def run(capsys, name: str, *options: str) -> tuple[int, str, str]:
    code = 0
    try:
        call_command(name, *options)
    except SystemExit as end:
        code = end.code
    output = capsys.readouterr()
    return code, output.out, output.err


def last(action: str) -> Entry:
    return Entry.objects.all().last_of(action)


def test_verifying_a_valid_log_exits_with_0_and_is_recorded(capsys):
    write_events(5)
    code, out, err = run(capsys, "verify_audit")
    assert (code, "5 rows hold" in out, "no file of anchors" in err) == (0, True, True)
    assert (last("audit.verify").result, last("audit.verify").channel) == ("completed", "command")
    assert verdict().holds


def test_more_rows_than_one_batch_are_verified(capsys, monkeypatch):
    monkeypatch.setattr("snapshots.audit.queries.BATCH_SIZE", 7)
    write_events(15)
    code, out, _err = run(capsys, "verify_audit")
    assert (code, "15 rows hold, up to row 15" in out) == (0, True)


def test_an_empty_log_is_valid(capsys):
    assert run(capsys, "verify_audit", "--no-record")[:2] == (
        0,
        "The audit log holds: 0 rows hold, up to row 0.\n",
    )
    assert not Entry.objects.exists()


def test_verifying_a_broken_log_exits_with_1_and_names_the_row(capsys):
    write_events(5)
    with without_triggers():
        Entry.objects.filter(sequence=3).update(actor_role="somebody else")
    code, _out, err = run(capsys, "verify_audit")
    assert (code, "row 3: its signature is not valid" in err) == (1, True)
    assert (last("audit.verify").result, last("audit.verify").code) == ("failed", "hash")


def test_a_log_that_cannot_be_checked_exits_with_2(capsys, settings, tmp_path, anchor_file):
    write_events(1)
    assert run(capsys, "verify_audit", "--anchors", str(tmp_path / "missing"))[0] == 2
    for nonsense in ("not json", "[]", '{"sequence": 1}', '{"sequence": "1", "hash": 2}'):
        anchor_file.write_text(nonsense)
        assert run(capsys, "verify_audit")[0] == 2
        assert run(capsys, "anchor_audit")[0] == 2
    settings.SNAPPORTAL_AUDIT_KEYS = {}
    assert run(capsys, "verify_audit")[0] == 2
    assert run(capsys, "anchor_audit")[0] == 2


def test_an_anchor_is_appended_printed_recorded_and_verified(capsys, anchor_file):
    write_events(3)
    code, out, _err = run(capsys, "anchor_audit")
    assert code == 0
    write_events(2)
    run(capsys, "anchor_audit")
    first, second = anchors.read_anchors(anchor_file, on_truncated=pytest.fail)
    assert anchors.to_line(first) == out.strip()
    assert (first.sequence, first.count, second.sequence) == (3, 3, 6)
    assert last("audit.anchor").evidence.startswith("row 6, hash ")
    assert "anchors that agree: 2" in run(capsys, "verify_audit")[1]


def test_a_log_with_rows_cut_off_is_reported_and_not_anchored(capsys, anchor_file):
    write_events(6)
    run(capsys, "anchor_audit")
    with without_triggers():
        Entry.objects.filter(sequence__gt=4).delete()
    code, _out, err = run(capsys, "verify_audit", "--no-record")
    assert (code, "row 5: an anchor names rows that are not there" in err) == (1, True)
    assert run(capsys, "anchor_audit")[0] == 1
    assert len(anchors.read_anchors(anchor_file, on_truncated=pytest.fail)) == 1
    assert last("audit.anchor").result == "failed"


def test_rows_cut_off_are_detected_though_the_anchor_file_was_emptied(capsys, anchor_file):
    write_events(3)
    run(capsys, "anchor_audit")
    write_events(3)
    run(capsys, "anchor_audit")
    with without_triggers():
        Entry.objects.filter(sequence__gt=6).delete()
    for content in ("", "\n", None):
        anchor_file.unlink(missing_ok=True)
        if content is not None:
            anchor_file.write_text(content)
        code, _out, err = run(capsys, "verify_audit", "--no-record")
        assert (code, "row 4: it tells of an anchor" in err, "no anchor in the file" in err) == (
            1,
            True,
            content is not None,
        )
        assert run(capsys, "anchor_audit")[0] == 1
        assert not anchor_file.exists() or anchor_file.read_text() == content
    assert last("audit.anchor").result == "failed"


def test_an_anchor_removed_from_the_file_is_reported(capsys, anchor_file):
    for _ in range(3):
        write_events(2)
        run(capsys, "anchor_audit")
    lines = anchor_file.read_text().splitlines(keepends=True)
    anchor_file.write_text(lines[0] + lines[2])
    code, _out, err = run(capsys, "verify_audit", "--no-record")
    assert (code, "row 6: it tells of an anchor" in err) == (1, True)


def test_an_empty_anchor_file_causes_a_warning(capsys, anchor_file):
    write_events(2)
    anchor_file.touch()
    code, _out, err = run(capsys, "verify_audit")
    assert (code, "There is no anchor in the file" in err) == (0, True)


def test_an_older_copy_of_the_anchors_causes_a_warning_and_an_empty_one_fails(capsys, anchor_file, tmp_path):
    write_events(2)
    run(capsys, "anchor_audit")
    copy = tmp_path / "copy.jsonl"
    copy.write_text(anchor_file.read_text())
    run(capsys, "anchor_audit")
    code, _out, err = run(capsys, "verify_audit", "--no-record", "--anchors", str(copy))
    assert (code, "lacks anchors that row 4" in err) == (0, True)
    copy.write_text("")
    assert run(capsys, "verify_audit", "--no-record", "--anchors", str(copy))[0] == 1


def test_an_anchor_written_during_verification_is_not_reported_as_lost(capsys, anchor_file, monkeypatch):
    """The command has read the file already when the log records another anchor."""
    write_events(2)
    run(capsys, "anchor_audit")
    read = anchors.read_anchors

    def read_then_anchor_again(path, **options):
        found = read(path, **options)
        monkeypatch.setattr(anchors, "read_anchors", read)
        call_command("anchor_audit")
        return found

    monkeypatch.setattr(anchors, "read_anchors", read_then_anchor_again)
    assert run(capsys, "verify_audit")[0] == 0


@pytest.mark.parametrize(
    "truncated", ["{", '{"at":"2026-', '{"at":"2026-11-24T17:30:00.000000Z","count":3,"ha', "\0\0"]
)
def test_a_truncated_last_anchor_is_reported_and_does_not_affect_others(capsys, anchor_file, truncated):
    write_events(3)
    run(capsys, "anchor_audit")
    with anchor_file.open("a") as file:
        file.write(truncated)
    code, out, err = run(capsys, "verify_audit", "--no-record")
    assert (code, "anchors that agree: 1" in out, "Line 2 of the anchors" in err) == (0, True, True)
    code, _out, err = run(capsys, "anchor_audit")
    assert (code, "Line 2 of the anchors" in err) == (0, True)
    assert anchor_file.read_text().splitlines()[1] == truncated
    code, out, err = run(capsys, "verify_audit", "--no-record")
    assert (code, "anchors that agree: 2" in out) == (0, True)


def test_an_anchor_appended_after_a_missing_line_feed_starts_a_new_line(capsys, anchor_file):
    write_events(3)
    run(capsys, "anchor_audit")
    anchor_file.write_text(anchor_file.read_text().rstrip("\n"))
    run(capsys, "anchor_audit")
    assert "anchors that agree: 2" in run(capsys, "verify_audit")[1]


def test_an_empty_log_is_not_anchored(capsys, anchor_file):
    assert run(capsys, "anchor_audit")[0] == 2
    assert not anchor_file.exists()


def test_an_anchor_is_posted_when_a_url_is_set(capsys, settings, anchor_server, anchor_file):
    settings.SNAPPORTAL_ANCHOR_URL = anchor_server.url
    write_events(2)
    assert run(capsys, "anchor_audit")[0] == 0
    assert anchor_server.received == [json.loads(anchor_file.read_text())]
    assert "noted by file, web" in last("audit.anchor").evidence


@pytest.mark.parametrize("status", [302, 404, 500])
def test_an_anchor_refused_by_the_url_is_reported(capsys, settings, anchor_server, anchor_file, status):
    settings.SNAPPORTAL_ANCHOR_URL = anchor_server.url
    anchor_server.status = status
    write_events(2)
    code, _out, err = run(capsys, "anchor_audit")
    assert (code, str(status) in err) == (1, True)
    assert len(anchor_server.received) == 1
    assert (last("audit.anchor").result, anchor_file.exists()) == ("failed", True)


def test_a_url_that_never_answers_times_out(capsys, settings, anchor_server, monkeypatch):
    settings.SNAPPORTAL_ANCHOR_URL = anchor_server.url
    monkeypatch.setattr(anchors, "SEND_SECONDS", 0.2)
    anchor_server.may_answer.clear()
    write_events(2)
    code, _out, err = run(capsys, "anchor_audit")
    assert (code, "could not be sent" in err) == (1, True)


def test_an_anchor_file_that_cannot_be_written_is_reported(capsys, settings, tmp_path):
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "no-such-folder" / "anchors.jsonl")
    write_events(2)
    code, _out, err = run(capsys, "anchor_audit")
    assert (code, "cannot be written" in err) == (1, True)
    assert last("audit.anchor").result == "failed"


def test_an_export_by_command_is_recorded_before_it_is_written(capsys):
    write_events(3)
    code, out, err = run(capsys, "export_audit")
    assert (code, out.count('"type":"row"'), "3 rows" in err) == (0, 3, True)
    assert last("audit.export").channel == "command"


def test_verifying_reads_in_short_batches(capsys, monkeypatch, django_assert_max_num_queries):
    """One long read would block every writer on SQLite."""
    monkeypatch.setattr("snapshots.audit.queries.BATCH_SIZE", 10)
    monkeypatch.setattr("snapshots.audit.log_reader.ROWS_PER_BATCH", 10)
    write_events(35)
    with django_assert_max_num_queries(18) as seen:
        run(capsys, "verify_audit", "--no-record")
    entry_queries = [
        query["sql"] for query in seen.captured_queries if "audit.a" not in query["sql"]
    ]  # not those for anchors and acceptances, which are few
    reads = [sql for sql in entry_queries if "LIMIT 10" in sql]
    assert len(reads) == 5  # below row 1, and four of the rows
    assert not any("OFFSET" in sql for sql in reads)
