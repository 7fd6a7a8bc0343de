"""The site's URLs. Every view has @public or @requires."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from snapportal import health

handler400 = "snapshots.views.errors.bad_request"
handler403 = "snapshots.views.errors.permission_denied"
handler404 = "snapshots.views.errors.not_found"
handler500 = "snapshots.views.errors.server_error"

health_checks = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
]
site: list[URLPattern | URLResolver] = [
    *health_checks,
    path("", include("snapportal.accounts.urls")),
    path("", include("snapportal.first_run.urls")),
    path("", include("snapshots.urls")),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path(settings.SNAPPORTAL_BASE_PATH.removeprefix("/"), include(site))
]
if settings.SNAPPORTAL_BASE_PATH != "/":
    urlpatterns += health_checks  # a supervisor on this machine calls the portal directly, without the path
