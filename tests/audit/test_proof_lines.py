"""The files that the portal writes are those of the second implementation, verify, and are written as they are read."""

import json
import tracemalloc

import pytest

from snapshots.audit import proof_lines, tree
from snapshots.audit.proof_lines import Header, ProofError
from tests.support.log_files import (
    ORIGIN,
    Json,
    checkpoint,
    erase,
    file_lines,
    hide,
    leaf_hash,
    person,
    root_of,
    row_line,
)
from tests.support.log_verifier import verify

LOG = [
    row_line(
        sequence, reason=f'visit "{sequence}"\n\x01 ü ← ', server_id=sequence, actor_subject=person("Mia")
    )
    for sequence in range(1, 20)
]
LEAVES = [leaf_hash(line) for line in LOG]


def hash_at(level: int, index: int) -> bytes:
    return root_of(LEAVES[index << level : (index + 1) << level])


def header(**fields: object) -> Header:
    return Header(**{"origin": ORIGIN, "checkpoint": checkpoint(LEAVES), "size": len(LOG), **fields})


def written(rows: list[Json], borders=(), **fields: object) -> list[Json]:
    lines = proof_lines.file_lines(rows, header=header(**fields), hash_at=hash_at, borders=borders)
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize(
    "shown", [range(1, 20), (1,), (19,), (2, 3, 11), (1, 4, 5, 16, 17, 19), ()], ids=repr
)
@pytest.mark.parametrize("borders", [(), (1,), (5, 16), (18, 19)])
def test_a_file_is_that_of_the_second_implementation_and_verifies(tmp_path, shown, borders):
    rows = [line for line in LOG if line["row"]["sequence"] in shown]
    lines = written(rows, borders)
    assert lines == file_lines(LOG, shown, borders=borders)
    older = [checkpoint(LEAVES[:border]) for border in borders]
    assert verify(tmp_path, lines, checkpoints=older)[0] == 0


def test_the_bytes_that_are_written_are_those_that_are_read(tmp_path):
    lines = "".join(proof_lines.file_lines(LOG, header=header(), hash_at=hash_at))
    assert verify(tmp_path, lines.encode())[0] == 0


def test_only_chosen_columns_are_shown(tmp_path):
    lines = written(LOG, columns=["server_id", "actor_subject"])
    assert lines == file_lines([hide(line, "reason") for line in LOG], columns=["actor_subject", "server_id"])
    code, output = verify(tmp_path, lines)
    assert (code, "Redacted: reason in 19 rows." in output) == (0, True)
    assert "visit" not in json.dumps(lines)


def test_erasures_are_told_for_chosen_columns_only():
    erased = erase(LOG[3], "actor_subject", 12)
    assert written([erased], columns=["actor_subject"])[3]["erased"] == {"actor_subject": 12}
    assert written([erased])[3]["erased"] == {"actor_subject": 12}
    redacted = written([erased], columns=["reason"])[3]
    assert redacted == {"type": "row", "row": erased["row"], "open": {"reason": LOG[3]["open"]["reason"]}}


def test_a_row_that_is_not_its_leaf_is_a_damaged_leaf(tmp_path):
    changed = LOG[4] | {"row": LOG[4]["row"] | {"result": "failed"}}
    unreadable = {"type": "unreadable", "sequence": 7}
    lines = written([*LOG[:4], changed, LOG[5], unreadable, *LOG[7:]])
    assert lines[5] == {
        "type": "skip",
        "from": 4,
        "level": 0,
        "hash": LEAVES[4].hex(),
        "damaged": True,
    }
    assert lines[-1] == {"type": "end", "rows": 17}
    code, output = verify(tmp_path, lines)
    assert (code, "2 rows were changed in the database, such as row 5" in output) == (1, True)


@pytest.mark.parametrize("rows", [[LOG[1], LOG[0]], [LOG[0], LOG[0]], [row_line(20)], [row_line(0)]])
def test_rows_out_of_order_or_beyond_the_tree_are_refused(rows):
    with pytest.raises(ProofError):
        written(rows)


def test_rows_are_read_as_lines_are_taken_and_memory_stays_flat():
    size = 1 << 40
    taken = []

    def rows():
        for sequence in range(1, 20_001):
            taken.append(sequence) if sequence < 3 else None
            yield {"type": "unreadable", "sequence": sequence}

    lines = proof_lines.file_lines(rows(), header=header(size=size), hash_at=lambda level, index: b"x" * 32)
    next(lines)
    assert taken == []
    next(lines)
    assert taken == [1]
    tracemalloc.start()
    for _ in lines:
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200_000


def test_a_receipt_of_a_large_log_is_short():
    subtrees = []

    def record(level: int, index: int) -> bytes:
        subtrees.append((level, index))
        return tree.leaf_hash(proof_lines._encode(LOG[9]["row"])) if level == 0 and index == 9 else bytes(32)

    lines = proof_lines.file_lines([LOG[9]], header=header(size=5_000_000), hash_at=record)
    assert len("".join(lines)) < 6000
    assert len(subtrees) < 45
