"""Sender and collector killed at any moment: no row lost, no duplicate that is not explained."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.load
def test_a_killed_sender_or_collector_loses_no_row_and_repeats_only_what_was_not_confirmed():
    """A sample of `python -m tests.support.kill_streams --rounds 100`, two kills at each of the ten points."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.support.kill_streams", "--rounds", "20", "--seed", "7"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr[-3000:]
    figures = json.loads(result.stdout.splitlines()[-1])
    assert figures["rows"] >= 40
    assert figures["repeated"] >= 8
    for must_be_zero in ("rows_lost", "unexplained_duplicates", "out_of_order"):
        assert figures[must_be_zero] == 0
