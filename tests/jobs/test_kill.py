"""Workers killed while they move a job on: no step twice, none lost, and every job ends (promise 34)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.load
def test_a_worker_killed_at_any_point_neither_repeats_nor_loses_a_step():
    """A sample of `python -m tests.support.kill_jobs --rounds 200`: two kills at each of the eight points."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.support.kill_jobs", "--rounds", "16", "--seed", "7"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr[-3000:]
    figures = json.loads(result.stdout.splitlines()[-1])
    assert figures["completed"] >= 11
    assert figures["completed"] + figures["stopped"] + figures["waiting_for_evidence"] == 16
