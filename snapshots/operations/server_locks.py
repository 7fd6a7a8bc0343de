"""Locks of servers: what must not be restored over is not, in any channel, until the lock ends (promises 44 and 45).

Anybody who may restore, and not by a temporary role alone, places a lock. To lift one takes two people, or time: see guard.py.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial

from django.utils import timezone

from snapshots import sql
from snapshots.audit import journal
from snapshots.audit.journal import Actor, EntryData
from snapshots.operations import guard, statements
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.guarded_models import ServerLock
from snapshots.operations.models import Action
from snapshots.operations.rights import check_lasting

PERMISSION = Action.RESTORE.permission


def lock_of(server_id: int) -> ServerLock | None:
    """The lock that holds now."""
    found = sql.first(ServerLock, "WHERE server_id = %s", [server_id])
    return found if found and found.is_active(timezone.now()) else None


def locked_servers(server_ids: Iterable[int], action: str) -> set[int]:
    """Those of these servers whose lock covers this action now."""
    now = timezone.now()
    found = ServerLock.objects.filter(server_id__in=list(server_ids))
    return {one.server_id for one in found if one.is_active(now) and one.covers(action)}


def place(
    *,
    actor: Actor,
    server_id: int,
    server_name: str,
    reason: str,
    covers_deletes: bool = False,
    until: datetime | None = None,
) -> ServerLock:
    """Lock a server from now on.

    Raises OperationRefusedError (reason_missing, already_locked, lock_ended, those of check_lasting), JournalUnavailableError.
    """
    now = timezone.now()
    lock = ServerLock(
        server_id=server_id,
        server_name=server_name,
        covers_deletes=covers_deletes,
        person_id=int(actor.id or 0),
        reason=guard.required_reason(reason),
        created_at=now,
        until=until,
    )
    if until is not None and until <= now:
        raise OperationRefusedError("lock_ended")
    entry = _entry(lock, actor, "server.lock", reason=lock.reason, evidence=_extent(lock))
    with guard.refusals_recorded(lambda: entry), journal.committed():
        journal.record(entry)
        check_lasting(actor.id, [(PERMISSION, server_id)])
        if lock_of(server_id):
            raise OperationRefusedError("already_locked")
        ServerLock.objects.filter(server_id=server_id).delete()
        lock.save(force_insert=True)
    return lock


def ask_to_lift(*, actor: Actor, server_id: int, reason: str) -> ServerLock:
    """It lifts after the delay, or as soon as somebody else agrees.

    Raises OperationRefusedError (reason_missing, not_locked, lift_asked, those of check_lasting), JournalUnavailableError.
    """
    text = guard.required_reason(reason)
    with _step(actor, server_id, "server.ask_unlock", text) as lock:
        guard.ask(lock, actor, text)
        evidence = guard.when_it_lifts(lock)
        journal.record(_entry(lock, actor, "server.ask_unlock", reason=text, evidence=evidence))
        check_lasting(actor.id, [(PERMISSION, server_id)])
    return lock


def agree_to_lift(*, actor: Actor, server_id: int) -> None:
    """The lock is lifted now. Not by whoever asked.

    Raises OperationRefusedError (not_locked, lift_not_asked, second_person, those of check_lasting), JournalUnavailableError.
    """
    with _step(actor, server_id, "server.unlock") as lock:
        journal.record(_entry(lock, actor, "server.unlock", evidence=guard.who_asked(lock)))
        check_lasting(actor.id, [(PERMISSION, server_id)])
        guard.check_second_person(lock, actor, [(PERMISSION, server_id)])
        lock.delete()


def keep(*, actor: Actor, server_id: int) -> None:
    """Call the lifting back: the lock stays.

    Raises OperationRefusedError (not_locked, lift_not_asked, those of check_lasting), JournalUnavailableError.
    """
    with _step(actor, server_id, "server.keep_lock") as lock:
        journal.record(_entry(lock, actor, "server.keep_lock", evidence=guard.who_asked(lock)))
        check_lasting(actor.id, [(PERMISSION, server_id)])
        guard.call_back(lock)


def _step(actor: Actor, server_id: int, action: str, reason: str = "") -> AbstractContextManager[ServerLock]:
    refused = partial(_entry, actor=actor, action=action, reason=reason)
    return guard.under_lock(partial(lock_of, server_id), refused, missing="not_locked")


def _extent(lock: ServerLock) -> str:
    if lock.until is None:
        return (statements.LOCKED_ALL if lock.covers_deletes else statements.LOCKED).said()
    said = statements.LOCKED_ALL_UNTIL if lock.covers_deletes else statements.LOCKED_UNTIL
    return said.said(until=lock.until)


def _entry(lock: ServerLock, actor: Actor, action: str, *, reason: str = "", evidence: str = "") -> EntryData:
    return actor.entry(
        action=action,
        server_id=lock.server_id,
        server_name=lock.server_name,
        reason=reason,
        evidence=evidence,
    )
