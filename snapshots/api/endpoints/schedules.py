"""Schedules: seen, paused, resumed and run. They are made on pages, where a preview shows what they would delete."""

from typing import Final
from uuid import UUID

from snapshots.api.endpoints.http import Answer, Call
from snapshots.api.endpoints.items import (
    RunItem,
    ScheduleDetail,
    ScheduleItem,
    SchedulePage,
    run_item,
    schedule_detail,
    schedule_item,
)
from snapshots.api.endpoints.reach import foreign_or_missing
from snapshots.api.endpoints.resources import Resource
from snapshots.api.endpoints.shapes import ReasonBody
from snapshots.inventory.shown_servers import servers_reached_with
from snapshots.schedules import service
from snapshots.schedules.models import Schedule
from snapshots.schedules.visibility import visible_to

RUNS_SHOWN: Final = 20

schedule_list = Resource("schedules/", "api_schedules")
schedule = Resource("schedules/<uuid:pk>/", "api_schedule")
schedule_pause = Resource("schedules/<uuid:pk>/pause/", "api_schedule_pause")
schedule_resume = Resource("schedules/<uuid:pk>/resume/", "api_schedule_resume")
schedule_run = Resource("schedules/<uuid:pk>/run/", "api_schedule_run")


def visible(call: Call) -> list[Schedule]:
    """Those that the key's person sees on pages and that cover no server that the key does not reach."""
    found = visible_to(call.person).distinct().prefetch_related("servers")
    shown = servers_reached_with(call.token)
    return [one for one in found if _is_reached(call, one, shown)]


def _is_reached(call: Call, one: Schedule, shown: set[int]) -> bool:
    has_token = one.token_fingerprint == call.token.fingerprint
    if one.covers_all:
        is_own = one.token_id == call.token.pk
        return has_token and not call.key.server_ids and (is_own or call.server_ids is None)
    covered = {server.server_id for server in one.servers.all()}
    return (has_token or covered <= shown) and all(map(call.reaches, covered))


def _found(call: Call, pk: UUID) -> Schedule:
    for one in visible(call):
        if one.pk == pk:
            return one
    raise foreign_or_missing(call, Schedule.objects.present(), pk, "This schedule")


@schedule_list.method("GET", right="snapshots.see", answers={200: SchedulePage}, summary="List schedules")
def list_schedules(call: Call) -> Answer:
    """By name."""
    found = [schedule_item(one) for one in visible(call)]
    return Answer(SchedulePage(len(found), found))


@schedule.method(
    "GET", right="snapshots.see", answers={200: ScheduleDetail}, summary="One schedule with its last runs"
)
def read_schedule(call: Call, pk: UUID) -> Answer:
    """The last 20 runs, newest first."""
    found = _found(call, pk)
    return Answer(schedule_detail(found, list(found.runs.all()[:RUNS_SHOWN])))


@schedule_pause.method(
    "POST",
    right="schedules.pause",
    body=ReasonBody,
    answers={200: ScheduleItem},
    summary="Pause a schedule",
    takes_key=False,
)
def pause_schedule(call: Call, body: ReasonBody, pk: UUID) -> Answer:
    """Nothing is due until it is resumed; a run that has begun goes on."""
    found = _found(call, pk)
    service.pause(actor=call.actor, schedule=found, reason=call.reason(body.reason))
    return Answer(schedule_item(found))


@schedule_resume.method(
    "POST",
    right="schedules.pause",
    body=ReasonBody,
    answers={200: ScheduleItem},
    summary="Resume a schedule",
    takes_key=False,
)
def resume_schedule(call: Call, body: ReasonBody, pk: UUID) -> Answer:
    """What a person paused. What the portal stopped is resumed by its owner."""
    found = _found(call, pk)
    if found.code:
        call.check_right(service.MANAGE)
    service.resume(actor=call.actor, schedule=found, reason=call.reason(body.reason))
    return Answer(schedule_item(found))


@schedule_run.method(
    "POST", right="schedules.manage", body=ReasonBody, answers={202: RunItem}, summary="Run a schedule now"
)
def run_schedule(call: Call, body: ReasonBody, pk: UUID) -> Answer:
    """Besides the runs that are due, in the name of the schedule's owner. The worker begins it."""
    found = _found(call, pk)
    reason = call.reason(body.reason)
    run = service.run_now(actor=call.actor, schedule=found, form_key=call.operation_key, reason=reason)
    return Answer(run_item(run), 202)
