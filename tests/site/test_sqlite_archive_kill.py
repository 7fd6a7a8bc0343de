"""The archiver killed at any point: the next run continues, no row is lost, and nothing is left half done."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import kill_archiver

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.load
def test_an_archiver_killed_at_each_point_is_continued_by_the_next_run(tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "tests.support.kill_archiver", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr[-3000:]
    rounds = [json.loads(line) for line in result.stdout.splitlines()]
    assert [one.pop("point") for one in rounds] == list(kill_archiver.POINTS)
    for one in rounds:
        assert one == {
            "killed": True,
            "continued": True,
            "lost": 0,
            "left": 0,
            "held": len(kill_archiver.HELD),
            "files": ["audit-000000001-000000512.jsonl.gz"],
            "problems": [],
        }, result.stderr[-3000:]
