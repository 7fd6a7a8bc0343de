"""Keeps one worker running beside gunicorn: `python -m snapportal.supervisor`, started by gunicorn_conf.

Starts `manage.py run_worker` again when it dies, and ends it when this process is told to end or its parent has ended. It imports
no Django, so that it needs little memory.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 1.0, 30.0
HEALTHY_SECONDS = 60.0
"""A worker that ran for so long is started again without a pause."""
POLL_SECONDS = 0.25
END_SECONDS = 20.0
COMMAND = [
    sys.executable,
    str(Path(__file__).resolve().parents[1] / "manage.py"),
    "run_worker",
    "--with-parent",
]


class Supervisor:
    """Runs the command until its parent has ended or a signal arrives."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._parent = os.getppid()
        self._is_told = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._is_told = True

    def _must_end(self) -> bool:
        return self._is_told or os.getppid() != self._parent

    def run(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._must_end():
            started = time.monotonic()
            self._run_once()
            if time.monotonic() - started > HEALTHY_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            self._sleep(pause)
            pause = min(2 * pause, MAX_PAUSE_SECONDS)

    def _run_once(self) -> None:
        """Start the worker, and wait until it dies or must end."""
        worker = subprocess.Popen(self._command)  # noqa: S603 - our own interpreter and script
        while worker.poll() is None:
            if self._must_end():
                _end(worker)
                return
            time.sleep(POLL_SECONDS)

    def _sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._must_end():
            time.sleep(POLL_SECONDS)


def _end(worker: subprocess.Popen[bytes]) -> None:
    """SIGTERM lets it finish what it is doing; after END_SECONDS it is killed, which loses nothing (promise 30)."""
    worker.terminate()
    try:
        worker.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


if __name__ == "__main__":
    Supervisor(COMMAND).run()
