"""The worker killed at any point of a planned deletion: the next one continues, and the snapshot is deleted by one call."""

import pytest

from tests.support import kill_deletions
from tests.support.kill_figures import run_points

NOBODY_KNOWS = "before_send"
"""It died after it had marked the operation as sent: whether it was is not known, so it is not sent again (promise 10)."""


@pytest.mark.load
def test_a_worker_killed_at_each_point_is_continued_by_the_next():
    rounds = run_points("kill_deletions", timeout_seconds=180)
    assert [one["point"] for one in rounds] == list(kill_deletions.POINTS)
    for one in rounds:
        is_known = one["point"] != NOBODY_KNOWS
        assert one == {
            "point": one["point"],
            "killed": True,
            "calls": int(is_known),
            "intents": 1,
            "state": "done" if is_known else "sent",
        }
