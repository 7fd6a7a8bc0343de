"""Everything that the worker does, and how often.

A frequent task runs in every worker: it claims what it works on row by row. A shared task is claimed as a whole, so that
one of several workers runs it when it is due.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from importlib import import_module
from typing import Final

from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from snapshots.approvals import deciding
from snapshots.audit.streaming import channels, sender
from snapshots.audit.streaming.sender import State
from snapshots.deletions import due
from snapshots.inventory import leases
from snapshots.jobs import engine
from snapshots.notifications import alarms, channel_alarms, delivery, heartbeat, outbox
from snapshots.observations import looking
from snapshots.observations import silence as server_silence
from snapshots.operations import following
from snapshots.schedules import runs, silence

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
NIGHT_HOUR: Final = 3
"""In UTC: when daily tasks are due."""


class TaskError(Exception):
    """A task could not do all of its work. The text says why, for the System page."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """`run` returns how many things it did. Raises TaskError, DatabaseError, JournalUnavailableError."""

    name: str
    every_seconds: float
    run: Callable[[], int]

    @property
    def is_shared(self) -> bool:
        return self.every_seconds >= HOUR

    def next_due(self, now: datetime) -> datetime:
        """A daily task is due at night; another one after its interval."""
        if self.every_seconds < DAY:
            return now + timedelta(seconds=self.every_seconds)
        night = now.replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)
        return night if night > now else night + timedelta(days=1)


def run_command(name: str, *options: str) -> int:
    """Run a command of manage.py. Raises TaskError with what it printed if it failed."""
    printed = io.StringIO()
    try:
        call_command(name, *options, stdout=io.StringIO(), stderr=printed)
    except CommandError as error:
        raise TaskError(str(error)) from error
    except SystemExit as ended:  # the commands of the log end with a code
        if ended.code:
            raise TaskError(printed.getvalue().strip() or f"{name} ended with code {ended.code}") from ended
    return 1


def stream() -> int:
    """Send the next batch to each configured stream. A stream's own cursor has its failures and its next try."""
    turns = [sender.send_rows(channel) for channel in channels.configured()]
    return sum(turn.state is State.SENT for turn in turns)


def clear_expired() -> int:
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    return leases.clear_expired() + clear_cache()


def clear_cache() -> int:
    """Delete the expired rows of a cache in the database, which deletes them only when it is full. Returns how many."""
    if not settings.CACHES["default"]["BACKEND"].endswith("DatabaseCache"):
        return 0
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    table = connection.ops.quote_name(settings.CACHES["default"]["LOCATION"])
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE expires < %s", [now])  # noqa: S608 - a name of our settings
        return int(cursor.rowcount)


def _tasks() -> list[Task]:
    tasks = [
        Task(name="operations", every_seconds=2, run=following.follow_open),
        Task(name="jobs", every_seconds=2, run=engine.advance_all),
        Task(name="stream", every_seconds=2, run=stream),
        Task(name="schedules", every_seconds=2, run=runs.run_due),
        Task(name="schedule_checks", every_seconds=60, run=silence.check_all),
        Task(name="deletions", every_seconds=5, run=due.run_due),
        Task(name="approvals", every_seconds=5, run=deciding.run_due),
        Task(name="temporary_roles", every_seconds=30, run=partial(run_command, "end_temporary_roles")),
        Task(name="reminders", every_seconds=60, run=due.remind_due),
        Task(name="events", every_seconds=2, run=outbox.read_log),
        Task(name="deliveries", every_seconds=5, run=delivery.deliver_due),
        Task(name="look", every_seconds=10, run=looking.look),
        Task(name="observations", every_seconds=10, run=looking.compare_all),
        Task(name="server_silence", every_seconds=60, run=server_silence.tell_of_silence),
        Task(name="alarms", every_seconds=30, run=alarms.check_all),
        Task(name="channels", every_seconds=120, run=channel_alarms.check_all),
        Task(name="heartbeat", every_seconds=60, run=heartbeat.ping),
        Task(name="anchor", every_seconds=HOUR, run=partial(run_command, "anchor_audit")),
        Task(name="checkpoint", every_seconds=HOUR, run=partial(run_command, "checkpoint_audit")),
        Task(name="clear", every_seconds=HOUR, run=clear_expired),
        Task(name="forget", every_seconds=DAY, run=alarms.clear_old),
        Task(name="forget_changes", every_seconds=DAY, run=looking.clear_old),
        Task(name="verify", every_seconds=DAY, run=partial(run_command, "verify_audit")),
    ]
    if settings.SNAPPORTAL_ERASE_ADDRESSES_AFTER_DAYS:
        tasks.append(Task(name="addresses", every_seconds=DAY, run=partial(run_command, "erase_addresses")))
    if settings.SNAPPORTAL_ARCHIVE_AFTER_DAYS:
        tasks.append(Task(name="archive", every_seconds=DAY, run=partial(run_command, "archive_audit")))
    return tasks


TASKS: Final = _tasks()
