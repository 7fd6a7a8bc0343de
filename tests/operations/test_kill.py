"""Workers killed at any moment: no write without a durable intent, no row lost, no operation invisible (promise 30)."""

import pytest

from tests.support.kill_figures import run_kills


@pytest.mark.load
def test_a_writer_killed_at_random_and_at_named_points_leaves_a_correct_log():
    """A sample of `python -m tests.support.kill_writers --rounds 1000`, three kills at each of the eight points."""
    figures = run_kills("kill_writers", rounds=24, timeout_seconds=240)
    assert figures["provider_writes"] >= 6
    assert figures["left_open"] >= 6
    for must_be_zero in ("writes_without_intent", "rows_lost", "invisible", "chain_broken"):
        assert figures[must_be_zero] == 0
