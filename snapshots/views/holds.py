"""Pages of the legal holds: the list, placing one and lifting one."""

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from snapshots.audit import holds
from snapshots.audit.hold_models import Hold
from snapshots.audit.holds import Placed
from snapshots.audit.models import Entry
from snapshots.audit.queries import LAST_NUMBER
from snapshots.views.access import requires
from snapshots.views.actor import actor_of
from snapshots.views.forms.holds import LiftHoldForm, PlaceHoldForm
from snapshots.views.submission import UNPROCESSABLE
from snapshots.views.texts import audit as texts


@dataclass(frozen=True)
class HoldLine:
    """A hold, and the names of who placed and who lifted it."""

    one: Placed
    placed_by: str
    lifted_by: str


def _by(entry: Entry | None) -> str:
    """Who acted: the name typed at the command line, or the person who was signed in."""
    return (entry.settled_by or texts.who(entry)) if entry else ""


@requires("audit.read", "GET", "HEAD")
def hold_list(request: HttpRequest) -> HttpResponse:
    lines = [HoldLine(one, _by(one.placed), _by(one.lifted)) for one in holds.read_all()]
    context = {"lines": lines, "may_hold": request.user.has_perm("audit.hold")}
    return render(request, "audit/hold_list.html", context)


@requires("audit.hold", "GET", "HEAD", "POST")
def hold_place(request: HttpRequest) -> HttpResponse:
    form = PlaceHoldForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        holds.place(
            actor=actor_of(request),
            scope=form.scope,
            name=form.cleaned_data["name"],
            reason=form.cleaned_data["reason"],
        )
        return redirect("hold_list")
    status = UNPROCESSABLE if form.is_bound else 200
    return render(request, "audit/hold_place.html", {"form": form}, status=status)


@requires("audit.hold", "GET", "HEAD", "POST")
def hold_lift(request: HttpRequest, row: int) -> HttpResponse:
    """Lift the hold that this row of the log placed."""
    hold = Hold.objects.filter(placed_in=row, lifted_in=None).first() if row <= LAST_NUMBER else None
    if hold is None:
        raise Http404
    form = LiftHoldForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            holds.lift(actor=actor_of(request), placed_in=row, reason=form.cleaned_data["reason"])
        except holds.HoldError:  # somebody else lifted it a moment before
            raise Http404 from None
        return redirect("hold_list")
    status = UNPROCESSABLE if form.is_bound else 200
    return render(request, "audit/hold_lift.html", {"form": form, "hold": hold}, status=status)
