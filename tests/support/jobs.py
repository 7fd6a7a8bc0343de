"""Starts jobs, and runs them to their end on the in-process sandbox."""

from datetime import timedelta

from django.utils import timezone
from time_machine import Traveller

from snapshots.contract import Snapshot
from snapshots.jobs import engine, plans
from snapshots.jobs.models import Job, StepState
from snapshots.operations.models import Action
from snapshots.operations.server_views import ServerView
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from tests.support.desk import Desk


def start_safe_restore(
    desk: Desk,
    view: ServerView,
    snapshot: Snapshot | None = None,
    confirmation: str = "",
    make_room: str = "",
) -> Job:
    chosen = snapshot or desk.snapshot(view)
    return plans.safe_restore(
        actor=desk.actor,
        token=desk.token,
        confirmation=confirmation or desk.confirm(Action.RESTORE, view, chosen),
        typed_name=view.name,
        reason="the upgrade went wrong",
        make_room=make_room,
    )


def run_to_end(job: Job, desk: Desk, clock: Traveller) -> Job:
    """Read and advance, as the worker does, a few minutes at a time, until the job has ended."""
    for _ in range(30):
        clock.shift(180)
        desk.views()
        engine.advance(job.pk)
        job.refresh_from_db()
        if not job.is_running:
            return job
    raise AssertionError([str(step) for step in job.steps.all()])


def states(job: Job) -> list[StepState]:
    return [StepState(step.state) for step in job.steps.order_by("lane", "position")]


def make_elsewhere(view: ServerView, count: int, *, prefix: str, days_ago: int) -> None:
    """Completed snapshots that were made at the provider's own site, one a day from so many days ago on."""
    for number in range(count):
        began_at = timezone.now() - timedelta(days=days_ago - number)
        SandboxSnapshot.objects.create(
            server_id=view.server_id,
            name=f"{prefix}-{number}",
            full_size_mb=900,
            state_stamp="0",
            created_at=began_at,
            ends_at=began_at + timedelta(minutes=5),
        )


def full_server(desk: Desk, name: str = "") -> ServerView:
    """A server with as many completed snapshots as the provider allows: the one of this name, or any."""
    view = desk.server(name)
    make_elsewhere(view, view.limit - view.used, prefix="filler", days_ago=90)
    view = desk.server(view.name)
    assert view.is_full
    return view
