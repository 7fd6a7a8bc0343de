"""Exports are complete, safe in a spreadsheet, streamed, and verifiable with Python alone."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import call_command

from snapshots.audit import anchors, chain, export
from snapshots.audit.models import Entry
from tests.support.audit_rows import ARON, MIA, rows, write_events, write_operation
from tests.support.audit_triggers import without_triggers

pytestmark = pytest.mark.django_db
VERIFIER = Path(export.__file__).with_name("verify_export.py")
KEYS = "a1:8796a5b4c3d2e1f00f1e2d3c4b5a69780123456789abcdeffedcba9876543210"


def exported(format_name: str, wanted=None) -> bytes:
    file = export.begin(
        actor=ARON, rows=Entry.objects.all() if wanted is None else wanted, format_name=format_name
    )
    return b"".join(file.chunks)


@pytest.fixture
def verify(tmp_path):
    """Runs a copy of the verifier in an empty folder, without the portal's packages."""
    copy = shutil.copy(VERIFIER, tmp_path / "verify.py")

    def run(content: bytes, *options: str, keys: str = KEYS) -> tuple[int, str]:
        (tmp_path / "log.jsonl").write_bytes(content)
        done = subprocess.run(
            [sys.executable, "-I", "-S", copy, "log.jsonl", *options],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "SNAPPORTAL_AUDIT_KEYS": keys},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return run


def test_json_lines_hold_the_canonical_form_that_is_sealed():
    write_operation("accepted", "completed", reason='"quoted" ünïcode ← \u05e9\u05dc\u05d5\u05dd')
    log_rows = rows()
    lines = exported("json").decode().splitlines()
    assert [chain.canonical(json.loads(line)) for line in lines] == [chain.canonical(row) for row in log_rows]
    assert [json.loads(line)["hash"] for line in lines] == [row["hash"] for row in log_rows]


def test_csv_has_a_byte_order_mark_and_every_column():
    write_operation("completed", reason="a, b\nand c")
    text = exported("csv").decode()
    assert text.startswith("\ufeffsequence,at,")
    log_rows = list(csv.DictReader(io.StringIO(text[1:], newline="")))
    assert [row["reason"] for row in log_rows] == ["a, b\nand c"] * 2
    assert set(log_rows[0]) == set(rows()[0])
    assert log_rows[0]["provider_status"] == ""


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\tx",
        "\rx",
        "\n=1",
        " =1",
        '"=1',
        "'=1",
        "\u00a0=1",
        "\ufeff=1",
        "＝1",
        " \t=1",
    ],
)
def test_a_cell_that_could_be_a_formula_is_neutralised(cell):
    assert export.neutralise(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["web-server-01", "a=b", "3 - 4", "", "Ünal", "’tis"])
def test_ordinary_text_stays_as_it_is(cell):
    assert export.neutralise(cell) == cell


def test_numbers_are_unchanged_and_none_becomes_an_empty_cell():
    assert [export.neutralise(cell) for cell in (None, 0, -5, True)] == ["", "0", "-5", "True"]


def test_an_export_is_recorded_before_its_first_byte_and_does_not_hold_that_row():
    write_events(3)
    file = export.begin(actor=ARON, rows=Entry.objects.all(), format_name="json", filters="person=Mia")
    record = Entry.objects.all().last_of("audit.export")
    assert (record.actor_name, record.target) == ("Aron", file.file_name)
    assert record.evidence == "3 rows, up to row 3; filters: person=Mia"
    write_events(2)
    assert len(b"".join(file.chunks).splitlines()) == file.count == 3


def test_an_unknown_format_is_not_recorded():
    with pytest.raises(KeyError):
        export.begin(actor=ARON, rows=Entry.objects.all(), format_name="xls")
    assert not Entry.objects.exists()


def test_rows_are_read_as_they_are_sent(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr("snapshots.audit.models.BATCH_SIZE", 10)
    monkeypatch.setattr(export, "LINES_PER_CHUNK", 5)
    write_events(35)
    chunks = export.begin(actor=ARON, rows=Entry.objects.all(), format_name="json").chunks
    with django_assert_num_queries(1):
        next(chunks)
    with django_assert_num_queries(4) as seen:
        assert len(list(chunks)) == 6
    assert not any("OFFSET" in query["sql"] for query in seen.captured_queries)


def test_a_complete_export_is_verified_with_python_alone(verify, tmp_path, settings, capsys):
    write_operation("completed")
    write_events(2)
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    call_command("anchor_audit")
    complete_export = exported("json")
    finding = "5 rows hold, complete from row 1 to row 5; 1 anchors agree.\n"
    assert verify(complete_export, "--anchors", "anchors.jsonl") == (0, finding)
    cut = b"".join(complete_export.splitlines(keepends=True)[:3])
    assert verify(cut)[0] == 0
    code, output = verify(cut, "--anchors", "anchors.jsonl")
    assert (code, "row 4: an anchor names row 4" in output) == (1, True)


def test_both_verifiers_report_the_same_row(verify):
    write_events(6)
    with without_triggers():
        Entry.objects.filter(sequence=4).update(reason="nothing to see")
    ring = {"a1": bytes.fromhex(KEYS[3:])}
    complete_export = exported("json")
    assert chain.verify(map(json.loads, complete_export.splitlines()), ring).first_broken == 4
    code, output = verify(complete_export)
    assert (code, "row 4 (line 4): its signature is not valid" in output) == (1, True)


def test_an_export_sealed_again_is_detected_through_the_anchor(verify, tmp_path, settings, capsys):
    write_events(3)
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    call_command("anchor_audit")
    forged, previous = [], chain.GENESIS
    for line in exported("json").splitlines()[:3]:
        row = json.loads(line) | {"reason": "nothing to see", "previous_hash": previous}
        row["hash"] = previous = chain.seal(row, bytes.fromhex(KEYS[3:]))
        forged.append(json.dumps(row).encode())
    assert verify(b"\n".join(forged))[0] == 0
    code, output = verify(b"\n".join(forged), "--anchors", "anchors.jsonl")
    assert (code, "row 3 (line 3): it is not the row that was anchored" in output) == (1, True)


def test_a_filtered_export_says_what_it_cannot_show(verify):
    write_events(2)
    write_operation("completed")
    write_events(2)
    some = exported(
        "json", Entry.objects.filter(action="snapshot.restore").newest_per_operation().with_history()
    )
    code, output = verify(some)
    assert code == 0
    assert output == "2 rows hold, each for itself. 1 gaps: a filtered export cannot show missing rows.\n"


def test_a_file_without_rows_cannot_be_checked(verify, tmp_path, settings, capsys):
    write_events(2)
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    call_command("anchor_audit")
    assert verify(b"")[0] == 2
    code, output = verify(b"", "--anchors", "anchors.jsonl")
    assert (code, "the file ends before it" in output) == (1, True)


@pytest.mark.parametrize("left", [slice(3, None), slice(0, 1), slice(None, None, 4)])
def test_a_missing_anchored_row_is_reported_despite_gaps(verify, tmp_path, settings, capsys, left):
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    for _ in range(3):
        write_events(2)
        call_command("anchor_audit")
    lines = exported("json").splitlines(keepends=True)
    del lines[7]  # row 8, the last anchored one
    some = b"".join(lines[left])
    assert verify(some)[0] == 0
    code, output = verify(some, "--anchors", "anchors.jsonl")
    assert (code, "an anchor names row" in output) == (1, True)


@pytest.mark.parametrize(("left", "missing"), [(slice(2, None), 1), (slice(None, None, 2), 2)])
def test_a_gap_fails_with_the_option_complete(verify, left, missing):
    write_events(5)
    lines = exported("json").splitlines(keepends=True)
    assert verify(b"".join(lines), "--complete")[0] == 0
    some = b"".join(lines[left])
    assert verify(some)[0] == 0
    code, output = verify(some, "--complete")
    assert (code, f"row {missing} is missing" in output) == (1, True)


def test_key_changes_in_an_export_are_declared_and_never_go_back(verify, settings):
    old, new = settings.SNAPPORTAL_AUDIT_KEYS["a1"], bytes(range(32))
    write_events(2)
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": new, "a1": old}
    write_events(1)
    both = f"a2:{new.hex()},{KEYS}"
    log_rows = [json.loads(line) for line in exported("json").splitlines()]

    def check(log_rows: list[dict]) -> tuple[int, str]:
        return verify(b"\n".join(json.dumps(row).encode() for row in log_rows), keys=both)

    def resealed(row: dict, **changes: object) -> dict:
        row = row | changes
        return row | {"hash": chain.seal(row, settings.SNAPPORTAL_AUDIT_KEYS[row["key_id"]])}

    assert check(log_rows)[0] == 0
    undeclared = resealed(log_rows[2], action="person.sign_in")
    assert check([*log_rows[:2], undeclared]) == (
        1,
        "BROKEN: row 3 (line 3): the key changes without a row that says so\n",
    )
    back = resealed(log_rows[3], action="audit.key_change", key_id="a1")
    assert check([*log_rows[:3], back]) == (1, "BROKEN: row 4 (line 4): it goes back to an older key\n")
    assert check([log_rows[2], resealed(log_rows[3], sequence=9, key_id="a1")])[0] == 1


def test_rows_of_an_old_key_after_an_anchor_of_a_newer_key_are_detected(verify, tmp_path, settings, capsys):
    old, new = settings.SNAPPORTAL_AUDIT_KEYS["a1"], bytes(range(32))
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    write_events(2)
    forged = exported("json").splitlines()
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": new, "a1": old}
    head = chain.Head(1, json.loads(forged[0])["hash"])
    head_anchor = chain.sign_anchor(head, at=datetime.now(UTC), key_id="a2", key=new)
    anchors.append_anchor(tmp_path / "anchors.jsonl", head_anchor)
    code, output = verify(b"\n".join(forged), "--anchors", "anchors.jsonl", keys=f"a2:{new.hex()},{KEYS}")
    assert (code, "row 1 (line 1)" in output or "row 2 (line 2)" in output) == (1, True)


def test_a_truncated_anchor_line_is_skipped(verify, tmp_path, settings, capsys):
    write_events(2)
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    call_command("anchor_audit")
    with (tmp_path / "anchors.jsonl").open("a") as file:
        file.write('{"at":"2026-')
    code, output = verify(exported("json"), "--anchors", "anchors.jsonl")
    assert (code, "1 anchors agree" in output, "Line 2 of the anchors" in output) == (0, True, True)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda lines: [lines[0], lines[2], lines[1]], "out of order"),
        (lambda lines: [lines[0], lines[0]], "stands twice"),
        (lambda lines: [lines[0], b'{"sequence": 2}'], "no row of an export"),
        (lambda lines: [lines[0], b'{"reason":"read this",' + lines[1][1:]], "a column stands twice"),
        (lambda lines: [lines[0], lines[1][:40]], "no row of an export"),
    ],
)
def test_a_manipulated_export_file_is_detected(verify, change, finding):
    write_events(3)
    code, output = verify(b"\n".join(change(exported("json").splitlines())))
    assert (code, finding in output) == (1, True)


def test_an_export_cannot_be_verified_without_its_key(verify):
    write_events(1)
    assert verify(exported("json"), keys="")[0] == 2
    assert verify(exported("json"), "--anchors", "missing")[0] == 2
    code, output = verify(exported("json"), keys=f"a2:{'1' * 64}")
    assert (code, "not at hand" in output) == (1, True)


def test_a_filtered_export_includes_all_rows_of_its_operations():
    write_operation("accepted", "completed", actor=MIA)
    write_operation("failed", actor=ARON)
    write_events(1)
    done = (
        Entry.objects.filter(result="completed", action="snapshot.restore")
        .newest_per_operation()
        .with_history()
    )
    assert [row["result"] for row in done.rows()] == ["pending", "accepted", "completed"]
