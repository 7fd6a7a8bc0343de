"""A command that runs until a signal ends, whenever the signal arrives."""

import subprocess
import sys
import time

from snapshots.audit.management.end_signal import EndSignal

INTERRUPT_ALL_THE_TIME = """
import signal, time
from snapshots.audit.management.end_signal import EndSignal

end = EndSignal()
signal.signal(signal.SIGALRM, lambda *_: end.set())
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
until = time.monotonic() + 2
while time.monotonic() < until:
    end.wait(0.0002)
signal.setitimer(signal.ITIMER_REAL, 0)
assert end.is_set()
print("ended")
"""


def test_a_signal_in_the_middle_of_waiting_does_not_block():
    """In a process of its own, because a lock that is taken twice would never be released."""
    command = [sys.executable, "-c", INTERRUPT_ALL_THE_TIME]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ended\n", "")


def test_waiting_ends_with_the_signal_and_at_the_latest_after_its_time():
    end = EndSignal()
    began = time.monotonic()
    end.wait(0.05)
    assert not end.is_set()
    assert time.monotonic() - began >= 0.05
    end.set()
    end.set()
    end.wait(60)
    assert end.is_set()
    assert time.monotonic() - began < 30
