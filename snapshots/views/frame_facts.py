"""What every page asks about, and most pages find nothing of, in one query: the exact questions are asked where there is
something. Each takes several times as long in Django's query compiler as in the database.
"""

from dataclasses import dataclass
from typing import Final

from django.utils import timezone

from snapshots import sql
from snapshots.notifications.models import Notification
from snapshots.operations.models import OPEN_STATES, Operation
from snapshots.reviews.queries import WAITING
from snapshots.worker.models import SILENT_AFTER, WorkerProcess


@dataclass(frozen=True)
class Facts:
    """`unread`: how many notifications the person has not read, at most COUNTED, and `newest` the number of the newest, 0 if
    there is none. `has_worker`: one was seen within the last minute (worker.status.is_alive)."""

    unread: int
    newest: int
    questions: int
    has_open_operations: bool
    has_worker: bool


COUNTED: Final = 100
"""More unread notifications than this are not counted."""
_NOTIFICATIONS: Final = Notification._meta.db_table
_UNREAD: Final = "person_id = %s AND read_at IS NULL"
_QUERY: Final = f"""
SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM {_NOTIFICATIONS} WHERE {_UNREAD} LIMIT {COUNTED}) AS counted),
       COALESCE((SELECT MAX(id) FROM {_NOTIFICATIONS} WHERE {_UNREAD}), 0),
       ({WAITING}),
       EXISTS(SELECT 1 FROM {Operation._meta.db_table} WHERE state IN ({sql.places(OPEN_STATES)})),
       EXISTS(SELECT 1 FROM {WorkerProcess._meta.db_table} WHERE seen_at > %s AND seen_at < %s)
"""  # noqa: S608 - names of tables


def read_facts(person_id: int) -> Facts:
    now = timezone.now()
    parameters = [person_id, person_id, person_id, *OPEN_STATES, now - SILENT_AFTER, now + SILENT_AFTER]
    ((unread, newest, questions, has_open_operations, has_worker),) = sql.run(_QUERY, parameters)
    return Facts(unread, newest, questions, bool(has_open_operations), bool(has_worker))
