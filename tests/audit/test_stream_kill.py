"""Sender and collector killed at any moment: no row lost, no duplicate that is not explained."""

import pytest

from tests.support.kill_figures import run_kills


@pytest.mark.load
def test_a_killed_sender_or_collector_loses_no_row_and_repeats_only_what_was_not_confirmed():
    """A sample of `python -m tests.support.kill_streams --rounds 100`, two kills at each of the ten points."""
    figures = run_kills("kill_streams", rounds=20, timeout_seconds=150)
    assert figures["rows"] >= 40
    assert figures["repeated"] >= 8
    for must_be_zero in ("rows_lost", "unexplained_duplicates", "out_of_order"):
        assert figures[must_be_zero] == 0
