"""Selections of servers and snapshots, and jobs made of them, on the in-process sandbox."""

from collections.abc import Sequence

from snapshots.contract import Snapshot
from snapshots.jobs import batches
from snapshots.jobs.models import Job, Kind
from snapshots.jobs.outcomes import Outcome, aims, results_of
from snapshots.jobs.selections import Item, item_of, new_selection, sign_selection
from snapshots.operations.server_views import ServerView
from tests.support.desk import Desk

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
