"""verify_log.py, with the public key alone, accepts files of every kind, and says what they prove and what not."""

import ast
import base64
import hashlib
import sys
from pathlib import Path

import pytest

from snapshots.audit import verify_log, witness
from tests.support.log_files import (
    ORIGIN,
    SIGNER,
    SUBJECTS,
    Signer,
    checkpoint,
    erase,
    erasure_of,
    file_lines,
    hide,
    leaf_hash,
    person,
    row_line,
)
from tests.support.log_verifier import verify, verify_alone

NEW_KEY = Signer(seed=b"n" * 32)
LOG = [
    row_line(1),
    row_line(2, action="snapshot.restore", server_id=12345, server_name="web-server-01", reason="a\nb ü ←"),
    row_line(
        3, actor_subject=person("Mia"), address_subject=person("203.0.113.9", None) | {"kind": "address"}
    ),
    *(row_line(sequence, reason=f"visit {sequence}") for sequence in range(4, 12)),
]
LEAVES = [leaf_hash(line) for line in LOG]


def test_a_whole_export_is_verified_with_python_alone(tmp_path):
    code, output = verify_alone(tmp_path, file_lines(LOG))
    assert (code, output) == (
        0,
        f"11 of 11 rows are in the file, each at its place and as recorded. Log: {ORIGIN}\n",
    )


@pytest.mark.parametrize("module", [verify_log, witness])
def test_the_file_needs_nothing_newer_than_python_3_9_and_only_its_standard_library(module):
    tree = ast.parse(Path(module.__file__).read_text(), feature_version=(3, 9))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names = [*(alias.name for node in imports for alias in node.names), *(str(node.module) for node in froms)]
    assert len(names) > 8
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


@pytest.mark.parametrize("shown", [{1}, {11}, {2, 3, 7}, {4, 5, 6, 7, 8}, set()])
def test_any_selection_of_rows_is_proven_to_be_in_the_log(tmp_path, shown):
    code, output = verify(tmp_path, file_lines(LOG, shown, filters="person=Mia"))
    assert code == 0
    assert f"{len(shown)} of 11 rows are in the file" in output
    assert "Filter, by its own account: 'person=Mia'. Whether it left out rows is not proven." in output


@pytest.mark.parametrize("size", range(1, 20))
def test_logs_of_every_small_size_are_verified(tmp_path, size):
    log = [row_line(sequence) for sequence in range(1, size + 1)]
    assert verify(tmp_path, file_lines(log))[0] == 0
    assert verify(tmp_path, file_lines(log, {size}))[0] == 0


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        ({*range(1, 11)}, "No filter, but 1 rows are left out: 11 to 11."),
        ({1, 2, 3, 4, 6, 7, 8, 9, 10}, "No filter, but 2 rows are left out: 5 to 5, 11 to 11."),
        ({9, 10, 11}, "No filter, but 8 rows are left out: 1 to 8."),
    ],
)
def test_rows_that_are_missing_without_a_filter_are_named(tmp_path, shown, words):
    code, output = verify(tmp_path, file_lines(LOG, shown))
    assert (code, f"\n{words}\n" in output) == (0, True), output


def test_a_proof_without_rows_is_not_said_to_leave_out_rows(tmp_path):
    assert "left out" not in verify(tmp_path, file_lines(LOG, set()))[1]


def test_an_export_of_an_empty_log_is_valid(tmp_path):
    assert verify(tmp_path, file_lines([])) == (
        0,
        f"0 of 0 rows are in the file, each at its place and as recorded. Log: {ORIGIN}\n",
    )


def test_hidden_columns_are_counted_and_the_rest_still_verifies(tmp_path):
    columns = ["server_id", "server_name", *SUBJECTS]
    redacted = [hide(line, "reason") for line in LOG]
    code, output = verify(tmp_path, file_lines(redacted, columns=columns))
    assert code == 0
    assert "Redacted: reason in 9 rows.\n" in output


def test_erased_names_are_counted_for_each_row_that_erased_them(tmp_path):
    evidence = erasure_of(LOG[2]["row"]["actor_subject"])
    log = [*LOG, row_line(12, action="person.erase", target="1003", reason="she left", evidence=evidence)]
    log[2] = erase(log[2], "actor_subject", 12)
    code, output = verify(tmp_path, file_lines(log))
    assert (code, output.splitlines()[1:]) == (0, ["Erased by row 12: 1 names."])
    code, output = verify(tmp_path, file_lines(log, {3}))
    assert (code, "Erased by row 12: 1 names: claimed, not proven.\n" in output) == (0, True)


def test_accepted_damage_is_reported_and_other_damage_fails(tmp_path):
    damaged = {"type": "skip", "from": 1, "level": 0, "hash": LEAVES[1].hex(), "damaged": True}
    lines = file_lines(LOG)
    lines[2], lines[-1] = damaged, {"type": "end", "rows": 10}
    code, output = verify(tmp_path, lines)
    assert (code, "1 rows were changed in the database, such as row 2" in output) == (1, True)
    evidence = f"row 2 was changed; accepted: 2 {'0' * 64}"
    log = [*LOG, row_line(12, action="audit.accept_changed_rows", evidence=evidence, reason="a test")]
    lines = file_lines(log)
    lines[2], lines[-1] = damaged, {"type": "end", "rows": 11}
    code, output = verify(tmp_path, lines)
    assert code == 0
    assert "Accepted in row 12: row 2 was changed in the database, and is lost.\n" in output


@pytest.mark.parametrize("size", range(1, 12))
@pytest.mark.parametrize("shown", [None, {9}, set()])
def test_the_file_shows_that_the_log_continues_an_older_checkpoint(tmp_path, size, shown):
    older = checkpoint(LEAVES[:size])
    code, output = verify(tmp_path, file_lines(LOG, shown, borders=[size]), checkpoints=[older])
    assert code == 0
    assert f"The log continues the checkpoint of {size} rows: nothing before it was changed.\n" in output


def test_rewritten_history_is_detected_with_an_older_checkpoint(tmp_path):
    forged = [*LOG[:4], row_line(5, reason="nothing to see"), *LOG[5:]]
    older = checkpoint(LEAVES[:6])
    for lines in (file_lines(forged), file_lines(forged, set(), borders=[6])):
        assert verify(tmp_path, lines)[0] == 0
        code, output = verify(tmp_path, lines, checkpoints=[older])
        assert (code, "history was rewritten since the checkpoint of [6] rows" in output) == (
            1,
            True,
        )


def test_a_file_that_leaves_out_the_place_of_the_older_checkpoint_proves_nothing_about_it(tmp_path):
    code, output = verify(tmp_path, file_lines(LOG, {11}), checkpoints=[checkpoint(LEAVES[:6])])
    assert code == 2
    assert "Not proven for 6 rows. `manage.py prove_audit --size 6` can prove it." in output
    assert "1 of 11 rows are in the file" in output
    assert "continues" not in output


def test_a_checkpoint_that_is_newer_than_the_file_is_not_proven(tmp_path):
    code, output = verify(tmp_path, file_lines(LOG[:6]), checkpoints=[checkpoint(LEAVES)])
    assert (code, "Not proven for 11 rows." in output) == (2, True)


@pytest.mark.parametrize("count", [1, 2])
def test_checkpoints_alone_are_checked(tmp_path, count):
    code, output = verify(tmp_path, None, checkpoints=[checkpoint(LEAVES)] * count)
    assert (code, output) == (0, f"A valid checkpoint of 11 rows. Log: {ORIGIN}\n")
    code, output = verify(tmp_path, None, keys=[NEW_KEY.vkey], checkpoints=[checkpoint(LEAVES)] * count)
    assert (code, "not signed with a key that was given" in output) == (1, True)


def test_two_checkpoints_of_one_size_are_compared_without_a_file(tmp_path):
    other = checkpoint([*LEAVES[:-1], LEAVES[0]])
    code, output = verify(tmp_path, None, checkpoints=[checkpoint(LEAVES), other])
    assert (code, output) == (
        1,
        f"INVALID: {tmp_path}/checkpoint-1: two logs: the checkpoints of 11 rows differ\n",
    )
    code, output = verify(tmp_path, None, checkpoints=[checkpoint(LEAVES), checkpoint(LEAVES[:5])])
    assert (code, output.count("Not proven for 11 rows.")) == (2, 1)


def test_without_a_file_and_a_checkpoint_there_is_nothing_to_check(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        verify(tmp_path, None)


def test_the_checkpoint_of_an_empty_log_has_the_root_of_the_empty_tree(tmp_path):
    assert verify(tmp_path, file_lines(LOG), checkpoints=[checkpoint([])])[0] == 0
    root = base64.b64encode(b"x" * 32).decode()
    text = f"{ORIGIN}\n0\n{root}\n"
    code, output = verify(tmp_path, file_lines(LOG), checkpoints=[f"{text}\n{SIGNER.line(text)}"])
    assert (code, "history was rewritten since the checkpoint of [0] rows" in output) == (1, True)


def test_during_a_change_of_keys_either_key_verifies(tmp_path):
    for signers in ([SIGNER], [SIGNER, NEW_KEY], [NEW_KEY, SIGNER]):
        lines = file_lines(LOG, checkpoint=checkpoint(LEAVES, signers))
        assert verify(tmp_path, lines)[0] == 0
        assert verify(tmp_path, lines, keys=[NEW_KEY.vkey])[0] == (0 if NEW_KEY in signers else 1)
        assert verify(tmp_path, lines, keys=[NEW_KEY.vkey, SIGNER.vkey])[0] == 0


def test_signatures_of_unknown_keys_are_ignored(tmp_path):
    witness = Signer("witness.example.com/w", b"w" * 32)
    assert verify(tmp_path, file_lines(LOG, checkpoint=checkpoint(LEAVES, [witness, SIGNER])))[0] == 0


def test_memory_does_not_grow_with_the_number_of_rows(tmp_path, monkeypatch):
    lines = file_lines([row_line(1)])
    path = tmp_path / "log.jsonl"
    log = verify_log.LogFile([verify_log.parse_key(SIGNER.vkey)])
    header = {name: value for name, value in lines[0].items() if name != "type"}
    log.read_header(**header | {"filters": "person=Mia"})
    log.size = 2**40
    for number in range(3000):
        log.read_skip(level=0, hash=hashlib.sha256(b"").hexdigest(), **{"from": number})
    assert len(log.stack) < 13
    assert log.left_out == []
    assert not path.exists()


@pytest.mark.parametrize(
    "key", ["", "x", SIGNER.vkey.replace("+", "+0", 1), SIGNER.vkey[:-4], f"a b{SIGNER.vkey}"]
)
def test_a_key_that_is_not_well_formed_is_refused(tmp_path, key):
    with pytest.raises(SystemExit, match="2"):
        verify(tmp_path, file_lines(LOG), keys=[key])


def test_a_missing_file_could_not_be_checked(tmp_path):
    assert verify_alone(tmp_path, b"", "--checkpoint", "missing")[0] == 2
