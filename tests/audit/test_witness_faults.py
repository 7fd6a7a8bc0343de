"""No fault of the witness's own machine ends its watch, makes it forget, or makes it accuse an honest portal."""

import hashlib
import time
from types import SimpleNamespace

import pytest

from snapshots.audit import witness
from tests.support.log_files import ORIGIN, Signer, checkpoint
from tests.support.log_server import leaves, running
from tests.support.witness_runs import age, remembered, runner


@pytest.fixture
def server():
    with running() as log:
        log.leaves = leaves(300)
        yield log


@pytest.fixture
def run(tmp_path, server, monkeypatch, capsys):
    return runner(tmp_path, server.url, monkeypatch, capsys)


@pytest.mark.parametrize(
    ("lost", "finding"),
    [
        (["state.json"], "No such file"),
        (["key"], "No such file"),
        (["state.json", "key"], "No such file"),
        ({"state.json": "{"}, "Put back what is missing"),
        ({"state.json": "7"}, "Put back what is missing"),
        ({"state.json": '{"size": 3}'}, "it is damaged"),
        ({"key": "ab"}, "it is damaged"),
    ],
)
def test_a_witness_that_lost_its_memory_or_key_does_not_begin_anew(run, tmp_path, capsys, lost, finding):
    run()
    folder = tmp_path / "witness"
    kept = {path.name: path.read_text() for path in folder.iterdir() if path.name not in lost}
    for name in lost:
        (folder / name).unlink()
    for name, content in lost.items() if isinstance(lost, dict) else ():
        (folder / name).write_text(content)
    with pytest.raises(SystemExit, match="2"):
        run()
    assert finding in capsys.readouterr().err
    assert {path.name: path.read_text() for path in folder.iterdir() if path.name not in lost} == kept


@pytest.mark.parametrize("name", ["", "my witness", "a+b", "a\tb", "a\u00a0b", "a\x00b", "a\x7f", "a\udcff"])
def test_a_name_that_no_signature_line_can_hold_is_refused(run, tmp_path, name):
    with pytest.raises(SystemExit, match="2"):
        run("--name", name)
    assert not (tmp_path / "witness").exists()


def test_a_new_origin_is_another_log_and_no_rewritten_history(run, server, tmp_path):
    """After an accepted restore the log goes on under another origin, and the witness was given both keys."""
    other = Signer(f"{ORIGIN}/2")
    run("--key", other.vkey)
    before = remembered(tmp_path)
    for log in (leaves(300, "other"), leaves(12)):
        server.note = checkpoint(log, [other], other.name)
        code, output = run("--key", other.vkey)
        assert (code, f"another log: it is '{other.name}', and '{ORIGIN}' is known" in output) == (1, True)
        assert "two logs" not in output
        assert "shrank" not in output
    assert remembered(tmp_path) == before
    assert run("--key", other.vkey, folder="new")[0] == 2  # its tiles are not served here


def test_the_checkpoint_of_a_peer_may_not_be_of_another_log(run, server, tmp_path):
    peer, other = tmp_path / "peer-checkpoint", Signer(f"{ORIGIN}/2")
    peer.write_text(checkpoint(leaves(300), [other], other.name))
    for _ in range(2):
        code, output = run("--key", other.vkey, "--peer", peer)
        assert (code, "another log" in output, "two logs" in output) == (1, True, False)
        run()


def test_a_peers_file_that_is_no_checkpoint_is_named(run, tmp_path):
    peer = tmp_path / "peer-checkpoint"
    peer.write_bytes(b"\xff\xfe")
    code, output = run("--peer", peer)
    assert (code, f"{peer}: this is no checkpoint" in output) == (1, True)


@pytest.mark.parametrize(
    ("script", "finding"),
    [
        (None, "No such file"),
        ("#!/bin/sh\nsleep 5\n", "timed out after"),
        ("#!/bin/sh\nexit 3\n", "exit status 3"),
        ("no program\n", "Exec format error"),
    ],
)
def test_a_failing_alarm_program_is_reported_and_does_not_end_the_watch(
    run, server, tmp_path, monkeypatch, capsys, script, finding
):
    command = tmp_path / "command"
    if script:
        command.write_text(script)
        command.chmod(0o700)
    run()
    server.leaves = leaves(3)
    monkeypatch.setattr(witness, "DEADLINE_SECONDS", 0.5)
    checks = []

    def sleep(seconds: float) -> None:
        checks.append(seconds)
        if len(checks) == 3:
            raise KeyboardInterrupt

    clock = SimpleNamespace(time=time.time, ctime=time.ctime, sleep=sleep)
    monkeypatch.setattr(witness, "time", clock)
    with pytest.raises(KeyboardInterrupt):
        run("--every", 7, "--alarm-command", command)
    assert checks == [7, 7, 7]
    assert capsys.readouterr().err.count(finding) == 3


def test_an_answer_cannot_end_the_watch_by_what_the_alarm_program_cannot_take(run, server, tmp_path):
    """The reason phrase of an answer comes into the text of the alarm: NUL is no part of an argument."""
    run()
    age(tmp_path, 100)
    server.reason = "a\0b\x1b[2Jc"
    server.override = lambda path: (500, b"")
    code, output = run("--max-age", 60, "--alarm-command", "/bin/true")
    assert (code, "a\\x00b\\x1b[2Jc" in output, "failed" in output) == (1, True, False), output


def test_threads_that_cannot_be_started_do_not_end_the_watch(run, tmp_path, monkeypatch):
    """A portal that sends its answer byte by byte keeps a thread of each check waiting."""
    run()

    def refuse(self: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(witness.threading.Thread, "start", refuse)
    code, output = run()
    assert (code, "WARNING" in output, "can't start new thread" in output) == (2, True, True)


def test_the_alarm_is_raised_though_the_evidence_cannot_be_kept(run, server, tmp_path):
    run()
    server.leaves = leaves(3)
    digest = hashlib.sha256(checkpoint(server.leaves).encode()).hexdigest()[:16]
    (tmp_path / "witness" / f"evidence-{digest}.new").mkdir()
    code, output = run()
    assert (code, "the log shrank" in output, "Is a directory" in output) == (1, True, True)
