"""The monthly report of the audit log: a page to be read and printed."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from snapshots.audit.archiving import rows as archive_rows
from snapshots.audit.reporting.coverage import Coverage, read_coverage
from snapshots.audit.reporting.doubtful import read_doubts
from snapshots.audit.reporting.months import Month, months_with_rows
from snapshots.audit.reporting.operations import standings
from snapshots.audit.reporting.tally import Tally, count_days, count_rows
from snapshots.audit.search.activity import Count
from snapshots.views.access import requires
from snapshots.views.links import link
from snapshots.views.pictures.days import Days, make_days
from snapshots.views.reports.choice import make_choice
from snapshots.views.reports.figures import LogLinks
from snapshots.views.reports.lines import make_doubts
from snapshots.views.reports.operations import make_operations
from snapshots.views.reports.people import heads, make_people
from snapshots.views.reports.period import make_period
from snapshots.views.reports.refusals import SIGN_INS, make_refusals
from snapshots.views.reports.sections import Sections
from snapshots.views.roster import Roster
from snapshots.views.texts import report as texts

NAME = "month"


@requires("audit.read", "GET", "HEAD")
def log_report(request: HttpRequest) -> HttpResponse:
    month = Month.of(timezone.now()) if NAME not in request.GET else Month.parse(request.GET[NAME])
    if month is None:
        raise Http404
    archives = archive_rows.read_all()
    coverage = read_coverage(month, archives)
    tally = count_rows(coverage)
    context = {
        "choice": make_choice(month, months_with_rows(coverage.as_of, archives)),
        "coverage": coverage,
        "period": make_period(coverage, tally),
        "portal": request.build_absolute_uri(link("server_list")),
        "log_name": settings.SNAPPORTAL_LOG_ORIGIN,
        "words": texts.SECTIONS,
        "has_archive": bool(archives),
        "has_figures": tally.is_readable and not coverage.is_empty,
    }
    if context["has_figures"]:
        context |= _figures(coverage, tally)
    return render(request, "report/log_report.html", context)


def _figures(coverage: Coverage, tally: Tally) -> dict[str, Any]:
    """What the sections show."""
    roster, links = Roster.load(), LogLinks(coverage.month)
    stood = standings(coverage, tally)
    sections = Sections(coverage, tally, roster, links)
    doubts = read_doubts(coverage, tally, stood)
    return {
        "operations": make_operations(tally, stood, links),
        "days": _days(coverage, links),
        "doubts": make_doubts(doubts.shown, roster),
        "has_more_doubts": doubts.has_more,
        "glass": sections.glass(),
        "refusals": make_refusals(tally, links, but=SIGN_INS),
        "people": make_people(tally, stood, roster, links),
        "people_heads": heads(),
        "sections": sections.after_people(),
        "sign_ins": make_refusals(tally, links, only=SIGN_INS),
    }


def _days(coverage: Coverage, links: LogLinks) -> Days:
    counts = [Count(one.day, one.result, None, one.number) for one in count_days(coverage)]
    return make_days(counts, coverage.month.first_day, coverage.month.last_day, link("entry_list"))
