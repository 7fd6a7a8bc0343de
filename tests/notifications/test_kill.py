"""The worker killed while it makes and sends notifications: none is lost, and none is told twice in the portal."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.load
def test_a_killed_worker_loses_no_notification_and_repeats_a_message_only_under_its_own_id():
    """A sample of `python -m tests.support.kill_notifications --rounds 100`, two kills at each of the nine points."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.support.kill_notifications", "--rounds", "18", "--seed", "7"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr[-3000:]
    figures = json.loads(result.stdout.splitlines()[-1])
    assert figures["events"] >= 18
    assert figures["repeated"] >= 2
    for must_be_zero in ("lost", "doubled", "unexplained", "left"):
        assert figures[must_be_zero] == 0
