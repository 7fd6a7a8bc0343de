"""The worker's loop: runs what is due, one thing after the other, and says that it is alive."""

import os
import platform
import socket
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import structlog
from django.db import DatabaseError, close_old_connections, connection
from django.db.models import Q
from django.utils import timezone

from snapshots.audit.journal import JournalUnavailableError
from snapshots.inventory import leases
from snapshots.worker.models import TaskRun, WorkerProcess
from snapshots.worker.tasks import Task, TaskError

log = structlog.get_logger()

TICK_SECONDS = 1.0
HEARTBEAT_SECONDS = 15.0
LEASE = "worker"
LEASE_SECONDS = 30.0
"""On SQLite: how long after the death of the working worker another one takes over."""
CLOCK_TOLERANCE = timedelta(minutes=5)
FORGET_AFTER = timedelta(days=1)
FAILURES = (TaskError, DatabaseError, JournalUnavailableError, OSError)


class Worker:
    """One worker process. `monotonic` gives seconds that no change of the clock moves."""

    def __init__(
        self, tasks: list[Task], *, version: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.id = uuid4().hex
        self._tasks = tasks
        self._version = version
        self._due: dict[str, float] = {}
        self._monotonic = monotonic
        self._heartbeat_due = 0.0
        self._was_standby: bool | None = None
        self._started_at = timezone.now()

    def run(self, *, is_ended: Callable[[], bool], wait: Callable[[float], None]) -> None:
        """Until `is_ended()`. `wait(seconds)` sleeps, and returns early once it is."""
        try:
            while not is_ended():
                close_old_connections()
                self.tick(is_ended=is_ended)
                wait(TICK_SECONDS)
        finally:
            self._leave()

    def run_once(self) -> int:
        """Do what is due now. Returns how many things were done. Raises DatabaseError."""
        try:
            return self._turn(lambda: False)
        finally:
            self._leave()

    def tick(self, *, is_ended: Callable[[], bool] = lambda: False) -> int:
        """Run every task that is due. Returns how many things were done; a database that goes away meanwhile is no error."""
        try:
            return self._turn(is_ended)
        except DatabaseError as error:
            log.warning("worker.database_unavailable", error=type(error).__name__, detail=str(error))
            return 0

    def _turn(self, is_ended: Callable[[], bool]) -> int:
        done = 0
        works = self._may_work()
        self._beat(is_standby=not works)
        for task in self._tasks if works else []:
            if not is_ended() and self._claim(task):
                done += self._run(task)
                self._beat(is_standby=False)
        return done

    def _may_work(self) -> bool:
        """On SQLite one worker at a time does the work: writers of other processes would only wait for each other."""
        return connection.vendor != "sqlite" or leases.keep(LEASE, self.id, LEASE_SECONDS)

    def _beat(self, *, is_standby: bool) -> None:
        if self._monotonic() < self._heartbeat_due and is_standby == self._was_standby:
            return
        self._was_standby = is_standby
        self._heartbeat_due = self._monotonic() + HEARTBEAT_SECONDS
        now = timezone.now()
        WorkerProcess.objects.update_or_create(
            id=self.id,
            defaults={
                "host": socket.gethostname(),
                "pid": os.getpid(),
                "version": f"{self._version}, Python {platform.python_version()}",
                "started_at": self._started_at,
                "seen_at": now,
                "is_standby": is_standby,
            },
        )
        WorkerProcess.objects.filter(seen_at__lt=now - FORGET_AFTER).delete()

    def _claim(self, task: Task) -> bool:
        """Whether the task is due; a shared one is then claimed, and due again after its interval."""
        now = timezone.now()
        if self._monotonic() < self._due.get(task.name, 0.0):
            return False
        if not task.is_shared:
            self._due[task.name] = self._monotonic() + task.every_seconds
            return True
        self._due[task.name] = self._monotonic() + HEARTBEAT_SECONDS  # saves a query in each turn of the loop
        TaskRun.objects.get_or_create(name=task.name, defaults={"due_at": now})
        wrong = Q(due_at__gt=task.next_due(now) + CLOCK_TOLERANCE)  # by a clock that was set back since
        row = TaskRun.objects.filter(Q(due_at__lte=now) | wrong, name=task.name)
        return bool(row.update(due_at=task.next_due(now), started_at=now))

    def _run(self, task: Task) -> int:
        """Run one task; its failure is logged, shown on the System page, and ends nothing else."""
        done, problem = 0, ""
        try:
            done = task.run()
        except FAILURES as error:
            problem = f"{type(error).__name__}: {error}"
            log.warning("worker.task_failed", task=task.name, error=problem)
        if task.is_shared:
            TaskRun.objects.filter(name=task.name).update(ended_at=timezone.now(), error=problem)
        return done

    def _leave(self) -> None:
        """Make place at once for another worker."""
        try:
            leases.release(LEASE, self.id)
            WorkerProcess.objects.filter(pk=self.id).delete()
        except DatabaseError as error:
            log.warning("worker.not_signed_off", error=type(error).__name__)
