"""Workers killed at any moment: no write without a durable intent, no row lost, no operation invisible (promise 30)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.load
def test_a_writer_killed_at_random_and_at_named_points_leaves_a_correct_log():
    """A sample of `python -m tests.support.kill_writers --rounds 1000`, six kills at each of the eight points."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.support.kill_writers", "--rounds", "48", "--seed", "7"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr[-3000:]
    figures = json.loads(result.stdout.splitlines()[-1])
    assert figures["provider_writes"] >= 12
    assert figures["left_open"] >= 12
    for must_be_zero in ("writes_without_intent", "rows_lost", "invisible", "chain_broken"):
        assert figures[must_be_zero] == 0
