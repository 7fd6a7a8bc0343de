"""The activity in the audit log in pictures: by day and person, with the filter of the list, on a page of its own."""

from datetime import UTC, date, timedelta
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from snapshots.audit.search.activity import MOST_COUNTED, Activity, count_activity
from snapshots.views.access import requires
from snapshots.views.forms.audit import EntryFilterForm
from snapshots.views.pictures.days import make_days
from snapshots.views.pictures.people import make_people
from snapshots.views.pictures.periods import chosen_days, periods
from snapshots.views.roster import Roster

DAYS: Final = (30, 90)
USUAL_DAYS: Final = 30


@requires("audit.read", "GET", "HEAD")
def log_activity(request: HttpRequest) -> HttpResponse:
    roster = Roster.load()
    form = EntryFilterForm(request.GET, roster)
    days = chosen_days(request, DAYS, USUAL_DAYS)
    activity, chosen = Activity(), {}
    first, last = _period(form, days)
    if form.is_valid():
        chosen = form.chosen()
        activity = count_activity(form.criteria_between(first, last))
    others = {name: value for name, value in chosen.items() if name not in {"period", "since", "until"}}
    url, query = reverse("entry_list"), urlencode(others)
    with_period = {name: value for name, value in others.items() if name != "person"}
    with_period |= {"since": str(first), "until": str(last)}
    context = {
        "is_valid": form.is_valid(),
        "is_readable": activity.is_readable,
        "counted_from": activity.counted_from,
        "most": MOST_COUNTED,
        "filters": form.in_words() if chosen else [],
        "list_url": f"{url}?{urlencode(chosen)}" if chosen else url,
        "periods": periods(request, DAYS, days),
        "first": first,
        "last": last,
        "as_of": timezone.now(),
        "days": make_days(activity.counts, first, last, f"{url}?{query}" if query else url),
        "people": make_people(activity.counts, roster, url, with_period),
    }
    return render(request, "pictures/log_activity.html", context)


def _period(form: EntryFilterForm, days: int) -> tuple[date, date]:
    """The first and the last day (UTC): the days up to that of the filter, or today, and none before the filter's first."""
    since, until = form.days if form.is_valid() else (None, None)
    last = min(until or date.max, timezone.now().astimezone(UTC).date())
    first = last - timedelta(days=days - 1)
    return max(first, since or first), last
