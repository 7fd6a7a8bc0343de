"""Lets a command that runs until SIGTERM or SIGINT wait, and end in order."""

import os
import select
import signal


class EndSignal:
    """Set by SIGTERM and SIGINT, from `listen` on.

    Not a threading.Event: a handler runs in the thread that it interrupts, and when that thread is inside `Event.wait` it
    may hold the lock that `Event.set` needs. A pipe needs no lock.
    """

    def __init__(self) -> None:
        self._is_set = False
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)

    def listen(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.set())

    def set(self) -> None:
        if not self._is_set:
            self._is_set = True
            os.write(self._writer, b"\0")

    def is_set(self) -> bool:
        return self._is_set

    def wait(self, seconds: float) -> None:
        """Wait, at most until the signal."""
        select.select([self._reader], [], [], seconds)
