"""The site's URLs. Every view has @public or @requires."""

from django.urls import include, path

from snapportal import health

handler400 = "snapshots.views.errors.bad_request"
handler403 = "snapshots.views.errors.permission_denied"
handler404 = "snapshots.views.errors.not_found"
handler500 = "snapshots.views.errors.server_error"

urlpatterns = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("", include("snapportal.accounts.urls")),
    path("", include("snapshots.urls")),
]
