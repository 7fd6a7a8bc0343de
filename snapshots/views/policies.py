"""Approval policies: the list, placing one, and the two admins, or the time, that lifting one takes."""

from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from snapshots.connection import Person
from snapshots.inventory.shown_servers import all_known_names, servers_shown_to
from snapshots.operations import policies
from snapshots.operations.guarded_models import Policy, PolicyAction
from snapshots.operations.models import Action
from snapshots.operations.rights import may_anywhere, may_on
from snapshots.templatetags.portal import as_name, with_names
from snapshots.views.access import requires
from snapshots.views.actor import actor_of
from snapshots.views.forms.policies import PolicyForm
from snapshots.views.lifting import lifting_context, try_lifting
from snapshots.views.marks import names_of_people
from snapshots.views.refused_forms import status_of
from snapshots.views.tried_forms import shown_refusal, try_form


@dataclass(frozen=True)
class PolicyLine:
    """A policy as a person may see it. `more`: how many of its servers the person does not see.

    `approvers`: number and name of each, and whether the person can approve anything of it at present.
    """

    policy: Policy
    servers: list[str]
    more: int
    actions: list[str]
    approvers: list[tuple[int, str, bool]]
    placed_by: str
    asked_by: str

    @property
    def lacks_approvers(self) -> bool:
        """Whether it names people, and fewer of them can approve than are needed."""
        able = sum(is_able for _number, _name, is_able in self.approvers)
        return bool(self.approvers) and able < self.policy.needed


@requires("snapshots.see", "GET", "HEAD")
def policy_list(request: HttpRequest) -> HttpResponse:
    context = {"lines": _lines(request.user), "may_place": may_on(request.user, policies.PERMISSION, None)}
    return render(request, "policies/policy_list.html", context)


@requires(policies.PERMISSION, "GET", "HEAD", "POST", proof="form")
def policy_add(request: HttpRequest) -> HttpResponse:
    form = PolicyForm(request.POST or None, names=all_known_names(), people=_possible_approvers())
    code = ""
    if request.method == "POST":
        place = partial(policies.place, actor=actor_of(request))
        code = try_form(request, form, policies.PERMISSION, lambda: place(definition=form.definition))
        if not code:
            name = form.cleaned_data["name"]
            messages.success(request, with_names(_("The policy %(name)s is placed."), name=name))
            return redirect("policy_list")
    context = {
        "form": form,
        "refusal": shown_refusal(form, code),
        "delay_hours": settings.SNAPPORTAL_GUARD_DELAY_HOURS,
    }
    return render(request, "policies/policy_add.html", context, status=status_of(code))


@requires("snapshots.see", "GET", "HEAD", "POST", proof="form")
def policy_detail(request: HttpRequest, pk: int) -> HttpResponse:
    tried = try_lifting(request, policies.LIFTING, policies.PERMISSION, pk)
    if tried.is_done:
        return redirect("policy_list") if tried.step == "agree" else redirect("policy_detail", pk)
    line = next((one for one in _lines(request.user) if one.policy.pk == pk), None)
    if line is None:
        raise Http404("no such policy")
    context = {"line": line, "may_lift": may_on(request.user, policies.PERMISSION, None)}
    context |= lifting_context(request, tried, line.policy)
    return render(request, "policies/policy_detail.html", context, status=status_of(tried.code))


def _possible_approvers() -> dict[int, str]:
    """ID → name of each person who may restore or delete somewhere."""
    rights = [Action.RESTORE.permission, Action.DELETE.permission]
    people = get_user_model().objects.filter(is_active=True, service_owner=None)
    return {one.pk: as_name(one) for one in people if any(may_anywhere(one, right) for right in rights)}


def _lines(user: Person) -> list[PolicyLine]:
    """All of them for admins; else those of all servers, and those that reach a server that the person sees."""
    sees_all = may_on(user, policies.PERMISSION, None)
    shown = servers_shown_to(user)
    found = [one for one in policies.current() if sees_all or one.covers_all or any(map(one.reaches, shown))]
    numbers = {pk for one in found for pk in (one.person_id, one.lift_person_id, *one.approvers) if pk}
    people = names_of_people(numbers)
    return [_line(one, None if sees_all else shown, people) for one in found]


def _line(policy: Policy, shown: set[int] | None, people: dict[int, str]) -> PolicyLine:
    servers = [name for number, name in policy.servers if shown is None or number in shown]
    able = policies.able_approvers(policy)
    return PolicyLine(
        policy=policy,
        servers=servers,
        more=len(policy.servers) - len(servers),
        actions=[str(PolicyAction(one).label) for one in policy.actions],
        approvers=[(one, people.get(one, ""), one in able) for one in policy.approvers],
        placed_by=people.get(policy.person_id, ""),
        asked_by=people.get(policy.lift_person_id or 0, ""),
    )
