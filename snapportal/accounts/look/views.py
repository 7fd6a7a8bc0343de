"""Choosing how the portal looks: on a page of the account, the layout of the servers beside their list, and the language
before the sign-in."""

from dataclasses import asdict, replace

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from snapportal.accounts.look.forms import LookForm
from snapportal.accounts.look.service import choose, keep_in_browser
from snapportal.accounts.models import User
from snapshots.views.access import public, requires
from snapshots.views.actor import actor_of
from snapshots.views.look import checked, of_person, parse
from snapshots.views.refused_forms import UNPROCESSABLE


@requires("signed_in", "GET", "HEAD", "POST")
def look_edit(request: HttpRequest) -> HttpResponse:
    person = request.user
    assert isinstance(person, User)
    form = LookForm(request.POST if request.method == "POST" else None, initial=asdict(of_person(person)))
    if form.is_bound and form.is_valid():
        choose(actor=actor_of(request), person=person, look=form.chosen)
        with translation.override(form.chosen.language or None):
            messages.success(request, _("Your choices are stored."))
        return keep_in_browser(redirect("look_edit"), form.chosen)
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "accounts/look.html", {"form": form}, status=status)


@requires("snapshots.see", "POST", page="server_list")
def server_layout_choose(request: HttpRequest) -> HttpResponse:
    """Cards or a table, for the list of servers; it stays at what is filtered there."""
    person = request.user
    assert isinstance(person, User)
    layout = checked(server_layout=request.POST.get("server_layout", "")).server_layout
    choose(actor=actor_of(request), person=person, look=replace(of_person(person), server_layout=layout))
    in_browser = parse(request.COOKIES.get(settings.LOOK_COOKIE_NAME, ""))
    query = QueryDict(request.POST.get("query", "")).urlencode()
    target = reverse("server_list") + (f"?{query}" if query else "")
    return keep_in_browser(redirect(target), replace(in_browser, server_layout=layout))


@public("POST", page="sign_in")
def language_choose(request: HttpRequest) -> HttpResponse:
    """The language of this browser, for the pages before the sign-in; it stays at the page that is asked for."""
    wanted = request.POST.get("next", "")
    target = reverse("sign_in") + (f"?{urlencode({'next': wanted})}" if wanted else "")
    chosen = checked(language=request.POST.get("language", ""))
    before = parse(request.COOKIES.get(settings.LOOK_COOKIE_NAME, ""))
    return keep_in_browser(redirect(target), replace(before, language=chosen.language))
