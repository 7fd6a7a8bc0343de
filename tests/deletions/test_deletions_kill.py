"""The worker killed at any point of a planned deletion: the next one continues, and the snapshot is deleted by one call."""

import json
import subprocess
import sys

import pytest

from tests.support import kill_deletions

NOBODY_KNOWS = "before_send"
"""It died after it had marked the operation as sent: whether it was is not known, so it is not sent again (promise 10)."""


@pytest.mark.load
def test_a_worker_killed_at_each_point_is_continued_by_the_next():
    result = subprocess.run(
        [sys.executable, "-m", "tests.support.kill_deletions"],
        cwd=kill_deletions.ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr[-3000:]
    rounds = [json.loads(line) for line in result.stdout.splitlines() if line.startswith('{"point"')]
    assert [one.pop("point") for one in rounds] == list(kill_deletions.POINTS)
    for point, one in zip(kill_deletions.POINTS, rounds, strict=True):
        is_known = point != NOBODY_KNOWS
        assert one == {
            "killed": True,
            "calls": int(is_known),
            "intents": 1,
            "state": "done" if is_known else "sent",
        }, point
