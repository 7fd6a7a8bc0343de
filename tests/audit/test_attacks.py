"""Attacks by somebody who owns the database and the HMAC key. Each is found, and its place is named.

The auditor holds a checkpoint, an export and a receipt that were made before the attack.
"""

import gzip
import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from snapshots.audit import checkpoints, erasure, journal, lines, proofs, tree_verification
from snapshots.audit.archiving import run
from snapshots.audit.archiving import verification as archive_files
from snapshots.audit.models import Entry
from snapshots.audit.notes import SigningKey
from snapshots.audit.subjects import Subject
from tests.support import attacks
from tests.support.archives import archive_all
from tests.support.attacks import execute, forget_checkpoints, rebuild_tree, reseal, rewrite
from tests.support.audit_rows import ARON, MIA, fill_log, write_operation
from tests.support.log_verifier import verify

pytestmark = pytest.mark.django_db

SIZE = 300
RESTORE = 200
"""The first row of an operation: rows 200 to 202; 203 to 205 are another."""


@pytest.fixture
def held() -> str:
    """A log of 300 rows, and the checkpoint of it that the auditor holds."""
    fill_log(RESTORE - 1)
    write_operation("accepted", "completed", reason="OPS-1")
    write_operation("accepted", "completed", actor=ARON, reason="OPS-2")
    fill_log(SIZE - Entry.objects.count())
    return checkpoints.make().note


def verdict() -> tuple[int | None, str]:
    found = tree_verification.check_log_and_tree()
    return found.first_broken, found.problem


def keys() -> list[str]:
    return [key.vkey for key in checkpoints.public_keys()]


def check(
    folder, content: list[str] | list[dict], *held: str, vkeys: list[str] | None = None
) -> tuple[int, str]:
    parsed = [json.loads(line) if isinstance(line, str) else line for line in content]
    return verify(folder, parsed, keys=vkeys or keys(), checkpoints=held)


def export(*sequences: int, **options: object) -> list[dict]:
    rows = Entry.objects.filter(sequence__in=sequences) if sequences else Entry.objects.all()
    return [json.loads(line) for line in proofs.prove(rows.order_by("sequence").rows(), **options)]


def change(sequence: int, **columns: object) -> Callable[[list[dict]], object]:
    return lambda rows: rows[sequence - 1].update(columns)


def swap(rows: list[dict]) -> None:
    rows[249], rows[250] = rows[250] | {"at": rows[249]["at"]}, rows[249] | {"at": rows[250]["at"]}


def put_in(rows: list[dict]) -> None:
    new = rows[99] | {"salt": "00" * 16}
    for row in rows[99:]:
        row["at"] += timedelta(microseconds=1)
    rows.insert(99, new)


# --- The log is rewritten, and every row sealed again with the right key ---------------------------------------------


@pytest.mark.parametrize(
    ("attack", "row"),
    [
        pytest.param(change(RESTORE, reason="nothing to see"), RESTORE, id="1 a changed reason"),
        pytest.param(change(RESTORE + 2, result="failed"), RESTORE + 2, id="2 a changed result"),
        pytest.param(lambda rows: rows.pop(RESTORE + 1), RESTORE + 2, id="3 a row taken out"),
        pytest.param(put_in, 100, id="4 a row put in"),
        pytest.param(swap, 250, id="5 two rows exchanged"),
        pytest.param(
            lambda rows: rows[9].update(actor_subject=rows[204]["actor_subject"]), 10, id="6 another actor"
        ),
        pytest.param(change(50, salt="00" * 16), 50, id="7 a changed salt of a row"),
    ],
)
def test_a_rewritten_row_is_not_the_one_in_the_tree(held, attack, row):
    rewrite(attack)
    assert verdict() == (row, "leaf")


def test_8_newest_rows_that_were_cut_off_are_missed_by_the_checkpoint(held):
    rewrite(lambda rows: rows.__delitem__(slice(280, None)))
    assert verdict() == (281, "cut_tree")


def test_9_a_tree_that_was_rewritten_with_the_rows_contradicts_the_stored_checkpoint(held):
    rewrite(change(RESTORE, reason="nothing to see"))
    rebuild_tree()
    assert verdict() == (SIZE, "checkpoint")


# --- The stored checkpoints are replaced, too: only what lies outside tells -------------------------------------------


def test_10_a_history_rewritten_with_its_checkpoints_contradicts_the_held_checkpoint(held, tmp_path):
    rewrite(change(RESTORE, reason="nothing to see"))
    rebuild_tree()
    forget_checkpoints()
    fill_log(10)
    code, output = check(tmp_path, export(borders=[SIZE]), held)
    assert (code, f"since the checkpoint of [{SIZE}] rows" in output) == (1, True), output


def test_11_two_checkpoints_of_one_size_are_a_split_view(held, tmp_path):
    rewrite(change(RESTORE, reason="nothing to see"))
    rebuild_tree()
    forget_checkpoints()
    other = checkpoints.make().note
    code, output = verify(tmp_path, None, keys=keys(), checkpoints=[held, other])
    assert (code, f"the checkpoints of {SIZE} rows differ" in output) == (1, True)


def test_12_a_backup_that_was_put_back_contradicts_the_file_of_checkpoints(held, tmp_path):
    path = tmp_path / "checkpoints.jsonl"
    checkpoints.append_to_file(path, checkpoints.newest())
    reseal(attacks.read_rows()[:270])
    rebuild_tree()
    forget_checkpoints()
    with pytest.raises(checkpoints.BrokenLogError, match=f"270 rows, but a checkpoint of {SIZE} rows"):
        checkpoints.check_file(path)
    code, output = check(tmp_path, export(), held)
    assert (code, f"Not proven for {SIZE} rows" in output) == (2, True)


# --- Names -----------------------------------------------------------------------------------------------------------


def test_13_exchanged_names_do_not_open_their_commitments(held):
    mia, aron = (Subject.objects.get(value=name) for name in ("Mia", "Aron"))
    for one, other in ((mia, aron), (aron, mia)):
        execute(
            "UPDATE audit_subject SET value = %s, salt = %s, person_id = %s WHERE commitment = %s",
            other.value, other.salt, other.person_id, one.commitment,
        )  # fmt: skip
    assert verdict() == (1, "subject")


def test_14_a_changed_salt_of_a_name_is_found(held):
    execute("UPDATE audit_subject SET salt = %s WHERE value = %s", "00" * 16, "Aron")
    assert verdict() == (203, "subject")


# --- The stored tree and the archive ---------------------------------------------------------------------------------


def test_15_a_truncated_tile_is_named(held):
    execute('UPDATE audit_tile SET hashes = %s WHERE level = 0 AND "index" = 0', b"\0" * 32)
    assert verdict() == (1, "tile")


def test_16_an_archive_with_a_row_less_is_found(held, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "ROWS_PER_FILE", 256)
    [first] = archive_all(tmp_path)
    path = tmp_path / first.file_name
    content = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    fewer = [json.loads(line) for line in content[:100] + content[101:]]
    path.write_bytes(gzip.compress(b"".join(content[:100] + content[101:])))
    assert [first.file_name in str(finding) for finding in archive_files.check_files(tmp_path, {})] == [True]
    code, output = check(tmp_path, fewer)
    assert (code, "after row 99" in output) == (1, True)


# --- Files that the auditor is given ---------------------------------------------------------------------------------


def test_17_a_checkpoint_of_a_shorter_tree_does_not_prove_more_rows(held, tmp_path):
    fill_log(10)
    content = export()
    code, output = check(tmp_path, [content[0] | {"checkpoint": held}, *content[1:]])
    assert (code, "goes on beyond its checkpoint" in output) == (1, True)


def test_18_a_forged_proof_does_not_lead_to_the_root(held, tmp_path):
    content = export(RESTORE)
    skip = next(number for number, line in enumerate(content) if line["type"] == "skip")
    content[skip] = content[skip] | {"hash": "ab" * 32}
    code, output = check(tmp_path, content)
    assert (code, "the root is another one" in output) == (1, True)


def test_19_two_leaves_for_one_sequence_are_refused(held, tmp_path):
    content = export(RESTORE, RESTORE + 1)
    number = next(number for number, line in enumerate(content) if line["type"] == "row")
    code, output = check(tmp_path, [*content[: number + 1], content[number], *content[number + 1 :]])
    assert (code, f"after row {RESTORE}" in output, "its place or format is wrong" in output) == (
        1,
        True,
        True,
    )


def without_opening(line: dict) -> dict:
    return line | {"open": {name: one for name, one in line["open"].items() if name != "reason"}}


def with_other_reason(line: dict) -> dict:
    return line | {"open": line["open"] | {"reason": line["open"]["reason"] | {"value": "routine"}}}


def without_result(line: dict) -> dict:
    return line | {"row": {name: value for name, value in line["row"].items() if name != "result"}}


@pytest.mark.parametrize(
    ("redact", "words"),
    [
        (without_opening, "reason is hidden, but the header says that it is shown"),
        (with_other_reason, "reason is not what was recorded"),
        (without_result, "it has not exactly the columns"),
    ],
)
def test_20_a_redaction_that_changes_the_meaning_is_refused(held, tmp_path, redact, words):
    content = [redact(line) if line["type"] == "row" else line for line in export(RESTORE)]
    code, output = check(tmp_path, content)
    assert (code, words in output) == (1, True)


def test_21_a_receipt_replayed_after_history_was_rewritten_contradicts_the_new_checkpoint(held, tmp_path):
    receipt = export(RESTORE, RESTORE + 1, RESTORE + 2)
    rewrite(change(RESTORE, reason="nothing to see"))
    rebuild_tree()
    forget_checkpoints()
    new = checkpoints.make().note
    code, output = check(tmp_path, receipt, new)
    assert (code, f"since the checkpoint of [{SIZE}] rows" in output) == (1, True), output
    assert check(tmp_path, receipt, held)[0] == 0


def test_22_a_receipt_cannot_be_shown_for_another_operation(held, tmp_path):
    first, second = export(RESTORE), export(RESTORE + 3)
    mine = next(line for line in first if line["type"] == "row")
    other = next(line for line in second if line["type"] == "row")
    forged = [
        mine | {"row": mine["row"] | {"operation_id": other["row"]["operation_id"]}} if line is mine else line
        for line in first
    ]
    code, output = check(tmp_path, forged)
    assert (code, "the root is another one" in output) == (1, True)


@pytest.mark.parametrize("origin", ["snapportal.invalid/log", "another.example/log"])
def test_23_another_key_or_origin_is_refused(held, tmp_path, settings, origin):
    pinned = keys()
    settings.SNAPPORTAL_LOG_ORIGIN = origin
    settings.SNAPPORTAL_LOG_SIGNING_KEYS = [bytes(32)]
    forget_checkpoints()
    content = export(RESTORE)
    assert check(tmp_path, content, vkeys=[SigningKey(origin, bytes(32)).public().vkey])[0] == 0
    code, output = check(tmp_path, content, vkeys=pinned)
    assert (code, "line 1" in output) == (1, True)


def test_24_a_name_cannot_be_passed_off_as_erased_by_a_row_that_erased_another(held, tmp_path):
    with journal.committed():
        erased = erasure.erase_person(actor=MIA, person_id=ARON.id, names=["Aron"], reason="left")
    content = export()
    assert f"Erased by row {erased.sequence}: 2 names.\n" in check(tmp_path, content)[1]
    for number, eraser, code, words in (
        (RESTORE, erased.sequence, 1, "it did not erase the names of which rows say so"),
        (RESTORE, erased.sequence - 1, 1, "it is no erasure, but a row says so"),
        (RESTORE, 10**9, 2, f"row {10**9}, which is said to have erased names, is beyond the checkpoint"),
    ):
        forged = list(content)
        forged[number] = hide_actor(content[number], eraser)
        found, output = check(tmp_path, forged)
        assert (found, words in output) == (code, True), output


def hide_actor(line: dict, eraser: int) -> dict:
    opened = {name: one for name, one in line["open"].items() if name != "actor_subject"}
    return line | {"open": opened, "erased": {"actor_subject": eraser}}


def test_without_an_attack_everything_verifies(held, tmp_path):
    assert verdict() == (None, "")
    fill_log(10)
    content = export(borders=[SIZE])
    assert {name for line in content if line["type"] == "row" for name in line["open"]} <= set(lines.COLUMNS)
    code, output = check(tmp_path, content, held)
    assert (code, f"The log continues the checkpoint of {SIZE} rows" in output) == (0, True)
