"""The archiver killed at any point: the next run continues, no row is lost, and nothing is left half done."""

import pytest

from tests.support import kill_archiver
from tests.support.kill_figures import run_points


@pytest.mark.load
def test_an_archiver_killed_at_each_point_is_continued_by_the_next_run(tmp_path):
    rounds = run_points("kill_archiver", str(tmp_path), timeout_seconds=150)
    assert [one["point"] for one in rounds] == list(kill_archiver.POINTS)
    for one in rounds:
        assert one == {
            "point": one["point"],
            "killed": True,
            "continued": True,
            "lost": 0,
            "left": 0,
            "held": len(kill_archiver.HELD),
            "files": ["audit-000000001-000000512.jsonl.gz"],
            "problems": [],
        }
