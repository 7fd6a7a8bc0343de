"""Schedules and their runs as pages show them: in the list, on their own page, and on the page of a server."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from snapshots.connection import Person
from snapshots.jobs import service as jobs
from snapshots.jobs.models import Step, StepState
from snapshots.operations.server_views import ServerView
from snapshots.schedules.models import Run, Schedule
from snapshots.schedules.recurrence import Recurrence
from snapshots.schedules.visibility import about_servers, visible_to
from snapshots.templatetags.portal import as_name, moment
from snapshots.views.marks import names_of_people
from snapshots.views.texts.base import Badge, Words
from snapshots.views.texts.schedules import (
    RUN_BADGES,
    rule_words,
    run_words,
    state_badge,
    state_words,
    zone_text,
)

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

NEXT_TIMES = 5
NAMES_SHOWN = 3


@dataclass(frozen=True)
class RunLine:
    """One run. `job_url` is '' if there is no job, or the person may not see it."""

    run: Run
    badge: Badge
    cause: "StrPromise | str"
    why: SafeString
    job_url: str


@dataclass(frozen=True)
class ScheduleLine:
    """`owner` is '' for an erased person."""

    schedule: Schedule
    url: str
    badge: Badge
    words: Words
    rule: SafeString
    servers: SafeString
    owner: str
    last: RunLine | None


@dataclass(frozen=True)
class DueTime:
    """A due time in the schedule's own time zone, '' if that is UTC, and for the reader."""

    local: SafeString | str
    moment: SafeString | str


def schedule_lines(user: Person, schedules: Iterable[Schedule]) -> list[ScheduleLine]:
    found = list(schedules)
    names = names_of_people(one.owner_id for one in found)
    last = _last_runs(user, found)
    return [
        ScheduleLine(
            schedule=one,
            url=reverse("schedule_detail", args=[one.pk]),
            badge=state_badge(one),
            words=state_words(one),
            rule=rule_words(one.preset, one.cron, one.time_zone),
            servers=_servers(one),
            owner=names.get(one.owner_id, ""),
            last=last.get(one.pk),
        )
        for one in found
    ]


def _last_runs(user: Person, schedules: Sequence[Schedule]) -> dict[UUID, RunLine]:
    newest = Run.objects.filter(schedule=OuterRef("pk")).order_by("-created_at").values("pk")[:1]
    pks = Schedule.objects.filter(pk__in=[one.pk for one in schedules]).annotate(last=Subquery(newest))
    runs = Run.objects.filter(pk__in=pks.values("last"))
    return {line.run.schedule_id: line for line in run_lines(user, runs)}


def run_lines(user: Person, runs: Iterable[Run]) -> list[RunLine]:
    found = list(runs)
    job_ids = {one.job_id for one in found if one.job_id}
    seen = set(jobs.visible_to(user).filter(pk__in=job_ids).values_list("pk", flat=True))
    failed = _failed_servers(job_ids)
    return [
        RunLine(
            run=one,
            badge=RUN_BADGES[one.state],  # type: ignore[index]
            cause=one.get_cause_display(),
            why=run_words(one, failed.get((one.job_id, one.code), ())),
            job_url=reverse("job_detail", args=[one.job_id]) if one.job_id in seen else "",
        )
        for one in found
    ]


def _failed_servers(job_ids: Iterable[UUID]) -> dict[tuple[UUID | None, str], list[str]]:
    """Job and code → the names of the servers on which a step failed for that reason."""
    found: dict[tuple[UUID | None, str], list[str]] = defaultdict(list)
    steps = Step.objects.filter(job_id__in=job_ids, state=StepState.FAILED).order_by("lane", "position")
    for job_id, code, name in steps.values_list("job_id", "code", "server_name"):
        if name not in found[job_id, code]:
            found[job_id, code].append(name)
    return found


def _servers(schedule: Schedule) -> SafeString:
    """Such as 'db-1, web-1, web-2 and 4 more'. The servers should be prefetched."""
    if schedule.covers_all:
        return format_html("{}", _("All servers of its token"))
    names = [one.server_name for one in schedule.servers.all()]
    shown = format_html_join(", ", "{}", ([as_name(name)] for name in names[:NAMES_SHOWN]))
    more = len(names) - NAMES_SHOWN
    if more <= 0:
        return shown
    return format_html(
        ngettext("{names} and {more} more", "{names} and {more} more", more), names=shown, more=more
    )


def next_times(recurrence: Recurrence) -> list[DueTime]:
    return [
        DueTime("" if recurrence.zone == "UTC" else zone_text(at, recurrence.zone), moment(at))
        for at in islice(recurrence.due_times(timezone.now()), NEXT_TIMES)
    ]


def schedules_of_server(user: Person, view: ServerView) -> list[ScheduleLine]:
    """Those that cover this server: whoever sees the server sees them."""
    return schedule_lines(user, about_servers([view.server_id]).distinct().prefetch_related("servers"))


def schedule_of_job(user: Person, job_id: UUID) -> tuple[str, str] | None:
    """URL and name of the schedule whose run a job is; None if there is none that the person may see."""
    schedule = visible_to(user).filter(runs__job_id=job_id).first()
    return (reverse("schedule_detail", args=[schedule.pk]), schedule.name) if schedule else None
