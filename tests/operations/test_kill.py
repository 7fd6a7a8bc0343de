"""Workers killed at any moment: no write without a durable intent, no row lost, no operation invisible (promise 30)."""

import pytest

from tests.support.kill_figures import run_kills


@pytest.mark.load
def test_a_writer_killed_at_random_and_at_named_points_leaves_a_correct_log():
    """A sample of `python -m tests.support.kill_writers --rounds 1000`, six kills at each of the eight points."""
    figures = run_kills("kill_writers", rounds=48, timeout_seconds=240)
    assert figures["provider_writes"] >= 12
    assert figures["left_open"] >= 12
    for must_be_zero in ("writes_without_intent", "rows_lost", "invisible", "chain_broken"):
        assert figures[must_be_zero] == 0
