"""Pages on which admins manage teams."""

from datetime import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from snapportal.accounts import teams
from snapportal.accounts.models import ROLES_WITH_SERVERS, User
from snapportal.accounts.people import PersonChangedError, PersonError
from snapportal.accounts.team_forms import MemberForm, TeamForm
from snapportal.accounts.team_models import Team
from snapshots.inventory.shown_servers import all_known_names
from snapshots.templatetags.portal import with_names
from snapshots.views.access import requires
from snapshots.views.actor import actor_of

TEAMS_PER_PAGE = 50
FOUND_SHOWN = 20


@requires("people.manage", "GET", "HEAD")
def team_list(request: HttpRequest) -> HttpResponse:
    found = Team.objects.annotate(count=Count("members")).order_by("name", "pk")
    page = Paginator(found, TEAMS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "teams/list.html", {"page": page})


@requires("people.manage", "GET", "HEAD", "POST", proof="form")
def team_add(request: HttpRequest) -> HttpResponse:
    form = TeamForm(request.POST or None, team=None, names=all_known_names())
    if request.method == "POST" and form.is_valid():
        try:
            team = teams.add(form.wish, actor=actor_of(request))
        except PersonError as error:
            form.add_error("name", str(error))
        else:
            messages.success(
                request, with_names(_("The team %(name)s is added: choose its members."), name=team)
            )
            return redirect("team_edit", team.pk)
    return render(request, "teams/add.html", {"form": form}, status=422 if form.errors else 200)


@requires("people.manage", "GET", "HEAD", "POST", proof="form")
def team_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Its name, role and servers; and its members, each with a form of its own."""
    team = get_object_or_404(Team, pk=pk)
    form = TeamForm(request.POST or None, team=team, names=all_known_names())
    if request.method == "POST" and form.is_valid():
        try:
            teams.change(team, form.wish, seen=_time(form.cleaned_data["seen"]), actor=actor_of(request))
        except PersonChangedError as error:
            messages.error(request, str(error))
            return redirect("team_list")
        except PersonError as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, with_names(_("%(name)s is saved."), name=form.wish.name))
            return redirect("team_list")
    words = request.GET.get("q", "").strip()
    context = {
        "form": form,
        "team": Team.objects.filter(pk=pk).first() or team,
        "members": team.members.all(),
        "words": words,
        "found": _candidates(team, words),
    }
    return render(request, "teams/edit.html", context, status=422 if form.errors else 200)


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return datetime.min


def _candidates(team: Team, words: str) -> list[User]:
    """Active people who can be added, whose name or sign-in name contains these words."""
    found = User.objects.filter(is_active=True, role__in=ROLES_WITH_SERVERS).exclude(teams=team)
    if words:
        found = found.filter(Q(name__icontains=words) | Q(username__icontains=words))
    return list(found[:FOUND_SHOWN])


@requires("people.manage", "POST", page="team_edit", proof="form")
def team_member(request: HttpRequest, pk: int) -> HttpResponse:
    team = get_object_or_404(Team, pk=pk)
    form = MemberForm(request.POST)
    person = User.objects.filter(pk=form.cleaned_data["member"]).first() if form.is_valid() else None
    if person is None:
        messages.error(request, _("Nothing was changed: choose a person."))
        return redirect("team_edit", pk)
    try:
        is_member = form.cleaned_data["is_member"]
        if teams.set_member(team, person, is_member=is_member, actor=actor_of(request)):
            said = _("%(name)s is in the team now.") if is_member else _("%(name)s is no longer in the team.")
            messages.success(request, with_names(said, name=person))
    except PersonError as error:
        messages.error(request, str(error))
    return redirect("team_edit", pk) if Team.objects.filter(pk=pk).exists() else redirect("team_list")


@requires("people.manage", "GET", "HEAD", "POST", proof="form")
def team_remove(request: HttpRequest, pk: int) -> HttpResponse:
    team = get_object_or_404(Team.objects.annotate(count=Count("members")), pk=pk)
    if request.method == "POST":
        try:
            teams.remove(team, actor=actor_of(request))
        except PersonError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, with_names(_("The team %(name)s is removed."), name=team))
        return redirect("team_list")
    return render(request, "teams/remove.html", {"team": team})
