"""accept_lost_anchors: verification passes again after the anchor file lost lines, and each lost anchor is named."""

from pathlib import Path

import pytest

from tests.support.audit_commands import accept, restore_backup, run, verify
from tests.support.audit_rows import write_events

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def anchor_file(tmp_path, settings) -> Path:
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    settings.SNAPPORTAL_ANCHOR_URL = ""
    return tmp_path / "anchors.jsonl"


def test_verification_passes_after_lost_anchors_are_accepted(capsys, anchor_file):
    for _ in range(3):
        write_events(2)
        run(capsys, "anchor_audit")
    lines = anchor_file.read_text().splitlines(keepends=True)
    anchor_file.write_text(lines[0])
    assert (verify(capsys)[0], run(capsys, "anchor_audit")[0]) == (1, 1)
    code, output = accept(capsys, "lost_anchors", reason="The stick broke")
    assert (code, "2 anchors, of rows 5, 8, were lost" in output) == (0, True)
    code, output = verify(capsys)
    assert (code, "reason: The stick broke" in output) == (0, True)
    assert run(capsys, "anchor_audit")[0] == 0
    anchor_file.write_text("")
    assert "row 3: it tells of an anchor" in verify(capsys)[1]
    assert accept(capsys, "lost_anchors")[0] == 0


def test_a_lost_anchor_that_is_found_again_is_verified_again(capsys, anchor_file):
    for _ in range(2):
        write_events(2)
        run(capsys, "anchor_audit")
    lines = anchor_file.read_text().splitlines(keepends=True)
    anchor_file.write_text(lines[0])
    accept(capsys, "lost_anchors")
    anchor_file.write_text("".join(lines))
    assert "anchors that agree: 2" in verify(capsys)[1]
    restore_backup(until=4)
    assert verify(capsys)[0] == 1


def test_acceptance_is_refused_when_no_anchor_is_lost(capsys, anchor_file):
    write_events(2)
    run(capsys, "anchor_audit")
    assert accept(capsys, "lost_anchors")[0] == 1
    restore_backup(until=1)  # the anchor is in the file; its row is not in the log
    assert accept(capsys, "lost_anchors")[0] == 1
