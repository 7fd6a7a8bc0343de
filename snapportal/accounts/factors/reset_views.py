"""The page on which an admin resets the second factors of somebody who has lost them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from snapportal.accounts.factors import recovery, service
from snapportal.accounts.factors.forms import ResetForm
from snapportal.accounts.models import User
from snapshots.templatetags.portal import with_names
from snapshots.views.access import requires
from snapshots.views.actor import actor_of


@requires("people.manage", "GET", "HEAD", "POST", proof="form")
def person_factors_reset(request: HttpRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(User, pk=pk)
    lines = service.lines(person)
    if person.pk == request.user.pk or not lines:
        text = (
            _("There is nothing to reset.") if not lines else _("Your own are on the page of your account.")
        )
        messages.info(request, text)
        return redirect("person_edit", pk)
    form = ResetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        service.reset(actor=actor_of(request), person=person, reason=form.cleaned_data["reason"])
        messages.success(request, with_names(_("The second factors of %(name)s are reset."), name=person))
        return redirect("person_edit", pk)
    context = {"form": form, "person": person, "lines": lines, "codes_left": recovery.left(person)}
    return render(request, "accounts/factors/person_factors_reset.html", context)
