"""Workers killed while they move a job on: no step twice, none lost, and every job ends (promise 34)."""

import pytest

from tests.support.kill_figures import run_kills


@pytest.mark.load
def test_a_worker_killed_at_any_point_neither_repeats_nor_loses_a_step():
    """A sample of `python -m tests.support.kill_jobs --rounds 200`: at each of the eight points a job of one lane and a batch."""
    figures = run_kills("kill_jobs", rounds=16, timeout_seconds=300)
    assert figures["completed"] >= 9
    assert (
        figures["lanes"] >= 8 + 8 * 2
    )  # a batch takes the servers with room: after the kills before it two or more
    assert figures["completed"] + figures["stopped"] + figures["waiting_for_evidence"] == 16
