"""The worker runs beside the portal: started again when it dies, ended with its parent."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import os, sys, time
sys.path.insert(0, {root!r})
from snapportal import supervisor
child = "import os, time; open({pids!r}, 'a').write(f'{{os.getpid()}}\\\\n'); time.sleep(60)"
supervisor.FIRST_PAUSE_SECONDS = 0.1
supervisor.Supervisor([sys.executable, "-c", child]).run()
"""
PARENT = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', sys.argv[1]]); time.sleep(60)"


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def family(tmp_path):
    """A parent, its supervisor, and a function that returns the pids of the workers started so far."""
    pids = tmp_path / "pids"
    script = SCRIPT.format(root=str(ROOT), pids=str(pids))
    parent = subprocess.Popen([sys.executable, "-c", PARENT, script])

    def started() -> list[int]:
        return [int(line) for line in pids.read_text().split()] if pids.exists() else []

    yield parent, started
    parent.kill()
    parent.wait()
    for pid in started():
        wait_for(lambda pid=pid: not is_running(pid))


def test_a_worker_that_dies_is_started_again(family):
    _, started = family
    wait_for(lambda: len(started()) == 1)
    os.kill(started()[0], signal.SIGKILL)
    wait_for(lambda: len(started()) == 2)
    assert is_running(started()[1])


def test_a_worker_ends_with_its_parent_even_if_that_is_killed(family):
    parent, started = family
    wait_for(lambda: len(started()) == 1)
    parent.kill()
    parent.wait()
    wait_for(lambda: not is_running(started()[0]))
