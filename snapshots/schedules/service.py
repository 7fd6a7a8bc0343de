"""Defines, pauses, resumes, starts and removes schedules. Every change is a row of the log, checked under its lock."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import product

from django.db import IntegrityError
from django.utils import timezone

from snapshots import contract
from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.audit.wording.statements import joined
from snapshots.operations.approval import Approved
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.guard import refusals_recorded
from snapshots.operations.models import Action
from snapshots.operations.rights import Borrowed, borrowed, check_lasting, check_person
from snapshots.schedules import wording
from snapshots.schedules.definition import DEFINED, Definition, was_previewed
from snapshots.schedules.loosening import check_definition, check_resumed
from snapshots.schedules.models import (
    OPEN_RUNS,
    Cause,
    Run,
    Schedule,
    ScheduleServer,
    State,
)
from snapshots.schedules.visibility import can_go_on_with
from snapshots.vault.models import StoredToken

MANAGE = "schedules.manage"
PAUSE = "schedules.pause"
"""Who may create snapshots may pause a schedule, and resume what a person has paused."""


def create_schedule(
    *,
    actor: Actor,
    token: StoredToken,
    definition: Definition,
    preview: str,
    form_key: str,
    approved: Approved[str] | None = None,
) -> Schedule:
    """`preview` is the proof that the person saw what it would delete. A form that was sent before returns its schedule.

    Raises OperationRefusedError (preview_missing, approval_needed, and those of Definition.check and check_still_allowed),
    JournalUnavailableError.
    """
    earlier = Schedule.objects.filter(form_key=form_key).first()
    if earlier is not None:
        return earlier
    schedule = Schedule(form_key=form_key, created_at=timezone.now())
    try:
        _define(schedule, actor, token, definition, preview, action="schedule.create", approved=approved)
    except IntegrityError:  # the same form at the same moment
        return Schedule.objects.get(form_key=form_key)
    return schedule


def change_schedule(
    *,
    actor: Actor,
    schedule: Schedule,
    token: StoredToken,
    definition: Definition,
    preview: str,
    seen: datetime,
    approved: Approved[str] | None = None,
) -> None:
    """From now on it runs in the actor's name, with `token`: the same token stored by the actor, or one that shows its servers.

    `seen` is the `changed_at` that the person saw. It becomes active if the portal had paused or stopped it. Raises
    OperationRefusedError (schedule_changed, schedule_gone, other_token, and those of create_schedule),
    JournalUnavailableError.
    """
    if not can_go_on_with(schedule, token):
        raise OperationRefusedError("other_token")

    def check() -> None:
        schedule.refresh_from_db()
        if schedule.removed_at is not None:
            raise OperationRefusedError("schedule_gone")
        if schedule.changed_at != seen:
            raise OperationRefusedError("schedule_changed")
        _check_person(actor, schedule, MANAGE)
        if schedule.owner_id != actor.id:  # it would stop when a temporary role ends
            check_lasting(actor.id, product(_rights_of(definition), definition.targets))

    _define(
        schedule, actor, token, definition, preview, action="schedule.change", check=check, approved=approved
    )


def _define(
    schedule: Schedule,
    actor: Actor,
    token: StoredToken,
    definition: Definition,
    preview: str,
    *,
    action: str,
    check: Callable[[], None] = lambda: None,
    approved: Approved[str] | None = None,
) -> None:
    """Save the definition. `check` is called under the log's lock. What was approved was previewed when it was asked for."""
    definition.check()
    rights = _rights_of(definition)
    if approved is None and not definition.keep.is_everything:
        _check_previewed(preview, definition, token, actor)
    entry = actor.entry(
        action=action, target=definition.name, token_label=token.label, token_fingerprint=token.fingerprint
    )
    with refusals_recorded(lambda: entry), journal.committed():
        noted = borrowed(actor.id, product(rights, definition.targets))
        journal.record(replace(entry, evidence=noted.added_to(_evidence(definition, approved))))
        check_person(actor.id, product(rights, definition.targets), noted=noted)
        _check_token(actor, token, rights, definition.targets)
        check()
        stored = None if schedule._state.adding else schedule
        check_definition(stored, definition, token.fingerprint, approved.approval if approved else None)
        _fill(schedule, actor, token, definition)
        schedule.save()
        _save_servers(schedule, definition)
        if approved:
            approved.guard()


def _check_previewed(preview: str, definition: Definition, token: StoredToken, actor: Actor) -> None:
    if not was_previewed(preview, definition, token_id=token.pk, person_id=int(actor.id or 0)):
        raise OperationRefusedError("preview_missing")


def _rights_of(definition: Definition) -> list[str]:
    """What it takes on each of its servers; a schedule of all servers needs the rights everywhere."""
    actions = [Action.CREATE] if definition.keep.is_everything else [Action.CREATE, Action.DELETE]
    return [MANAGE, *(action.permission for action in actions)]


def _check_token(
    actor: Actor, token: StoredToken, rights: Sequence[str], targets: Sequence[int | None]
) -> None:
    """It must have the rights of the runs."""
    own = StoredToken.objects.filter(pk=token.pk, user_id=actor.id or 0, fingerprint=token.fingerprint)
    stored = own.first()
    if stored is None:
        raise OperationRefusedError("token_gone")
    reaches_all = all(number is None or stored.reaches(number) for number in targets)
    if not (reaches_all and all(map(stored.allows, rights))):
        raise OperationRefusedError("token_limited")


def _check_person(actor: Actor, schedule: Schedule, permission: str, noted: Borrowed | None = None) -> None:
    check_person(actor.id, product([permission], schedule.targets), noted=noted)


def _noted(actor: Actor, schedule: Schedule, permission: str) -> Borrowed:
    """For the row, before it is written."""
    return borrowed(actor.id, product([permission], schedule.targets))


def _fill(schedule: Schedule, actor: Actor, token: StoredToken, definition: Definition) -> None:
    for name in DEFINED:
        setattr(schedule, name, getattr(definition, name))
    schedule.name = contract.clean_text(definition.name.strip())
    schedule.description = contract.clean_text(definition.description.strip())
    keep = definition.keep
    schedule.keep_last, schedule.keep_daily = keep.last, keep.daily
    schedule.keep_weekly, schedule.keep_monthly = keep.weekly, keep.monthly
    schedule.owner_id = int(actor.id or 0)
    schedule.token_id, schedule.token_fingerprint = token.pk, token.fingerprint
    schedule.previewed = definition.digest(token.pk)
    schedule.changed_at = timezone.now()
    if schedule.code or schedule.state == State.ACTIVE:
        schedule.state, schedule.code, schedule.failures = State.ACTIVE, "", 0
        schedule.next_due_at = definition.recurrence.next_due(schedule.changed_at)


def _save_servers(schedule: Schedule, definition: Definition) -> None:
    schedule.servers.all().delete()
    chosen = () if definition.covers_all else definition.servers
    ScheduleServer.objects.bulk_create(
        ScheduleServer(schedule=schedule, server_id=number, server_name=name) for number, name in chosen
    )


def _evidence(definition: Definition, approved: Approved[str] | None) -> str:
    return joined([approved.approval.text if approved else "", wording.described(definition)])


def pause(*, actor: Actor, schedule: Schedule, reason: str = "") -> None:
    """Nothing is due until it is resumed; a run that has begun goes on.

    Raises OperationRefusedError (schedule_not_active, not_allowed_any_more), JournalUnavailableError.
    """
    with journal.committed():
        noted, text = _noted(actor, schedule, PAUSE), contract.clean_reason(reason)
        journal.record(schedule.entry(actor, action="schedule.pause", reason=text, evidence=noted.note))
        _check_person(actor, schedule, PAUSE, noted)
        active = Schedule.objects.active().filter(pk=schedule.pk)
        if not active.update(state=State.PAUSED, code="", next_due_at=None):
            raise OperationRefusedError("schedule_not_active")
    schedule.refresh_from_db()


def resume(
    *, actor: Actor, schedule: Schedule, reason: str = "", approved: Approved[str] | None = None
) -> None:
    """It is due again at its next time; nothing is caught up.

    What the portal stopped is resumed by its owner alone, because it runs in the owner's name: others change it, which
    makes them its owner. Raises OperationRefusedError (schedule_active, not_owner, approval_needed, not_allowed_any_more),
    JournalUnavailableError.
    """
    now = timezone.now()
    approval = approved.approval if approved else None
    with journal.committed():
        right = MANAGE if schedule.code else PAUSE
        noted = _noted(actor, schedule, right)
        evidence = noted.added_to(approval.text if approval else "")
        text = contract.clean_reason(reason)
        journal.record(schedule.entry(actor, action="schedule.resume", reason=text, evidence=evidence))
        _check_person(actor, schedule, right, noted)
        if schedule.code and schedule.owner_id != actor.id:
            raise OperationRefusedError("not_owner")
        check_resumed(schedule, approval)
        inactive = Schedule.objects.present().exclude(state=State.ACTIVE).filter(pk=schedule.pk)
        if not inactive.filter(code=schedule.code).update(
            state=State.ACTIVE,
            code="",
            failures=0,
            next_due_at=schedule.recurrence.next_due(now),
            resumed_at=now,
            silent_told_at=None,
        ):
            raise OperationRefusedError("schedule_active")
        if approved:
            approved.guard()
    schedule.refresh_from_db()


def remove(*, actor: Actor, schedule: Schedule, reason: str = "") -> None:
    """Its snapshots stay, and a run that has begun goes on. Raises OperationRefusedError, JournalUnavailableError."""
    with journal.committed():
        noted, text = _noted(actor, schedule, MANAGE), contract.clean_reason(reason)
        journal.record(schedule.entry(actor, action="schedule.remove", reason=text, evidence=noted.note))
        _check_person(actor, schedule, MANAGE, noted)
        present = Schedule.objects.present().filter(pk=schedule.pk)
        if not present.update(removed_at=timezone.now(), next_due_at=None):
            raise OperationRefusedError("schedule_gone")
    schedule.refresh_from_db()


def run_now(*, actor: Actor, schedule: Schedule, form_key: str, reason: str = "") -> Run:
    """A run besides those that are due, in the schedule's and its owner's name; the log says who asked for it.

    A form that was sent before returns its run. Raises OperationRefusedError (schedule_runs, approval_needed if it is not
    active and resuming it would take that, not_allowed_any_more), JournalUnavailableError.
    """
    earlier = Run.objects.filter(form_key=form_key).first()
    if earlier is not None:
        return earlier
    now = timezone.now()
    run = Run(schedule=schedule, cause=Cause.NOW, due_at=now, form_key=form_key, created_at=now)
    try:
        with journal.committed():
            noted, text = _noted(actor, schedule, MANAGE), contract.clean_reason(reason)
            journal.record(schedule.entry(actor, action="schedule.run_now", reason=text, evidence=noted.note))
            _check_person(actor, schedule, MANAGE, noted)
            if not schedule.is_active:
                check_resumed(schedule)
            if schedule.runs.filter(state__in=OPEN_RUNS).exists():
                raise OperationRefusedError("schedule_runs")
            run.save(force_insert=True)
    except IntegrityError:
        earlier = Run.objects.filter(form_key=form_key).first()
        if earlier is None:
            raise OperationRefusedError("schedule_runs") from None
        return earlier
    return run
