"""`/.well-known/security.txt`: whom to tell of a weakness of this portal (RFC 9116)."""

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from snapshots.views.access import public

EXPIRES_AFTER: Final = timedelta(days=180)
"""RFC 9116 wants a date less than a year ahead. The contact is as current as the settings, whenever it is asked for."""


@public("GET", "HEAD")
def security_txt(request: HttpRequest) -> HttpResponse:
    if not settings.SNAPPORTAL_SECURITY_CONTACT:
        raise Http404
    expires = (timezone.now() + EXPIRES_AFTER).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [
        *(f"Contact: {one}" for one in settings.SNAPPORTAL_SECURITY_CONTACT),
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        f"Canonical: {request.build_absolute_uri(request.path)}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
