"""The worker killed while it makes and sends notifications: none is lost, and none is told twice in the portal."""

import pytest

from tests.support.kill_figures import run_kills


@pytest.mark.load
def test_a_killed_worker_loses_no_notification_and_repeats_a_message_only_under_its_own_id():
    """A sample of `python -m tests.support.kill_notifications --rounds 100`, two kills at each of the nine points."""
    figures = run_kills("kill_notifications", rounds=18, timeout_seconds=150)
    assert figures["events"] >= 18
    assert figures["repeated"] >= 2
    for must_be_zero in ("lost", "doubled", "unexplained", "left"):
        assert figures[must_be_zero] == 0
