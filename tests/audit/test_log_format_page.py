"""Every vector in docs/log-format.md is what the page says: by the second implementation, the portal and both tools."""

import base64
import hashlib
import hmac
import json
import re
from pathlib import Path

from snapshots.audit import proof_lines, tree, verify_log, witness
from tests.support.log_files import (
    ORIGIN,
    SALTED,
    SIGNER,
    SUBJECTS,
    canonical,
    checkpoint,
    column_salt,
    commit_column,
    commit_subject,
    erase,
    file_lines,
    hide,
    leaf_hash,
    root_of,
    row_line,
    to_bytes,
)
from tests.support.log_verifier import verify

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "log-format.md").read_text()
VECTORS = dict(re.findall(r"^Vector `([\w-]+)`:\n\n```text\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL))
EXPORT = [json.loads(line) for line in VECTORS["export"].splitlines()]
LOG = EXPORT[1:4]
LEAVES = [leaf_hash(line) for line in LOG]
KEY = bytes(range(32))


def lines_of(name: str) -> list[str]:
    return VECTORS[name].splitlines()


def hash_at(level: int, index: int) -> bytes:
    return root_of(LEAVES[index << level : (index + 1) << level])


def write(rows: list[dict], borders=(), **fields: object) -> str:
    header = proof_lines.Header(origin=ORIGIN, checkpoint=checkpoint(LEAVES), size=3, **fields)
    return "".join(proof_lines.file_lines(rows, header=header, hash_at=hash_at, borders=borders))


def test_the_page_has_all_vectors():
    assert len(VECTORS) == 14
    assert PAGE.count("```text") == len(VECTORS)


def test_the_salts_of_the_columns():
    assert lines_of("column-salts") == [f"{name} {column_salt(KEY[:16].hex(), name)}" for name in SALTED]


def test_the_commitments_of_columns():
    opened = LOG[1]["open"]
    for line in lines_of("column-commitments"):
        name, digest = line.split()
        assert digest == commit_column("10" * 16, name, opened[name]["value"])
        assert digest == verify_log.commit(name, **opened[name]) == LOG[1]["row"][name]
    assert len(lines_of("column-commitments")) == len(opened)


def test_the_commitments_of_subjects():
    for line in lines_of("subjects"):
        subject = json.loads(line)
        digest = subject.pop("commitment")
        assert digest == commit_subject(subject) == verify_log.commit("actor_subject", **subject)
    erased = json.loads(lines_of("subjects")[2])["commitment"]
    assert LOG[1]["row"]["actor_subject"] == erased
    digest = hashlib.sha256(f"{erased}\n".encode()).hexdigest()
    assert LOG[2]["open"]["evidence"]["value"] == f"1 erased, digest {digest}"


def test_the_sealed_bytes_and_the_keyed_hashes():
    assert VECTORS["sealed"].encode() == canonical(LOG[1]["row"]) + b"\n"
    assert VECTORS["sealed"] == verify_log.canonical(LOG[1]["row"]) + "\n"
    hashes = lines_of("row-hashes")
    assert hashes == [hmac.digest(KEY, one, "sha256").hex() for one in LEAVES]
    assert [line["row"]["previous_hash"] for line in LOG] == ["0" * 64, *hashes[:2]]


def test_the_rows_have_the_columns_that_the_page_names():
    named = set(re.findall(r"`(\w+)`", PAGE))
    assert set(LOG[0]["row"]) == {*verify_log.CLEAR, *SALTED, *SUBJECTS} == set(row_line(1)["row"])
    assert set(LOG[0]["row"]) <= named


def test_the_leaves_and_roots_of_the_tree():
    assert lines_of("leaves") == [one.hex() for one in LEAVES]
    assert lines_of("leaves") == [tree.leaf_hash(canonical(line["row"])).hex() for line in LOG]
    assert lines_of("roots") == [root_of(LEAVES[:size]).hex() for size in range(4)]
    assert lines_of("roots") == [tree.root(size, hash_at).hex() for size in range(4)]


def test_the_checkpoint_and_the_key():
    assert VECTORS["key"] == f"{SIGNER.vkey}\n"
    assert VECTORS["checkpoint"] == checkpoint(LEAVES)
    keys = [verify_log.parse_key(VECTORS["key"])]
    assert verify_log.parse_checkpoint(VECTORS["checkpoint"], keys) == (ORIGIN, 3, root_of(LEAVES))


def test_the_cosigned_checkpoint_and_the_key_of_the_witness():
    found = witness.cosign(VECTORS["checkpoint"], "witness.example.com/1", bytes(range(32, 64)), 1764000000)
    assert found == (VECTORS["cosigned-checkpoint"], VECTORS["witness-key"][:-1])
    assert base64.b64decode(VECTORS["witness-key"].split("+", 2)[2])[0] == 4


def test_the_export(tmp_path):
    assert VECTORS["export"] == write(LOG)
    assert VECTORS["export"].encode() == to_bytes(file_lines(LOG))
    code, output = verify(tmp_path, VECTORS["export"].encode())
    assert (code, "3 of 3 rows" in output, "Erased by row 3: 1 names.\n" in output) == (0, True, True)


def test_the_redacted_export(tmp_path):
    columns = ["server_name", "actor_subject"]
    assert VECTORS["redacted-export"] == write([LOG[1]], [1], columns=columns, filters="server=web-server-01")
    assert erase(hide(LOG[1], *LOG[1]["open"]), "actor_subject", 3)["erased"] == LOG[1]["erased"]
    code, output = verify(tmp_path, VECTORS["redacted-export"].encode(), checkpoints=[checkpoint(LEAVES[:1])])
    assert (code, "1 of 3 rows" in output, "Redacted: reason in 1 rows." in output) == (0, True, True)
    assert "continues the checkpoint of 1 rows" in output


def test_the_consistency_proof(tmp_path):
    assert VECTORS["proof"] == write([], [1])
    assert verify(tmp_path, VECTORS["proof"].encode(), checkpoints=[checkpoint(LEAVES[:1])])[0] == 0
