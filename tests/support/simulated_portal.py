"""The worker in simulated time, with a wall clock that can be set wrong: which way tells what ended, and after how long."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
from time_machine import Traveller

from snapshots.worker.loop import Worker
from snapshots.worker.tasks import TASKS
from tests.support.imaginary import ImaginaryProvider

STEP_SECONDS = 15
LONG_STEP_SECONDS = 60
"""Where nobody asks how soon something is told."""
LIMIT_SECONDS = 600
RUN = frozenset(
    {"operations", "events", "deliveries", "look", "observations", "alarms", "channels", "heartbeat"}
)


class SimulatedPortal:
    """`provider_ahead` is how far the provider's clock is from the wall clock of the portal."""

    def __init__(self, clock: Traveller, provider: ImaginaryProvider) -> None:
        self._clock = clock
        self._provider = provider
        self._elapsed = 0.0
        self.provider_ahead = timedelta()
        self._worker = self._new_worker()

    def _new_worker(self) -> Worker:
        tasks = [task for task in TASKS if task.name in RUN]
        return Worker(tasks, version="0", monotonic=lambda: self._elapsed)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """The provider's answer, with its own time."""
        is_read = request.method == "GET"
        response = self._provider.read(request.url.path) if is_read else self._provider.write(request)[0]
        response.headers["Date"] = format_datetime(datetime.now(UTC) + self.provider_ahead, usegmt=True)
        return response

    def set_clock(self, by: timedelta) -> None:
        """Set the portal's wall clock; the provider's and the time that passes stay."""
        self._clock.shift(by)
        self.provider_ahead -= by

    def run(
        self, seconds: float = LIMIT_SECONDS, *, works: bool = True, step: int = STEP_SECONDS
    ) -> Iterator[float]:
        """Let time pass step by step; yields how much has passed. The worker works unless it has ended."""
        passed = 0.0
        while passed < seconds:
            passed += step
            self._elapsed += step
            self._clock.shift(step)
            if works:
                self._worker.tick()
            yield passed

    def until(self, is_told: Callable[[], object], **options: bool) -> float:
        """After how many seconds it is told. Fails after LIMIT_SECONDS."""
        for passed in self.run(**options):
            if is_told():
                return passed
        raise AssertionError(f"nobody was told within {LIMIT_SECONDS} seconds")

    def rest(self, seconds: float) -> None:
        for _passed in self.run(seconds, step=LONG_STEP_SECONDS):
            pass
