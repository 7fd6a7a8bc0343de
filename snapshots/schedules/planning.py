"""What a run does on each server: which snapshots the schedule made there, and which of them go."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.utils import timezone

from snapshots.contract import Snapshot
from snapshots.deletions.grace import grace_days_of
from snapshots.deletions.models import PlannedDeletion
from snapshots.deletions.queries import waiting_in
from snapshots.inventory.names import visible_name
from snapshots.jobs.models import Kind, Step
from snapshots.jobs.plans import Lane
from snapshots.operations.blocks import blocked_servers
from snapshots.operations.models import Action, Finding, Operation
from snapshots.operations.server_views import ServerView
from snapshots.schedules.models import Schedule
from snapshots.schedules.naming import name_for
from snapshots.schedules.retention import Made, Places, Rotation, rotate

Waiting = Mapping[tuple[int, int], PlannedDeletion]
MadeNames = Mapping[int, set[tuple[int, str]]]


def made_names(schedule: Schedule) -> MadeNames:
    """Server → (ID, name) of each snapshot that the schedule's runs made, whether it still exists or not."""
    steps = Step.objects.filter(
        job_id__in=schedule.runs.exclude(job_id=None).values("job_id"),
        job__kind=Kind.SCHEDULE,
        action=Action.CREATE,
    )
    operations = Operation.objects.filter(
        pk__in=steps.values("operation_id"),
        finding__in=[Finding.NONE, Finding.HAPPENED],
        snapshot_id__isnull=False,
    )
    found: dict[int, set[tuple[int, str]]] = defaultdict(set)
    for server_id, snapshot_id, name in operations.values_list("server_id", "snapshot_id", "snapshot_name"):
        found[server_id].add((int(snapshot_id or 0), name))
    return found


def made_on(
    view: ServerView, names: Iterable[tuple[int, str]], waiting: Waiting, *, is_blocked: bool
) -> list[Made]:
    """The completed snapshots on this server that the schedule made, and that are not going already.

    One that was renamed past the portal is somebody's now, and not counted among them. `is_blocked`: nothing is deleted
    on the server now, so that all stay.
    """
    own = set(names)
    found = []
    for one in view.snapshots:
        planned = waiting.get((view.server_id, one.id))
        is_going = one.id in view.deleted_ids or (planned is not None and planned.kind == "grace")
        if (one.id, one.name) not in own or not one.is_completed or one.created_at is None or is_going:
            continue
        is_fixed = is_blocked or one.id in view.protected_ids or planned is not None
        found.append(Made(id=one.id, at=one.created_at, is_fixed=is_fixed))
    return found


def places_of(view: ServerView) -> Places:
    newest = next((one for one in view.snapshots if one.is_completed), None)
    return Places(used=view.used, limit=view.limit, newest_id=newest.id if newest else None)


def steps_for(schedule: Schedule, views: Sequence[ServerView], at: datetime) -> list[Step]:
    """The steps of a run: a lane for each server. A server that is not listed gets a create, whose refusal says why.

    `at` is in the snapshots' names.
    """
    names, waiting = made_names(schedule), waiting_in(views)
    steps: list[Step] = []
    listed = {view.server_id: view for view in views}
    days = grace_days_of(listed)
    blocked = blocked_servers(listed, Action.DELETE)
    for number, (server_id, server_name) in enumerate(_targets(schedule, views)):
        view = listed.get(server_id)
        if view is None:
            lane = [_blind_create(schedule, server_id, server_name, at)]
        else:
            rotation = rotate(
                made_on(view, names.get(server_id, ()), waiting, is_blocked=server_id in blocked),
                schedule.keep,
                now=timezone.now(),
                zone=schedule.time_zone,
                places=places_of(view),
                waits_for_grace=days[server_id] > 0,
            )
            lane = _lane(schedule, view, rotation, at)
        for position, step in enumerate(lane):
            step.lane, step.position = number, position
        steps += lane
    return steps


def _targets(schedule: Schedule, views: Sequence[ServerView]) -> list[tuple[int, str]]:
    if schedule.covers_all:
        return [(view.server_id, view.name) for view in views if not view.is_gone]
    return list(schedule.servers.values_list("server_id", "server_name"))


def _lane(schedule: Schedule, view: ServerView, rotation: Rotation, at: datetime) -> list[Step]:
    snapshots: dict[int, Snapshot] = {one.id: one for one in view.snapshots}
    lane = Lane(view, "")
    taken = {visible_name(one.name) for one in view.snapshots}
    name = name_for(schedule.name_pattern, schedule=schedule.name, server=view.name, at=at, taken=taken)
    return [
        *(
            lane.step(Action.DELETE, snapshot=snapshots[one.id], at_once=True, spares_newest=True)
            for one in rotation.first
        ),
        lane.step(Action.CREATE, name=name, description=schedule.description),
        *(lane.step(Action.DELETE, snapshot=snapshots[one.id], spares_newest=True) for one in rotation.after),
    ]


def _blind_create(schedule: Schedule, server_id: int, server_name: str, at: datetime) -> Step:
    name = name_for(schedule.name_pattern, schedule=schedule.name, server=server_name, at=at, taken=())
    return Step(
        action=Action.CREATE,
        token_id=schedule.token_id,
        server_id=server_id,
        server_name=server_name,
        snapshot_name=name,
        description=schedule.description,
    )
