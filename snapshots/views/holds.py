"""Pages of the legal holds: the list, placing one and lifting one."""

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from snapshots.audit import holds
from snapshots.audit.hold_models import Hold
from snapshots.audit.holds import HeldRows, Placed
from snapshots.audit.models import Entry
from snapshots.audit.queries import LAST_NUMBER
from snapshots.views.access import requires
from snapshots.views.actor import actor_of
from snapshots.views.entry_lines import sequence_from
from snapshots.views.forms.holds import LiftHoldForm, PlaceHoldForm
from snapshots.views.live_pages import live
from snapshots.views.refused_forms import UNPROCESSABLE
from snapshots.views.roster import Roster
from snapshots.views.texts import audit as texts

CONFLICT = 409


@dataclass(frozen=True)
class HoldLine:
    """A hold, the name of what it holds, and the names of who placed and who lifted it.

    `held` is the number of rows that it holds in the database; None if it is lifted.
    """

    one: Placed
    name: str
    held: HeldRows | None
    placed_by: str
    lifted_by: str

    @property
    def count_words(self) -> str:
        return texts.held_words(self.held) if self.held else ""

    @property
    def holds_nothing(self) -> bool:
        return self.held is not None and self.held.is_none


def _by(entry: Entry | None) -> str:
    """Who acted: the name typed at the command line, or the person who was signed in."""
    return (entry.settled_by or texts.who(entry)) if entry else ""


def _name_of(hold: Hold, roster: Roster) -> str:
    """The name of the server or person that is held: of the account, otherwise as the log knows it; '' if unknown."""
    labels = (roster.label(one) for one in roster.people if one.id == hold.person_id)
    return next(labels, "") or holds.name_of(hold)


def _line(one: Placed, roster: Roster) -> HoldLine:
    return HoldLine(
        one=one,
        name=_name_of(one.hold, roster),
        held=holds.count_rows(one.hold) if one.hold.lifted_in is None else None,
        placed_by=_by(one.placed),
        lifted_by=_by(one.lifted),
    )


@live()
@requires("audit.read", "GET", "HEAD")
def hold_list(request: HttpRequest) -> HttpResponse:
    """All holds. `placed` is the row of a hold that was placed just now: it is told if it holds nothing."""
    roster = Roster.load()
    lines = [_line(one, roster) for one in holds.read_all()]
    placed = sequence_from(request, "placed")
    context = {
        "lines": lines,
        "may_hold": request.user.has_perm("audit.hold"),
        "holds_nothing": [line for line in lines if line.one.hold.placed_in == placed and line.holds_nothing],
    }
    return render(request, "audit/hold_list.html", context)


@requires("audit.hold", "GET", "HEAD", "POST")
def hold_place(request: HttpRequest) -> HttpResponse:
    form = PlaceHoldForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        hold = holds.place(
            actor=actor_of(request),
            scope=form.scope,
            name=form.cleaned_data["name"],
            reason=form.cleaned_data["reason"],
        )
        return redirect(f"{reverse('hold_list')}?placed={hold.placed_in}")
    status = UNPROCESSABLE if form.is_bound else 200
    return render(request, "audit/hold_place.html", {"form": form}, status=status)


@requires("audit.hold", "GET", "HEAD", "POST", proof="form")
def hold_lift(request: HttpRequest, row: int) -> HttpResponse:
    """Lift the hold that this row of the log placed. One that is lifted already is answered by the row that lifted it."""
    hold = Hold.objects.filter(placed_in=row).first() if row <= LAST_NUMBER else None
    if hold is None:
        raise Http404
    form = LiftHoldForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and hold.lifted_in is None and form.is_valid():
        try:
            holds.lift(actor=actor_of(request), placed_in=row, reason=form.cleaned_data["reason"])
            return redirect("hold_list")
        except holds.HoldError:  # somebody else lifted it a moment before
            hold.refresh_from_db()
    context = {"form": form, "hold": hold, "name": _name_of(hold, Roster.load())}
    status = UNPROCESSABLE if form.is_bound else 200
    if form.is_bound and hold.lifted_in is not None:
        status = CONFLICT
    return render(request, "audit/hold_lift.html", context, status=status)
