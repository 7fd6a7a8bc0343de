"""The page on which an admin erases a person who has left."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from snapportal.accounts import erasure
from snapportal.accounts.forms import ErasureForm
from snapportal.accounts.models import User
from snapportal.accounts.people import PersonError
from snapshots.views.access import requires
from snapshots.views.actor import actor_of


@requires("people.manage", "GET", "HEAD", "POST", proof="form")
def person_erase(request: HttpRequest, pk: int) -> HttpResponse:
    """GET shows what will be erased and what stays; POST needs a reason and the typed sign-in name."""
    person, actor = get_object_or_404(User, pk=pk), actor_of(request)
    form = ErasureForm(request.POST or None, person=person)
    try:
        erasure.check_may_erase(person, actor=actor)
        if request.method == "POST" and form.is_valid():
            erasure.erase_person(person, reason=form.cleaned_data["reason"], actor=actor)
            messages.success(request, _("Person %(number)s is erased.") % {"number": pk})
            return redirect("person_edit", pk)
    except PersonError as error:
        messages.error(request, str(error))
        return redirect("person_edit", pk)
    context = {"form": form, "person": person, "found": erasure.find(person)}
    return render(request, "people/erase.html", context)
