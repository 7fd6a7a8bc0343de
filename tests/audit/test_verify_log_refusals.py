"""verify_log.py refuses every file that says something else than the log, or that could be read in two ways."""

import json
from collections.abc import Callable

import pytest

from tests.support.log_files import (
    Json,
    Signer,
    canonical,
    checkpoint,
    commit_subject,
    file_lines,
    hide,
    leaf_hash,
    person,
    row_line,
    to_bytes,
)
from tests.support.log_verifier import verify

MIA = person("Mia")
LOG = [
    row_line(1),
    row_line(2, action="snapshot.restore", server_id=12345, reason="before the upgrade", actor_subject=MIA),
    *(row_line(sequence, reason=f"visit {sequence}") for sequence in range(3, 8)),
]
LEAVES = [leaf_hash(line) for line in LOG]
ROW = 2
"""Line of row 2, counted from 0."""
OTHER_KEY = Signer(seed=b"o" * 32)
OTHER_LOG = Signer("other.example.com/log")


def change_row(**columns: object) -> Callable[[list[Json]], None]:
    return lambda lines: lines[ROW]["row"].update(columns)


def change_opening(column: str, **fields: object) -> Callable[[list[Json]], None]:
    return lambda lines: lines[ROW]["open"][column].update(fields)


def change_line(number: int, **fields: object) -> Callable[[list[Json]], None]:
    return lambda lines: lines[number].update(fields)


def without(number: int, *path: str) -> Callable[[list[Json]], None]:
    def change(lines: list[Json]) -> None:
        place = lines[number]
        for name in path[:-1]:
            place = place[name]
        del place[path[-1]]

    return change


def insert(number: int, line: Json) -> Callable[[list[Json]], None]:
    return lambda lines: lines.insert(number, line)


def sealed_differently(**columns: object) -> list[Json]:
    """A file of a log in which row 2 was recorded with these columns."""
    log = [line | {"row": dict(line["row"])} for line in LOG]
    log[1]["row"].update(columns)
    return file_lines(log)


def skip(start: int, level: int, **fields: object) -> Json:
    return {"type": "skip", "from": start, "level": level, "hash": "0" * 64, **fields}


CHANGES = {
    "a column": (change_row(result="failed"), "a row was changed, added or removed"),
    "a row's number": (change_row(sequence=3), "its place or format is wrong"),
    "a row's format": (change_row(format=2), "its place or format is wrong"),
    "a row less": (lambda lines: lines.pop(ROW), "its place or format is wrong"),
    "a row twice": (
        lambda lines: lines.insert(ROW, lines[ROW]),
        "its place or format is wrong",
    ),
    "rows exchanged": (lambda lines: lines.insert(ROW, lines.pop(ROW + 1)), "its place or format is wrong"),
    "a row more": (insert(-1, row_line(8)), "the file goes on beyond its checkpoint"),
    "the last row less": (lambda lines: lines.pop(-2), "the file holds 6 rows, not 7"),
    "the last row less, and counted": (
        lambda lines: (lines.pop(-2), lines[-1].update(rows=6)),
        "it ends after 6 of 7 rows",
    ),
    "a column less": (without(ROW, "row", "code"), "exactly the columns of format 1"),
    "a column more": (change_row(note="x"), "exactly the columns of format 1"),
    "a commitment in capitals": (change_row(reason="A" * 64), "reason holds no commitment"),
    "a wrong link": (change_row(previous_hash="x"), "previous_hash is not valid"),
    "a wrong first link": (lambda lines: lines[1]["row"].update(previous_hash="1" * 64), "previous_hash"),
    "a time of another format": (change_row(at="2026-11-24 00:00:02"), "its time is not after"),
    "a shown value": (change_opening("reason", value="after the upgrade"), "reason is not what was recorded"),
    "a salt": (change_opening("reason", salt="0" * 32), "reason is not what was recorded"),
    "a salt in capitals": (change_opening("reason", salt="A" * 32), "the opening of reason is not valid"),
    "a number as text": (change_opening("server_id", value="12345"), "the opening of server_id is not valid"),
    "a number as true": (change_opening("server_id", value=True), "the opening of server_id is not valid"),
    "an empty value": (change_opening("reason", value=""), "the opening of reason is not valid"),
    "an opening with more": (change_opening("reason", kind="person"), "the opening of reason is not valid"),
    "a name": (change_opening("actor_subject", value="Max"), "actor_subject is not what was recorded"),
    "a person": (change_opening("actor_subject", person_id=9), "actor_subject is not what was recorded"),
    "a kind": (change_opening("actor_subject", kind="address"), "actor_subject is not what was recorded"),
    "an unknown kind": (
        change_opening("actor_subject", kind="x"),
        "actor_subject is not what was recorded",
    ),
    "a swapped subject": (
        lambda lines: lines[ROW]["open"].update(actor_subject=person("Max", 1004)),
        "actor_subject is not what was recorded",
    ),
    "an opening of a clear column": (
        lambda lines: lines[ROW]["open"].update(action={"salt": "0" * 32, "value": "x"}),
        "it shows more than the header says",
    ),
    "an opening of an empty column": (
        lambda lines: lines[ROW]["open"].update(target={"salt": "0" * 32, "value": "x"}),
        "target is not what was recorded",
    ),
    "an opening that is null": (
        lambda lines: lines[ROW]["open"].update(target=None),
        "it shows more than the header says",
    ),
    "a value hidden where the header shows it": (
        without(ROW, "open", "reason"),
        "reason is hidden, but the header says that it is shown",
    ),
    "a value shown that the header hides": (
        change_line(0, columns=["reason", "actor_subject"]),
        "it shows more than the header says",
    ),
    "an unknown column in the header": (change_line(0, columns=["reasons"]), "names an unknown column"),
    "a salted column erased": (change_line(ROW, erased={"reason": 7}), "it erases what cannot be erased"),
    "a column erased and shown": (
        change_line(ROW, erased={"actor_subject": 7}),
        "actor_subject is both shown and erased",
    ),
    "an empty column erased": (
        change_line(ROW, erased={"target_subject": 7}),
        "target_subject is not erased by a later row",
    ),
    "a skip elsewhere": (insert(ROW, skip(2, 0)), "the skip is not at its place"),
    "a skip that is not aligned": (insert(ROW, skip(1, 1)), "the skip is not at its place"),
    "a skip that is too large": (insert(1, skip(0, 62)), "the skip is not at its place"),
    "a skip beyond the end": (insert(1, skip(0, 3)), "the file goes on beyond its checkpoint"),
    "a skip with a short hash": (insert(1, skip(0, 0, hash="00")), "the skip is not valid"),
    "a damaged subtree": (insert(1, skip(0, 1, damaged=True)), "the skip is not valid"),
    "a skip with more": (insert(1, skip(0, 0, rows=1)), "the skip is not at its place"),
    "a row replaced by a skip": (
        lambda lines: (lines.__setitem__(ROW, skip(1, 0)), lines[-1].update(rows=6)),
        "a row was changed, added or removed",
    ),
    "a wrong count": (change_line(-1, rows=8), "the file holds 7 rows, not 8"),
    "another origin in the header": (change_line(0, origin="x"), "the origin is not that of the checkpoint"),
    "a checkpoint for a shorter log": (
        change_line(0, checkpoint=checkpoint(LEAVES[:6])),
        "the file goes on beyond its checkpoint",
    ),
    "a checkpoint of another tree": (
        change_line(0, checkpoint=checkpoint([*LEAVES[:6], LEAVES[0]])),
        "a row was changed, added or removed",
    ),
    "a checkpoint by another key": (
        change_line(0, checkpoint=checkpoint(LEAVES, [OTHER_KEY])),
        "not signed with a key that was given",
    ),
    "a checkpoint of another log": (
        change_line(0, checkpoint=checkpoint(LEAVES, [OTHER_LOG], OTHER_LOG.name)),
        "the checkpoint is of another log, 'other.example.com/log'",
    ),
    "another log's checkpoint, signed with this log's key": (
        change_line(0, checkpoint=checkpoint(LEAVES, origin=OTHER_LOG.name)),
        "the checkpoint is of another log",
    ),
    "a checkpoint without signatures": (
        change_line(0, checkpoint=checkpoint(LEAVES, [])),
        "not signed with a key that was given",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_file_is_refused(tmp_path, name):
    change, finding = CHANGES[name]
    lines = json.loads(canonical(file_lines(LOG)))
    assert verify(tmp_path, lines)[0] == 0
    change(lines)
    code, output = verify(tmp_path, lines)
    assert (code, output[:9], finding in output) == (1, "INVALID: ", True), output


UNREADABLE = {
    "an opening without a salt": without(ROW, "open", "reason", "salt"),
    "an unknown type": insert(ROW, {"type": "note"}),
    "a method of the program as type": insert(ROW, {"type": "__init__"}),
    "a second header": lambda lines: lines.insert(ROW, lines[0]),
    "no header": lambda lines: lines.pop(0),
    "no end": lambda lines: lines.pop(),
    "a line after the end": lambda lines: lines.append(lines[-1]),
    "another format": change_line(0, format="snapportal-log/2"),
    "a header with more": change_line(0, note="x"),
    "no checkpoint": change_line(0, checkpoint="x"),
    "an opening that is a text": change_line(ROW, open={"reason": "x"}),
    "openings that are null": change_line(ROW, open=None),
}
SENTENCE = "it cannot be read, is cut off, or is of another format"


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_of_another_format_cannot_be_checked(tmp_path, name):
    lines = json.loads(canonical(file_lines(LOG)))
    UNREADABLE[name](lines)
    code, output = verify(tmp_path, lines)
    assert (code, output[:21], output.endswith(f": {SENTENCE}\n")) == (2, "Could not be checked:", True), (
        output
    )


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda text: text.replace(b'"type":"end"', b'"type":"end","rows":4'), 8),
        (lambda text: text.replace(b'"result":"completed"', b'"result":"x","result":"completed"', 1), 2),
        (lambda text: text.replace(b'"type":"end"', b' "type":"end"'), 8),
        (lambda text: text.replace(b"visit 3", b"visit \\u0033"), 4),
        (lambda text: text[:-1], 8),
        (lambda text: text[:-40], 7),
        (lambda text: text + b"\n", 9),
        (lambda text: b"[]\n" + text, 1),
        (lambda text: b"\xef\xbb\xbf" + text, 1),
        (lambda text: text.decode().encode("utf-16"), 1),
        (lambda text: text.decode().encode("utf-16-le"), 1),
        (lambda text: text.replace(b"\n", b"\r\n"), 1),
        (lambda text: text.replace(b"visit 3", b"visit \xff"), 4),
        (lambda text: text.replace(b"visit 3", b"visit \\ud800"), 4),
        (lambda text: b"[" * 100_000 + b"\n" + text, 1),
        (lambda text: b" " * 2**20 + text, 1),
        (lambda text: text.replace(b'"level":', b'"level":1e400,"x":'), 6),
        (lambda text: b"", 0),
    ],
)
def test_a_file_that_is_not_well_formed_cannot_be_checked(tmp_path, change, line):
    code, output = verify(tmp_path, change(to_bytes(file_lines(LOG, {1, 2, 3, 4}))))
    place = f"log.jsonl, line {line}, after row" if line else "log.jsonl"
    assert (code, f"/{place}" in output, SENTENCE in output) == (2, True, True), output
    assert len(output.splitlines()) == 1


@pytest.mark.parametrize(
    ("columns", "finding"),
    [
        ({"at": "2026-11-24T00:00:01.000000Z"}, "its time is not after the row before"),
        ({"at": "2026-11-24T00:00:02Z"}, "its time is not after"),
        ({"previous_hash": "F" * 64}, "previous_hash is not valid"),
        ({"note": "x"}, "exactly the columns of format 1"),
        ({"target": commit_subject(MIA)}, "target is hidden"),
    ],
)
def test_what_the_portal_never_writes_is_refused_though_it_is_in_the_log(tmp_path, columns, finding):
    code, output = verify(tmp_path, sealed_differently(**columns))
    assert (code, finding in output) == (1, True), output


def test_a_column_cannot_be_hidden_in_one_row_only(tmp_path):
    log = [*LOG[:4], hide(LOG[4], "reason"), *LOG[5:]]
    code, output = verify(tmp_path, file_lines(log))
    assert (code, "line 6, after row 4: reason is hidden" in output) == (1, True)


def test_the_receipt_of_another_row_is_not_a_receipt_of_this_one(tmp_path):
    lines = file_lines(LOG, {2})
    lines[lines.index(LOG[1])] = row_line(2, action="snapshot.restore", reason="another")
    assert verify(tmp_path, lines)[0] == 1
