"""How long a deletion waits: the setting, or what was set for a server.

A longer time holds at once. A shorter one takes a second person, or time: see operations/guard.py (promise 45).
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial

from django.conf import settings
from django.utils import timezone

from snapshots.audit import journal
from snapshots.audit.journal import Actor, EntryData
from snapshots.audit.wording.shared import DAYS_CHANGED, THE_SETTING
from snapshots.audit.wording.statements import joined
from snapshots.contract import clean_reason
from snapshots.deletions import statements
from snapshots.deletions.models import ServerGrace
from snapshots.operations import guard
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action
from snapshots.operations.rights import check_lasting, check_still_allowed

MAX_DAYS = 7
PERMISSION = Action.DELETE.permission


def grace_days(server_id: int) -> int:
    """0 to 7; 0 deletes at once."""
    return grace_days_of([server_id])[server_id]


def grace_days_of(server_ids: Iterable[int]) -> dict[int, int]:
    """Server → its grace time, in one query."""
    ids, now = list(server_ids), timezone.now()
    own = {one.server_id: _days_of(one, now) for one in ServerGrace.objects.filter(server_id__in=ids)}
    return dict.fromkeys(ids, _setting()) | own


def grace_of(server_id: int) -> ServerGrace | None:
    """What was set for the server as it holds now, with a shorter time that is asked for; None for the setting."""
    return _as_now(ServerGrace.objects.filter(server_id=server_id).first())


def set_grace(
    *,
    actor: Actor,
    server_id: int,
    server_name: str,
    days: int | None,
    reason: str = "",
    token_id: str = "",
) -> None:
    """Set a server's grace time; None for that of the setting. What waits already is not changed. A shorter one is asked for.

    `token_id`: the stored token that shows the actor the server. Raises OperationRefusedError (bad_grace, reason_missing
    and lift_asked for a shorter one, only_temporary, those of check_still_allowed), JournalUnavailableError.
    """
    if days is not None and not 0 <= days <= MAX_DAYS:
        raise OperationRefusedError("bad_grace")
    before = grace_days(server_id)
    is_shorter = resolved(days) < before
    text = guard.required_reason(reason) if is_shorter else clean_reason(reason)
    row = grace_of(server_id) or ServerGrace(server_id=server_id)
    row.server_name = server_name
    evidence = joined([_extent(before, days), _delay() if is_shorter else ""])
    entry = _entry(row, actor, "ask_shorten" if is_shorter else "set_grace", text, evidence)
    with guard.refusals_recorded(lambda: entry), journal.committed():
        journal.record(entry)
        check_lasting(actor.id, [(PERMISSION, server_id)])
        check_still_allowed(actor.id, PERMISSION, server_id=server_id, token_id=token_id)
        _check_unchanged(row, before)
        if is_shorter:
            row.next_days = days
            row.save()
            guard.ask(row, actor, text)
        elif days is None:
            row.delete()
        else:
            _set(row, actor, days, text)


def agree_to_shorten(*, actor: Actor, server_id: int) -> None:
    """The shorter time holds now. Not by whoever asked.

    Raises OperationRefusedError (lift_not_asked, second_person, and those of check_lasting), JournalUnavailableError.
    """
    with _step(actor, server_id, "shorten") as row:
        evidence = joined([_extent(grace_days(server_id), row.next_days), guard.who_asked(row)])
        journal.record(_entry(row, actor, "shorten", "", evidence))
        check_lasting(actor.id, [(PERMISSION, server_id)])
        guard.check_second_person(row, actor, [(PERMISSION, server_id)])
        if row.next_days is None:
            row.delete()
        else:
            _set(row, actor, row.next_days, row.lift_reason)


def keep_grace(*, actor: Actor, server_id: int) -> None:
    """Call the shorter time back. Raises OperationRefusedError (lift_not_asked, those of check_lasting)."""
    with _step(actor, server_id, "keep_grace") as row:
        journal.record(_entry(row, actor, "keep_grace", "", guard.who_asked(row)))
        check_lasting(actor.id, [(PERMISSION, server_id)])
        guard.call_back(row)


def _step(actor: Actor, server_id: int, verb: str) -> AbstractContextManager[ServerGrace]:
    return guard.under_lock(
        partial(_asked, server_id), lambda row: _entry(row, actor, verb, "", ""), missing="lift_not_asked"
    )


def _setting() -> int:
    return int(settings.SNAPPORTAL_DELETE_GRACE_DAYS)


def resolved(days: int | None) -> int:
    """None stands for the setting."""
    return _setting() if days is None else days


def _days_of(row: ServerGrace, now: datetime) -> int:
    return resolved(row.next_days if row.is_lifted(now) else row.days)


def _as_now(row: ServerGrace | None) -> ServerGrace | None:
    """A shorter time whose delay is over has taken the place of the longer one."""
    if row is not None and row.is_lifted(timezone.now()):
        row.days, row.next_days = row.next_days, None
        row.lift_person_id, row.lift_reason, row.lift_due_at = None, "", None
    return row


def _asked(server_id: int) -> ServerGrace | None:
    """If somebody asks for a shorter time."""
    row = grace_of(server_id)
    return row if row and row.lift_due_at else None


def _check_unchanged(row: ServerGrace, before: int) -> None:
    """Nobody has changed it since it was read, before this transaction had the log's lock."""
    now = grace_of(row.server_id)
    if grace_days(row.server_id) != before or (now and now.lift_due_at) != row.lift_due_at:
        raise OperationRefusedError("grace_changed")


def _set(row: ServerGrace, actor: Actor, days: int, reason: str) -> None:
    """Also calls back a shorter time that somebody asks for."""
    row.days, row.next_days = days, None
    row.person_id, row.reason, row.created_at = int(actor.id or 0), reason, timezone.now()
    row.lift_person_id, row.lift_reason, row.lift_due_at = None, "", None
    row.save()


def _extent(before: int, days: int | None) -> str:
    changed = DAYS_CHANGED.said(before=before, after=resolved(days))
    return joined([changed, THE_SETTING.said() if days is None else ""], " ")


def _delay() -> str:
    return statements.HOLDS_IN.said(hours=settings.SNAPPORTAL_GUARD_DELAY_HOURS)


def _entry(row: ServerGrace, actor: Actor, verb: str, reason: str, evidence: str) -> EntryData:
    return actor.entry(
        action=f"deletion.{verb}",
        server_id=row.server_id,
        server_name=row.server_name,
        reason=reason,
        evidence=evidence,
    )
