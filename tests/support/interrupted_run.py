"""A test that is interrupted, as by Ctrl+C. Only a run that names this file collects it: see site/test_nothing_left.py."""

import signal


def test_is_interrupted(far_desk):
    far_desk.views()
    signal.raise_signal(signal.SIGINT)
