"""The witness remembers and cosigns a log that only grows, and raises the alarm for any other."""

import ast
import base64
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from snapshots.audit import verify_log, witness
from tests.support.log_files import ORIGIN, SIGNER, Signer, checkpoint, root_of
from tests.support.log_server import leaves, running
from tests.support.witness_runs import age, remembered, runner

OTHER_KEY = Signer(seed=b"o" * 32)


@pytest.fixture
def server():
    with running() as log:
        log.leaves = leaves(300)
        yield log


@pytest.fixture
def run(tmp_path, server, monkeypatch, capsys):
    return runner(tmp_path, server.url, monkeypatch, capsys)


@pytest.mark.parametrize(
    "sizes", [(0, 1, 2), (1, 255, 256, 257), (5, 5), (300, 511, 512, 513), (513, 70_000, 70_001)]
)
def test_a_log_that_grows_is_remembered(run, server, tmp_path, sizes):
    log = leaves(max(sizes))
    for size in sizes:
        server.leaves = log[:size]
        assert run()[0] == 0
        assert remembered(tmp_path)["size"] == size
        assert remembered(tmp_path)["root"] == root_of(log[:size]).hex()


def test_a_check_fetches_few_tiles(run, server):
    server.leaves = leaves(70_000)
    run()
    server.leaves = leaves(70_500)
    server.requested.clear()
    run()
    assert len(server.requested) <= 7
    assert "/log/tile/0/275.p/100" in server.requested


def test_tiles_beyond_999_have_a_path_of_several_elements(server):
    server.override = lambda path: (200, bytes(32)) if path.endswith(".p/1") else None
    assert witness.fetch_tile(server.url, 1_234_067 * 256 + 1, 0, 1_234_067) == [bytes(32)]
    assert server.requested == ["/log/tile/0/x001/x234/067.p/1"]


def test_the_cosigned_checkpoint_holds_both_signatures_and_the_time(run, server, tmp_path):
    code, output = run("--name", "auditor.example.com/w")
    note = (tmp_path / "witness" / "checkpoint").read_text()
    assert code == 0
    assert note.startswith(checkpoint(server.leaves))
    vkey = output.split()[-1]
    name, key_id, encoded = vkey.split("+", 2)
    public = base64.b64decode(encoded)
    assert (name, public[0]) == ("auditor.example.com/w", 4)
    assert key_id == hashlib.sha256(f"{name}\n".encode() + public).digest()[:4].hex()
    last = note.splitlines()[-1]
    assert last.startswith(f"— {name} ")
    data = base64.b64decode(last.split()[-1])
    at = int.from_bytes(data[4:12], "big")
    text = note.rpartition("\n\n")[0] + "\n"
    message = f"cosignature/v1\ntime {at}\n{text}".encode()
    Ed25519PublicKey.from_public_bytes(public[1:]).verify(data[12:], message)
    assert data[:4].hex() == key_id
    assert abs(at - time.time()) < 60
    keys = [verify_log.parse_key(SIGNER.vkey)]
    assert verify_log.parse_checkpoint(note, keys) == (ORIGIN, 300, root_of(server.leaves))


def test_the_witness_keeps_its_key_for_itself(run, tmp_path):
    first, second = run()[1], run()[1]
    assert first == second
    assert (tmp_path / "witness" / "key").stat().st_mode & 0o077 == 0


def test_a_checkpoint_is_remembered_before_it_is_cosigned(run, server, tmp_path):
    run()
    (tmp_path / "witness" / "checkpoint").unlink()
    (tmp_path / "witness" / "checkpoint").mkdir()
    server.leaves = leaves(301)
    assert run()[0] == 1
    assert remembered(tmp_path)["size"] == 301


def test_a_checkpoint_is_on_the_disk_before_it_is_cosigned(run, tmp_path, monkeypatch):
    synced, fsync = [], os.fsync

    def record(number: int) -> None:
        synced.append(Path(f"/proc/self/fd/{number}").readlink().name)
        fsync(number)

    monkeypatch.setattr(os, "fsync", record)
    run()
    assert synced[-4:] == ["state.json.new", "witness", "checkpoint.new", "witness"]


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda log: [*log[:7], b"x" * 32, *log[8:]], "two logs are shown: 300 rows with another root"),
        (lambda log: [*log[:7], b"x" * 32, *log[8:], b"y" * 32], "history was rewritten: of [300] rows"),
        (lambda log: [b"x" * 32, *log], "history was rewritten: of [300] rows"),
        (lambda log: [*log[:299], b"x" * 32, b"y" * 32], "history was rewritten: of [300] rows"),
        (lambda log: log[:-1], "the log shrank: it has 299 rows, and had 300"),
        (lambda log: [], "the log shrank: it has 0 rows, and had 300"),
    ],
)
def test_a_log_that_was_changed_raises_the_alarm_and_is_not_remembered(
    run, server, tmp_path, change, finding
):
    run()
    before, cosigned = remembered(tmp_path), (tmp_path / "witness" / "checkpoint").read_text()
    server.leaves = change(server.leaves)
    for _ in range(2):
        code, output = run()
        assert (code, "ALARM" in output, finding in output) == (1, True, True), output
    assert remembered(tmp_path) == before
    assert (tmp_path / "witness" / "checkpoint").read_text() == cosigned
    [evidence] = (tmp_path / "witness").glob("evidence-*")
    assert evidence.read_text() == checkpoint(server.leaves)
    server.leaves = leaves(310)
    assert run()[0] == 0


def test_a_checkpoint_of_another_key_or_origin_raises_the_alarm(run, server):
    run()
    for note, finding in (
        (checkpoint(server.leaves, [OTHER_KEY]), "not signed with a key that was given"),
        (checkpoint(server.leaves, origin="other.example.com/log"), "is of another log"),
        (checkpoint(server.leaves)[:-9] + "AAAAAA==\n", "ALARM"),
        ("<html>", "ALARM"),
    ):
        server.note = note
        code, output = run()
        assert (code, finding in output) == (1, True), output


def test_tiles_that_do_not_belong_to_the_checkpoint_raise_the_alarm(run, server):
    run()
    server.leaves = leaves(301)
    server.note = checkpoint(leaves(301, "other"))
    code, output = run()
    assert (code, "the tiles are not those of the checkpoint" in output) == (1, True)


def test_both_keys_are_taken_during_a_change_of_keys(run, server):
    run()
    server.note = checkpoint(server.leaves, [OTHER_KEY, SIGNER])
    assert run()[0] == run(key=OTHER_KEY.vkey)[0] == 0
    server.note = checkpoint(server.leaves, [OTHER_KEY])
    assert run("--key", OTHER_KEY.vkey)[0] == 0


def test_a_log_that_stands_still_raises_the_alarm_after_the_maximal_age(run, server, tmp_path):
    run()
    assert run("--max-age", 60)[0] == 0
    age(tmp_path, 100)
    code, output = run("--max-age", 60)
    assert (code, "the portal answers, but shows no newer row' (for 10" in output) == (1, True)
    server.leaves = leaves(301)
    assert run("--max-age", 60)[0] == 0


@pytest.mark.parametrize("status", [404, 503, 302])
def test_an_unreachable_portal_is_reported_at_once_and_raises_the_alarm_after_the_maximal_age(
    run, server, tmp_path, status
):
    run()
    server.override = lambda path: (status, f"{server.url}checkpoint2".encode())
    code, output = run("--max-age", 60)
    assert (code, "WARNING" in output, "unreachable: " in output) == (2, True, True)
    age(tmp_path, 100)
    code, output = run("--max-age", 60)
    assert (code, "ALARM" in output, "unreachable: " in output) == (1, True, True)
    assert "/log/checkpoint2" not in server.requested


@pytest.mark.parametrize("path", ["/log/checkpoint", "/log/tile/0/001.p/44"])
def test_an_answer_that_is_too_long_is_not_read(run, server, path):
    server.override = lambda asked: (200, b"x" * 10**6) if asked == path else None
    assert run()[0] == 2


@pytest.mark.alone
def test_an_answer_that_does_not_end_is_given_up(run, server, monkeypatch):
    monkeypatch.setattr(witness, "DEADLINE_SECONDS", 0.3)
    server.override = lambda path: time.sleep(1.5)
    started = time.monotonic()
    assert run()[0] == 2
    assert time.monotonic() - started < 1.2


def test_two_witnesses_to_whom_different_logs_are_shown_notice_it(run, server, tmp_path):
    peer = tmp_path / "peer" / "checkpoint"
    run(folder="peer")
    assert run("--peer", peer)[0] == 0
    server.leaves = leaves(305)
    assert run("--peer", peer)[0] == 0
    server.leaves = [*leaves(300)[:-1], b"x" * 32]
    code, output = run("--peer", peer, folder="third")
    assert (code, "two logs are shown: 300 rows with another root" in output) == (1, True)
    server.leaves = [*leaves(305, "other")]
    code, output = run("--peer", peer, folder="fourth")
    assert (code, "history was rewritten: of [300] rows" in output) == (1, True)
    server.leaves = leaves(299)
    code, output = run("--peer", peer, folder="fifth")
    assert (code, "the log shrank: it has 299 rows, and had 300" in output) == (1, True)


def test_the_alarm_command_receives_the_alarm(run, server, tmp_path):
    command = tmp_path / "command"
    command.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/alarms\n')
    command.chmod(0o700)
    assert run("--alarm-command", command)[0] == 0
    assert not (tmp_path / "alarms").exists()
    server.leaves = leaves(3)
    assert run("--alarm-command", command)[0] == 1
    assert "the log shrank: it has 3 rows, and had 300" in (tmp_path / "alarms").read_text()


def test_a_copy_runs_without_the_packages_of_the_portal(server, tmp_path):
    copy = shutil.copy(witness.__file__, tmp_path)
    options = ["--url", server.url, "--key", SIGNER.vkey, "--state", str(tmp_path / "state")]
    done = subprocess.run([sys.executable, "-I", "-S", copy, *options], timeout=60, check=False)
    assert done.returncode == 0
    assert (tmp_path / "state" / "checkpoint").read_text().startswith(checkpoint(server.leaves))


def test_what_both_files_define_is_equal():
    sources = {module: Path(module.__file__).read_text() for module in (verify_log, witness)}
    functions = {
        module: {
            node.name: ast.get_source_segment(source, node)
            for node in ast.parse(source, feature_version=(3, 9)).body
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
        }
        | {
            ast.unparse(node.targets[0]): ast.get_source_segment(source, node)
            for node in ast.parse(source, feature_version=(3, 9)).body
            if isinstance(node, ast.Assign)
        }
        for module, source in sources.items()
    }
    shared = (functions[verify_log].keys() & functions[witness].keys()) - {"main"}
    assert len(shared) > 18
    for name in shared:
        assert functions[verify_log][name] == functions[witness][name]
