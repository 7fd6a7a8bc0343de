"""The watch for schedules of which nothing came for too long, and for due times that a wrong clock left in the future."""

from datetime import datetime, timedelta
from itertools import islice

from django.db.models import F, Max, Q
from django.utils import timezone

from snapshots.audit import journal
from snapshots.schedules import statements
from snapshots.schedules.models import Run, RunState, Schedule, ScheduleQuerySet
from snapshots.schedules.stopping import owner_actor, stop_orphans

SHORTEST, LONGEST = timedelta(hours=1), timedelta(days=1)
"""How long after its due time a run may end, at least and at most."""
PAUSED_FOR = timedelta(days=7)
"""How much longer one that a person has paused may be silent."""
TELL_AGAIN_AFTER = timedelta(days=7)


def check_all() -> int:
    """Stop schedules that cannot run, correct due times, and tell of silent ones. Returns how many changed.

    Raises JournalUnavailableError.
    """
    return stop_orphans() + correct_due_times() + tell_of_silence()


def correct_due_times() -> int:
    """A due time later than the next one was computed by a clock that was ahead: without correction nothing runs till then."""
    now = timezone.now()
    corrected = 0
    for schedule in Schedule.objects.active().filter(next_due_at__gt=now):
        next_due = schedule.recurrence.next_due(now)
        if next_due is not None and schedule.next_due_at is not None and next_due < schedule.next_due_at:
            held = Schedule.objects.active().filter(pk=schedule.pk, next_due_at=schedule.next_due_at)
            corrected += held.update(next_due_at=next_due)
    return corrected


def tell_of_silence() -> int:
    """Write the row "schedule.silent" once for each silence, and again after TELL_AGAIN_AFTER. Returns how many."""
    now = timezone.now()
    return sum(_tell(schedule) for schedule in _untold(now) if now > silent_after(schedule))


def _untold(now: datetime) -> ScheduleQuerySet:
    untold = Q(silent_told_at=None) | Q(silent_told_at__lt=now - TELL_AGAIN_AFTER)
    good = Q(runs__state__in=[RunState.COMPLETED, RunState.PARTLY])
    return Schedule.objects.present().filter(untold).annotate(last_good_at=Max("runs__ended_at", filter=good))


def silent_after(schedule: Schedule) -> datetime:
    """From when on it is silent: when a run should have ended, from the last good one, the definition or the last pause on."""
    last_good_at = getattr(schedule, "last_good_at", None) or last_good(schedule)
    since = max(filter(None, [last_good_at, schedule.changed_at, schedule.resumed_at]))
    due = list(islice(schedule.recurrence.due_times(since), 2))
    if not due:
        return datetime.max.replace(tzinfo=since.tzinfo)
    interval = due[-1] - due[0]  # zero if it is due only once more
    allowed = min(max(interval, SHORTEST), LONGEST)
    return due[0] + allowed + (timedelta() if schedule.is_active or schedule.code else PAUSED_FOR)


def last_good(schedule: Schedule) -> datetime | None:
    """When a run last made a snapshot."""
    good = Run.objects.filter(schedule=schedule, state__in=[RunState.COMPLETED, RunState.PARTLY])
    return good.order_by(F("ended_at").desc()).values_list("ended_at", flat=True).first()


def _tell(schedule: Schedule) -> bool:
    last_good_at = last_good(schedule)
    known = statements.LAST_GOOD_RUN.said(at=last_good_at) if last_good_at else statements.NO_GOOD_RUN.said()
    with journal.committed():
        row = Schedule.objects.present().filter(pk=schedule.pk, silent_told_at=schedule.silent_told_at)
        if not row.update(silent_told_at=timezone.now()):
            return False
        actor = owner_actor(schedule)
        journal.record(schedule.entry(actor, action="schedule.silent", result="failed", evidence=known))
    return True
