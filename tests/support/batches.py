"""Selections of servers and snapshots, and jobs made of them, on the in-process sandbox."""

from collections.abc import Mapping, Sequence

from time_machine import Traveller

from snapshots.contract import Snapshot
from snapshots.jobs import batch_plans, batches
from snapshots.jobs.models import Job, JobState, Kind
from snapshots.jobs.outcomes import Outcome, aims, results_of
from snapshots.jobs.points import restore_points
from snapshots.jobs.selections import Item, item_of, new_selection, sign_selection
from snapshots.operations.server_views import ServerView
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from tests.support.desk import Desk
from tests.support.jobs import make_elsewhere, run_to_end

NAME = "before-maintenance"
REASON = "tonight's maintenance"


def sign(desk: Desk, kind: Kind, items: Sequence[Item], **more: str) -> str:
    return sign_selection(new_selection(actor_id=desk.user.pk, kind=kind, items=items, **more))


def roomy(desk: Desk, count: int = 3) -> list[ServerView]:
    """Servers with room for a snapshot."""
    found = [view for view in desk.views() if not view.is_full and not view.is_held]
    assert len(found) >= count
    return found[:count]


def sign_servers(desk: Desk, views: Sequence[ServerView], **more: str) -> str:
    return sign(desk, Kind.CREATE_MANY, [item_of(view) for view in views], **more)


def create_many(desk: Desk, views: Sequence[ServerView], confirmation: str = "", **more: str) -> Job:
    return batches.create_many(
        actor=desk.actor,
        confirmation=confirmation or sign_servers(desk, views),
        **{"name": NAME, "reason": REASON, **more},
    )


def sign_snapshots(desk: Desk, chosen: Sequence[tuple[ServerView, Snapshot]], **more: str) -> str:
    return sign(desk, Kind.DELETE_MANY, [item_of(view, one) for view, one in chosen], **more)


def delete_many(
    desk: Desk, chosen: Sequence[tuple[ServerView, Snapshot]], confirmation: str = "", **more: str
) -> Job:
    return batches.delete_many(
        actor=desk.actor,
        confirmation=confirmation or sign_snapshots(desk, chosen),
        **{"typed_count": str(len(chosen)), "reason": REASON, **more},
    )


def outcomes_of(job: Job) -> list[Outcome]:
    """How each item of the job ended, in the order of the selection."""
    return [one.outcome for one in aims(results_of([job]))]


def codes_of(job: Job) -> list[str]:
    """Why each item was not completed, '' if there is no such reason."""
    return [one.step.code for one in aims(results_of([job]))]


def chosen_snapshots(desk: Desk, count: int = 4) -> list[tuple[ServerView, Snapshot]]:
    """Snapshots of several servers, two of each where there are two."""
    found = [(view, one) for view in desk.views() for one in view.snapshots[:2] if one.is_completed]
    assert len(found) >= count
    return found[:count]


def take_last_places(view: ServerView) -> None:
    """Fill the server at the provider's own site."""
    free = view.limit - SandboxSnapshot.objects.filter(server_id=view.server_id).count()
    make_elsewhere(view, free, prefix="elsewhere", days_ago=free)


def made_point(desk: Desk, clock: Traveller, count: int = 3) -> Job:
    """A restore point of servers that still have room for a safety snapshot."""
    with_room = [view for view in roomy(desk, count) if view.used + 2 <= view.limit]
    job = run_to_end(create_many(desk, with_room[:count]), desk, clock)
    clock.shift(3600)
    assert job.state == JobState.COMPLETED
    return job


def members_of(desk: Desk, point: Job) -> list[tuple[ServerView, Snapshot]]:
    """The servers of a restore point and their snapshots in it, as they are listed now."""
    views = {view.server_id: view for view in desk.views()}
    found = []
    for one in restore_points([point], Job.objects.all())[0].made:
        view = views[one.step.server_id]
        found.append((view, next(listed for listed in view.snapshots if listed.id == one.snapshot_id)))
    return found


def sign_point(
    desk: Desk, point: Job, members: Sequence[tuple[ServerView, Snapshot]], retry_of: str = ""
) -> str:
    items = [item_of(view, one) for view, one in members]
    return sign(desk, Kind.RESTORE_MANY, items, point_id=str(point.pk), retry_of=retry_of)


def restore_many(
    desk: Desk, point: Job, confirmation: str = "", choices: Mapping[int, str] | None = None, **more: str
) -> Job:
    """Go back to a restore point, with a safety snapshot on each server for which `choices` says nothing else."""
    members = members_of(desk, point)
    take = {view.server_id: batch_plans.TAKE for view, _snapshot in members}
    return batches.restore_many(
        actor=desk.actor,
        point=point,
        confirmation=confirmation or sign_point(desk, point, members),
        choices={**take, **(choices or {})},
        **{"typed_name": point.title, "reason": REASON, **more},
    )
