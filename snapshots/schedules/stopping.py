"""Stops schedules that can no longer run in their owner's name, and pauses those that only fail. Both are in the log."""

from django.contrib.auth import get_user_model
from django.db import models

from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.connection import Person
from snapshots.operations.models import Action
from snapshots.operations.rights import may_on
from snapshots.schedules.models import Run, Schedule, State
from snapshots.vault.models import StoredToken

MAX_FAILURES = 5
FIVE_FAILURES = "five_failures"


def owner_of(schedule: Schedule) -> Person | None:
    return get_user_model().objects.filter(pk=schedule.owner_id).first()


def owner_actor(schedule: Schedule, run: Run | None = None) -> Actor:
    """In whose name it runs. The rights are checked in the transaction of each intent.

    What requests is the run, or the schedule itself: by this ID its rows of the log are found.
    """
    owner = owner_of(schedule)
    return Actor(
        id=schedule.owner_id,
        name=str(owner) if owner else "",
        role=getattr(owner, "role", ""),
        channel="schedule",
        request_id=str(run.pk if run else schedule.pk),
    )


def token_of(schedule: Schedule) -> StoredToken | None:
    """The owner's stored token; None if it was removed or replaced by another account's."""
    return StoredToken.objects.filter(
        pk=schedule.token_id, user_id=schedule.owner_id, fingerprint=schedule.token_fingerprint
    ).first()


def reason_to_stop(schedule: Schedule) -> str:
    """The code of why it can no longer run; '' if it can."""
    owner, token = owner_of(schedule), token_of(schedule)
    if owner is None or not owner.is_active:
        return "owner_gone"
    rights = [Action.CREATE] if schedule.keep.is_everything else [Action.CREATE, Action.DELETE]
    if not any(all(may_on(owner, one.permission, server) for one in rights) for server in schedule.targets):
        return "owner_lacks_right"
    if token is None:
        return "token_gone"
    if not all(token.allows(action.permission) for action in rights):
        return "token_limited"
    return "token_refused" if token.refused_at is not None else ""


def stop_orphans() -> int:
    """Stop every active schedule that can no longer run. Returns how many. Raises JournalUnavailableError."""
    stopped = 0
    for schedule in list(Schedule.objects.active()):
        code = reason_to_stop(schedule)
        stopped += bool(code) and stop(schedule, code)
    return stopped


def stop(schedule: Schedule, code: str) -> bool:
    """Active → stopped, with its row in the log. False if it was not active. Raises JournalUnavailableError."""
    with journal.committed():
        if not _end(schedule, State.STOPPED, code):
            return False
        journal.record(
            schedule.entry(owner_actor(schedule), action="schedule.stop", result="failed", code=code)
        )
    return True


def count_result(schedule: Schedule, *, is_failure: bool) -> None:
    """Count a run of which nothing was completed, and pause at MAX_FAILURES in a row. Inside `journal.committed()`."""
    row = Schedule.objects.filter(pk=schedule.pk)
    if not is_failure:
        row.update(failures=0, silent_told_at=None)
        return
    row.update(failures=models.F("failures") + 1)
    if row.filter(failures__gte=MAX_FAILURES).exists() and _end(schedule, State.PAUSED, FIVE_FAILURES):
        actor = owner_actor(schedule)
        journal.record(schedule.entry(actor, action="schedule.stop", result="failed", code=FIVE_FAILURES))


def _end(schedule: Schedule, state: State, code: str) -> bool:
    active = Schedule.objects.active().filter(pk=schedule.pk)
    return bool(active.update(state=state, code=code, next_due_at=None))
