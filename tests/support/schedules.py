"""Defines schedules, and lets the worker's functions run, on the in-process sandbox with a clock moved by hand."""

import secrets
from datetime import datetime, timedelta

from django.utils import timezone
from time_machine import Traveller

from snapshots.jobs import engine
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from snapshots.schedules import runs, service
from snapshots.schedules.definition import Definition, sign_preview
from snapshots.schedules.models import OPEN_RUNS, Run, Schedule
from snapshots.schedules.recurrence import Preset
from snapshots.schedules.retention import Keep
from tests.support.desk import Desk

HOURLY = "0 * * * *"


def definition(desk: Desk, **changes) -> Definition:
    """Hourly, of the first usable server, keeps the last two."""
    view = None if "servers" in changes or changes.get("covers_all") else desk.server()
    defaults = {
        "name": "nightly",
        "preset": Preset.CRON,
        "cron": HOURLY,
        "time_zone": "UTC",
        "name_pattern": "auto-{date}-{time}",
        "keep": Keep(last=2),
        "servers": ((view.server_id, view.name),) if view else (),
    }
    return Definition(**defaults | changes)


def define(desk: Desk, preview: str | None = None, form_key: str = "", **changes) -> Schedule:
    wanted = definition(desk, **changes)
    proof = sign_preview(wanted, token_id=desk.token.pk, person_id=desk.user.pk)
    return service.create_schedule(
        actor=desk.actor,
        token=desk.token,
        definition=wanted,
        preview=proof if preview is None else preview,
        form_key=form_key or secrets.token_hex(8),
    )


def work(desk: Desk) -> None:
    """One turn of the worker: schedules, jobs, operations."""
    runs.run_due()
    runs.run_due()
    engine.advance_all()
    desk.views()
    engine.advance_all()
    runs.run_due()


def work_until(
    desk: Desk, clock: Traveller, until: datetime, *, step: timedelta = timedelta(minutes=15)
) -> None:
    """Let the worker run every `step`, and at the end of that time."""
    while timezone.now() < until:
        work(desk)
        clock.shift(min(step, until - timezone.now()))
    work(desk)


def finish(desk: Desk, clock: Traveller) -> Run:
    """Let the worker run until no run is open; returns the newest."""
    for _ in range(60):
        work(desk)
        newest = Run.objects.order_by("-created_at").first()
        if newest is not None and newest.state not in OPEN_RUNS:
            return newest
        clock.shift(60)
    raise AssertionError([str(run) for run in Run.objects.all()])


def names_on(server_id: int) -> list[str]:
    """Names of all snapshots of a server at the provider, oldest first."""
    found = SandboxSnapshot.objects.filter(server_id=server_id).order_by("created_at")
    return list(found.values_list("name", flat=True))


def next_hour() -> datetime:
    return timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
