"""Exports are complete, safe in a spreadsheet, and streamed."""

import csv
import io
import json

import pytest

from snapshots.audit import export, sealing
from snapshots.audit.models import Entry
from tests.support.audit_commands import run
from tests.support.audit_rows import ARON, MIA, rows, write_events, write_operation

pytestmark = pytest.mark.django_db


def exported(format_name: str, wanted=None) -> bytes:
    file = export.begin(
        actor=ARON, rows=Entry.objects.all() if wanted is None else wanted, format_name=format_name
    )
    return b"".join(file.chunks)


def test_json_lines_hold_the_canonical_form_that_is_sealed():
    write_operation("accepted", "completed", reason='"quoted" ünïcode ← \u05e9\u05dc\u05d5\u05dd')
    log_rows = rows()
    lines = exported("json").decode().splitlines()
    sealed = [sealing.sealed_bytes(row) for row in log_rows]
    assert [sealing.canonical(json.loads(line)["row"]) for line in lines[1:4]] == sealed
    assert [json.loads(line)["type"] for line in lines] == ["header", *["row"] * 3, "skip", "end"]


def test_csv_has_a_byte_order_mark_and_every_column():
    write_operation("completed", reason="a, b\nand c")
    text = exported("csv").decode()
    assert text.startswith("\ufeffsequence,at,")
    log_rows = list(csv.DictReader(io.StringIO(text[1:], newline="")))
    assert [row["reason"] for row in log_rows] == ["a, b\nand c"] * 2
    stored = set(rows()[0]) - {"salt", *sealing.SUBJECT_COLUMNS, "full_target", "full_evidence"}
    assert set(log_rows[0]) == stored
    assert (log_rows[0]["actor_name"], log_rows[0]["address"]) == ("Mia", "203.0.113.9")
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
    assert record.evidence == "3 rows, up to row 3; filters: “person=Mia”"
    write_events(2)
    types = [json.loads(line)["type"] for line in b"".join(file.chunks).splitlines()]
    assert types.count("row") == file.count == 3


def test_an_unknown_format_is_not_recorded():
    with pytest.raises(KeyError):
        export.begin(actor=ARON, rows=Entry.objects.all(), format_name="xls")
    assert not Entry.objects.exists()


def test_rows_are_read_as_they_are_sent(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr("snapshots.audit.queries.BATCH_SIZE", 10)
    monkeypatch.setattr("snapshots.audit.lines.ROWS_PER_READ", 10)
    monkeypatch.setattr(export, "LINES_PER_CHUNK", 5)
    write_events(35)
    chunks = export.begin(actor=ARON, rows=Entry.objects.all(), format_name="json").chunks
    next(chunks)  # reads the leaves of the tile, too, which is not full and so not stored
    with django_assert_num_queries(7) as seen:
        assert len(list(chunks)) == 7
    assert not any("OFFSET" in query["sql"] for query in seen.captured_queries)


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


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"format_name": "csv", "columns": ["reason"]}, "a CSV file has all columns"),
        ({"format_name": "csv", "columns": []}, "a CSV file has all columns"),
        ({"format_name": "csv", "borders": [1]}, "a CSV file has all columns"),
        ({"format_name": "json", "columns": ["reason", "salt"]}, "there is no column salt"),
    ],
)
def test_columns_that_a_file_cannot_leave_out_are_refused_and_nothing_is_recorded(options, reason):
    with pytest.raises(ValueError, match=reason):
        export.begin(actor=ARON, rows=Entry.objects.all(), **options)
    assert not Entry.objects.exists()


def test_the_command_writes_no_redacted_csv_file(capsys):
    code, out, err = run(capsys, "export_audit", "--format", "csv", "--columns", "reason")
    assert (code, out) == (1, "")
    assert err == "Nothing was exported: a CSV file has all columns and proves nothing: choose JSON Lines"
