"""The page on which admins see how sign-in is protected, and what nobody has used for long."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from snapportal.accounts.models import Role
from snapportal.accounts.security import review
from snapshots.views.access import requires
from snapshots.views.live_pages import live


@live()
@requires("people.manage", "GET", "HEAD")
def security_detail(request: HttpRequest) -> HttpResponse:
    context = {
        "days": review.UNUSED_DAYS,
        "required_roles": [role.label for role in Role if role in settings.SNAPPORTAL_REQUIRE_SECOND_FACTOR],
        "unprotected": review.finding(review.without_second_factor()),
        "temporary_roles": review.finding(review.temporary_roles()),
        "people": review.finding(review.quiet_people()),
        "keys": review.finding(review.unused_keys()),
        "tokens": review.finding(review.unused_tokens()),
        "session_hours": settings.SNAPPORTAL_SESSION_HOURS,
        "idle_minutes": settings.SNAPPORTAL_SESSION_IDLE_MINUTES,
        "step_up_minutes": settings.SNAPPORTAL_STEP_UP_MINUTES,
        "contact": settings.SNAPPORTAL_SECURITY_CONTACT,
    }
    return render(request, "accounts/security.html", context)
