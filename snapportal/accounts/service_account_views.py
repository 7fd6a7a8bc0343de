"""Pages on which admins add service accounts and say who looks after them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from snapportal.accounts import service_accounts
from snapportal.accounts.forms import KeeperForm, ServiceAccountForm
from snapportal.accounts.models import User
from snapportal.accounts.people import PersonError
from snapshots.templatetags.portal import with_names
from snapshots.views.access import requires
from snapshots.views.actor import actor_of


@requires("people.manage", "GET", "HEAD", "POST", proof="form")
def service_account_add(request: HttpRequest) -> HttpResponse:
    form = ServiceAccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        keeper = form.cleaned_data["keeper"]
        try:
            account = service_accounts.add(form.save(commit=False), keeper=keeper, actor=actor_of(request))
        except PersonError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, with_names(_("The service account %(name)s is added."), name=account))
            return redirect("person_edit", account.pk)
    return render(request, "people/add_service_account.html", {"form": form})


@requires("people.manage", "POST", page="person_edit", proof="form")
def service_account_keeper(request: HttpRequest, pk: int) -> HttpResponse:
    """Name another person who looks after the account."""
    account = get_object_or_404(User, pk=pk, service_owner__isnull=False)
    form = KeeperForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was changed: choose an active person."))
        return redirect("person_edit", pk)
    keeper = form.cleaned_data["keeper"]
    try:
        if service_accounts.change_keeper(account, keeper=keeper, actor=actor_of(request)):
            messages.success(request, with_names(_("%(name)s looks after it from now on."), name=keeper))
    except PersonError as error:
        messages.error(request, str(error))
    return redirect("person_edit", pk)
