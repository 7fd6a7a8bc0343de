"""Workers killed while they run a schedule: each due time has one run, no step is sent twice and none is lost."""

import pytest

from tests.support.kill_figures import run_kills


@pytest.mark.load
def test_a_worker_killed_at_any_point_neither_repeats_nor_loses_a_due_time_or_a_step():
    """A sample of `python -m tests.support.kill_workers --rounds 200`: a kill at each of the 14 points."""
    figures = run_kills("kill_workers", rounds=14, timeout_seconds=400)
    assert figures["runs"] == figures["jobs"]
    # A due time is skipped while the run before it waits for evidence.
    assert figures["runs"] + figures["skipped"] == 14
    assert figures["completed"] >= 7
