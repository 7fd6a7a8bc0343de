"""How the worker is: alive, of which version, and what waits for it."""

import tomllib
from datetime import datetime, timedelta
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Q
from django.utils import timezone

from snapshots import sql
from snapshots.deletions.models import PlannedDeletion
from snapshots.jobs.models import Job, JobState
from snapshots.notifications.models import DeliveryState, OutboxItem
from snapshots.operations.models import OPEN_STATES, Operation
from snapshots.schedules.models import OPEN_RUNS, Run, Schedule
from snapshots.schedules.models import State as ScheduleState
from snapshots.worker.models import SILENT_AFTER, WorkerProcess

WAITING_TOO_LONG = timedelta(seconds=60)
"""Work that is older shows that no worker runs, where none was ever seen."""

_WORKERS: Final = WorkerProcess._meta.db_table
_MISSED: Final = f"""
SELECT CASE WHEN EXISTS(SELECT 1 FROM {_WORKERS})
            THEN NOT EXISTS(SELECT 1 FROM {_WORKERS} WHERE seen_at > %s AND seen_at < %s)
            ELSE EXISTS(SELECT 1 FROM {Operation._meta.db_table}
                        WHERE state IN ({sql.places(OPEN_STATES)}) AND created_at < %s)
              OR EXISTS(SELECT 1 FROM {Job._meta.db_table} WHERE state = %s AND created_at < %s)
              OR EXISTS(SELECT 1 FROM {Schedule._meta.db_table}
                        WHERE removed_at IS NULL AND state = %s AND next_due_at < %s) END
"""  # noqa: S608 - names of tables


@cache
def portal_version() -> str:
    """That of the installed package, or of the clone that runs; '' if neither says it."""
    try:
        return version("snapportal")
    except PackageNotFoundError:
        project = settings.BASE_DIR / "pyproject.toml"
    try:
        return str(tomllib.loads(project.read_text())["project"]["version"])
    except OSError:
        return ""


def is_alive(using: str = DEFAULT_DB_ALIAS) -> bool:
    """Whether a worker was seen within the last minute."""
    after, before = _times_of_alive()
    return WorkerProcess.objects.using(using).filter(seen_at__gt=after, seen_at__lt=before).exists()


def _times_of_alive() -> tuple[datetime, datetime]:
    """A worker that was seen between these is alive; one that was seen later has a wrong clock."""
    now = timezone.now()
    return now - SILENT_AFTER, now + SILENT_AFTER


def is_missed() -> bool:
    """Whether a worker ran and is gone, or work waits that no worker has taken."""
    since = timezone.now() - WAITING_TOO_LONG
    waiting = [*OPEN_STATES, since, JobState.RUNNING, since, ScheduleState.ACTIVE, since]
    ((missed,),) = sql.run(_MISSED, [*_times_of_alive(), *waiting])
    return bool(missed)


def queue_lengths() -> dict[str, int]:
    """How much of each kind is under way."""
    return {
        "operations": Operation.objects.open().count(),
        "unknown": Operation.objects.unknown().count(),
        "jobs": Job.objects.running().count(),
        "runs": Run.objects.filter(state__in=OPEN_RUNS).count(),
        "notifications": OutboxItem.objects.filter(
            Q(delivery=None) | Q(delivery__state=DeliveryState.WAITING)
        ).count(),
        "deletions": PlannedDeletion.objects.waiting().count(),
    }
