"""verify_audit, anchor_audit, export_audit: what they say, what they note, and the code they end with."""

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
def notary():
    """A web server that takes anchors: `seen` what came, `status` what it answers, `held` while it does not answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.seen.append(json.loads(body))
            server.held.wait(5)
            self.send_response(server.status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """The tests' own output stays clean."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.seen, server.status, server.held = [], 204, threading.Event()
    server.held.set()
    server.url = f"http://127.0.0.1:{server.server_port}/anchors"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.held.set()
    server.shutdown()
    thread.join()
    server.server_close()


def run(capsys, name: str, *options: str) -> tuple[int, str, str]:
    code = 0
    try:
        call_command(name, *options)
    except SystemExit as end:
        code = end.code
    said = capsys.readouterr()
    return code, said.out, said.err


def last(action: str) -> Entry:
    return Entry.objects.all().last_of(action)


def test_a_log_that_holds_is_verified_and_the_log_says_so(capsys):
    write_events(5)
    code, out, err = run(capsys, "verify_audit")
    assert (code, "5 rows hold" in out, "no file of anchors" in err) == (0, True, True)
    assert (last("audit.verify").result, last("audit.verify").channel) == ("completed", "command")
    assert verdict().holds


def test_more_rows_than_one_batch_are_verified(capsys, monkeypatch):
    monkeypatch.setattr("snapshots.audit.models.BATCH_SIZE", 7)
    write_events(15)
    code, out, _err = run(capsys, "verify_audit")
    assert (code, "15 rows hold, up to row 15" in out) == (0, True)


def test_an_empty_log_holds(capsys):
    assert run(capsys, "verify_audit", "--no-record")[:2] == (
        0,
        "The audit log holds: 0 rows hold, up to row 0.\n",
    )
    assert not Entry.objects.exists()


def test_a_broken_log_ends_with_1_and_names_the_row(capsys):
    write_events(5)
    with without_triggers():
        Entry.objects.filter(sequence=3).update(actor_name="Somebody else")
    code, _out, err = run(capsys, "verify_audit")
    assert (code, "row 3: its signature is not valid" in err) == (1, True)
    assert (last("audit.verify").result, last("audit.verify").code) == ("failed", "hash")


def test_what_cannot_be_checked_ends_with_2(capsys, settings, tmp_path, anchor_file):
    write_events(1)
    assert run(capsys, "verify_audit", "--anchors", str(tmp_path / "missing"))[0] == 2
    for nonsense in ("not json", "[]", '{"sequence": 1}', '{"sequence": "1", "hash": 2}'):
        anchor_file.write_text(nonsense)
        assert run(capsys, "verify_audit")[0] == 2
        assert run(capsys, "anchor_audit")[0] == 2
    settings.SNAPPORTAL_AUDIT_KEYS = {}
    assert run(capsys, "verify_audit")[0] == 2
    assert run(capsys, "anchor_audit")[0] == 2


def test_an_anchor_is_appended_printed_and_found_again(capsys, anchor_file):
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


def test_a_cut_tail_is_named_by_verify_and_not_anchored_again(capsys, anchor_file):
    write_events(6)
    run(capsys, "anchor_audit")
    with without_triggers():
        Entry.objects.filter(sequence__gt=4).delete()
    code, _out, err = run(capsys, "verify_audit", "--no-record")
    assert (code, "row 5: an anchor names rows that are not there" in err) == (1, True)
    assert run(capsys, "anchor_audit")[0] == 1
    assert len(anchors.read_anchors(anchor_file, on_truncated=pytest.fail)) == 1
    assert last("audit.anchor").result == "failed"


def test_an_emptied_file_of_anchors_does_not_hide_a_cut_tail(capsys, anchor_file):
    write_events(3)
    run(capsys, "anchor_audit")
    write_events(3)
    run(capsys, "anchor_audit")
    with without_triggers():
        Entry.objects.filter(sequence__gt=6).delete()
    for emptied in ("", "\n", None):
        anchor_file.unlink(missing_ok=True)
        if emptied is not None:
            anchor_file.write_text(emptied)
        code, _out, err = run(capsys, "verify_audit", "--no-record")
        assert (code, "row 4: it tells of an anchor" in err, "no anchor in the file" in err) == (
            1,
            True,
            emptied is not None,
        )
        assert run(capsys, "anchor_audit")[0] == 1
        assert not anchor_file.exists() or anchor_file.read_text() == emptied
    assert last("audit.anchor").result == "failed"


def test_an_anchor_taken_out_of_the_file_is_missed(capsys, anchor_file):
    for _ in range(3):
        write_events(2)
        run(capsys, "anchor_audit")
    lines = anchor_file.read_text().splitlines(keepends=True)
    anchor_file.write_text(lines[0] + lines[2])
    code, _out, err = run(capsys, "verify_audit", "--no-record")
    assert (code, "row 6: it tells of an anchor" in err) == (1, True)


def test_an_empty_file_of_anchors_is_warned_of(capsys, anchor_file):
    write_events(2)
    anchor_file.touch()
    code, _out, err = run(capsys, "verify_audit")
    assert (code, "There is no anchor in the file" in err) == (0, True)


def test_an_older_copy_of_the_anchors_is_told_of_but_an_empty_one_fails(capsys, anchor_file, tmp_path):
    write_events(2)
    run(capsys, "anchor_audit")
    copy = tmp_path / "copy.jsonl"
    copy.write_text(anchor_file.read_text())
    run(capsys, "anchor_audit")
    code, _out, err = run(capsys, "verify_audit", "--no-record", "--anchors", str(copy))
    assert (code, "lacks anchors that row 4" in err) == (0, True)
    copy.write_text("")
    assert run(capsys, "verify_audit", "--no-record", "--anchors", str(copy))[0] == 1


def test_an_anchor_that_comes_during_the_check_is_not_missed(capsys, anchor_file, monkeypatch):
    """The file was read already; the log tells of it all the same."""
    write_events(2)
    run(capsys, "anchor_audit")
    read = anchors.read_anchors

    def read_and_be_overtaken(path, **options):
        found = read(path, **options)
        monkeypatch.setattr(anchors, "read_anchors", read)
        call_command("anchor_audit")
        return found

    monkeypatch.setattr(anchors, "read_anchors", read_and_be_overtaken)
    assert run(capsys, "verify_audit")[0] == 0


@pytest.mark.parametrize(
    "torn", ["{", '{"at":"2026-', '{"at":"2026-11-24T17:30:00.000000Z","count":3,"ha', "\0\0"]
)
def test_a_torn_last_line_of_the_anchors_is_told_and_harms_no_other(capsys, anchor_file, torn):
    write_events(3)
    run(capsys, "anchor_audit")
    with anchor_file.open("a") as file:
        file.write(torn)
    code, out, err = run(capsys, "verify_audit", "--no-record")
    assert (code, "anchors that agree: 1" in out, "Line 2 of the anchors" in err) == (0, True, True)
    code, _out, err = run(capsys, "anchor_audit")
    assert (code, "Line 2 of the anchors" in err) == (0, True)
    assert anchor_file.read_text().splitlines()[1] == torn
    code, out, err = run(capsys, "verify_audit", "--no-record")
    assert (code, "anchors that agree: 2" in out) == (0, True)


def test_a_last_anchor_without_its_line_feed_keeps_its_line(capsys, anchor_file):
    write_events(3)
    run(capsys, "anchor_audit")
    anchor_file.write_text(anchor_file.read_text().rstrip("\n"))
    run(capsys, "anchor_audit")
    assert "anchors that agree: 2" in run(capsys, "verify_audit")[1]


def test_an_empty_log_is_not_anchored(capsys, anchor_file):
    assert run(capsys, "anchor_audit")[0] == 2
    assert not anchor_file.exists()


def test_an_anchor_is_posted_when_there_is_an_address(capsys, settings, notary, anchor_file):
    settings.SNAPPORTAL_ANCHOR_URL = notary.url
    write_events(2)
    assert run(capsys, "anchor_audit")[0] == 0
    assert notary.seen == [json.loads(anchor_file.read_text())]
    assert "noted by file, web" in last("audit.anchor").evidence


@pytest.mark.parametrize("status", [302, 404, 500])
def test_an_anchor_that_is_not_taken_is_told(capsys, settings, notary, anchor_file, status):
    settings.SNAPPORTAL_ANCHOR_URL = notary.url
    notary.status = status
    write_events(2)
    code, _out, err = run(capsys, "anchor_audit")
    assert (code, str(status) in err) == (1, True)
    assert len(notary.seen) == 1
    assert (last("audit.anchor").result, anchor_file.exists()) == ("failed", True)


def test_an_address_that_never_answers_does_not_hold_us_up(capsys, settings, notary, monkeypatch):
    settings.SNAPPORTAL_ANCHOR_URL = notary.url
    monkeypatch.setattr(anchors, "SEND_SECONDS", 0.2)
    notary.held.clear()
    write_events(2)
    code, _out, err = run(capsys, "anchor_audit")
    assert (code, "could not be sent" in err) == (1, True)


def test_a_file_that_cannot_be_written_is_told(capsys, settings, tmp_path):
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "no-such-folder" / "anchors.jsonl")
    write_events(2)
    code, _out, err = run(capsys, "anchor_audit")
    assert (code, "cannot be written" in err) == (1, True)
    assert last("audit.anchor").result == "failed"


def test_an_export_by_command_is_noted_first(capsys):
    write_events(3)
    code, out, err = run(capsys, "export_audit")
    assert (code, len(out.splitlines()), "3 rows" in err) == (0, 3, True)
    assert last("audit.export").channel == "command"


def test_verifying_reads_in_short_batches(capsys, monkeypatch, django_assert_max_num_queries):
    """One long read would hold up every writer on SQLite."""
    monkeypatch.setattr("snapshots.audit.models.BATCH_SIZE", 10)
    write_events(35)
    with django_assert_max_num_queries(10) as seen:
        run(capsys, "verify_audit", "--no-record")
    of_all = [
        query["sql"] for query in seen.captured_queries if "audit.a" not in query["sql"]
    ]  # not those for anchors and acceptances, which are few
    reads = [sql for sql in of_all if "LIMIT 10" in sql]
    assert len(reads) == 5
    assert not any("OFFSET" in sql for sql in reads)
