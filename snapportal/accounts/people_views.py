"""Pages on which admins manage people."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from snapportal.accounts import people, session_service
from snapportal.accounts.erasure import row_of
from snapportal.accounts.factors import service as factors
from snapportal.accounts.forms import InvitationForm, KeeperForm, PersonForm
from snapportal.accounts.models import User
from snapportal.accounts.ways_in import can_sign_in, may_use_password, role_follows_groups
from snapshots.api import keys
from snapshots.templatetags.portal import with_names
from snapshots.vault.models import StoredToken
from snapshots.vault.service import may_keep_tokens
from snapshots.views.access import requires
from snapshots.views.actor import actor_of
from snapshots.views.api_key_lines import key_lines
from snapshots.views.live_pages import live
from snapshots.views.log_links import log_url, person_log_url, token_log_url
from snapshots.views.roster import Roster

PEOPLE_PER_PAGE = 50


@live()
@requires("people.manage", "GET", "HEAD")
def person_list(request: HttpRequest) -> HttpResponse:
    """Everybody, or those whose name, sign-in name or e-mail contains `q`."""
    words = request.GET.get("q", "").strip()
    found = User.objects.all().select_related("service_owner")
    if words:
        found = found.filter(
            Q(name__icontains=words) | Q(username__icontains=words) | Q(email__icontains=words)
        )
    page = Paginator(found, PEOPLE_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "people/list.html", {"page": page, "words": words})


def _show_link(request: HttpRequest, person: User, key: str) -> HttpResponse:
    """The only response that shows the link: the portal stores only a hash of its key. '' where no password is needed."""
    link = request.build_absolute_uri(reverse("invitation_accept", args=[key])) if key else ""
    return render(request, "people/link.html", {"person": person, "link": link})


@requires("people.manage", "GET", "HEAD", "POST", proof="form")
def person_add(request: HttpRequest) -> HttpResponse:
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person, key = people.invite(form.save(commit=False), actor=actor_of(request))
        except people.PersonError as error:
            form.add_error("username", str(error))
        else:
            return _show_link(request, person, key if may_use_password(person) else "")
    return render(request, "people/add.html", {"form": form})


def _renew(request: HttpRequest, person: User) -> HttpResponse:
    try:
        return _show_link(request, person, people.renew_invitation(person, actor=actor_of(request)))
    except people.PersonError as error:
        messages.error(request, str(error))
        return redirect("person_edit", person.pk)


@requires("people.manage", "GET", "HEAD", "POST", proof="form")
def person_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a person; with `step=link` create a new link to join or to set a new password."""
    person = get_object_or_404(User, pk=pk)
    if request.POST.get("step") == "link":
        return _renew(request, person)
    if person.is_erased:
        context = {"person": person, "row": row_of(person), "log_links": _log_links(request, person)}
        return render(request, "people/erased.html", context)
    form = PersonForm(request.POST or None, instance=person)
    if request.method == "POST" and form.is_valid():
        try:
            changed = form.save(commit=False)
            people.change(changed, seen=form.cleaned_data["seen"], actor=actor_of(request))
        except people.PersonChangedError as error:
            messages.error(request, str(error))
            return redirect("person_edit", pk)
        except people.PersonError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, with_names(_("%(name)s is saved."), name=person))
            return redirect("person_list")
    return render(request, "people/edit.html", {"form": form} | _facts(request, pk))


def _log_links(request: HttpRequest, person: User) -> dict[str, str]:
    """What the person did; and the rows with the name, also those that are about the person. For who may read the log."""
    if not request.user.has_perm("audit.read"):
        return {}
    return {
        "done_by": person_log_url(Roster.load().exact_terms.get(person.pk)),
        "naming": log_url(text=person.name) if person.name else "",
    }


def _facts(request: HttpRequest, pk: int) -> dict[str, Any]:
    """What the page shows beside the form, as stored: the form may have written refused values into its instance."""
    person = User.objects.select_related("service_owner").get(pk=pk)
    return {
        "person": person,
        "log_links": _log_links(request, person),
        "tokens": [(one, token_log_url(one.fingerprint)) for one in StoredToken.objects.filter(user_id=pk)],
        "may_keep_tokens": may_keep_tokens(person),
        "key_lines": key_lines(keys.visible_to(request.user).filter(owner_id=pk).alive()),
        "kept": person.service_accounts.all(),
        "may_use_password": may_use_password(person),
        "can_sign_in": can_sign_in(person),
        "role_follows_groups": role_follows_groups(person),
        "identities": person.identities.all(),
        "factor_lines": factors.lines(person),
        "factor_is_required": factors.is_required(person),
        "has_sessions": session_service.alive(person).exists(),
        "keeper_form": KeeperForm(initial={"keeper": person.service_owner_id}),
    }
