"""The API's addresses, below /api/v1/."""

from django.urls import path, re_path

from snapshots.api.endpoints.documents import RESOURCES, openapi
from snapshots.api.endpoints.resources import everything_else

urlpatterns = [
    path("openapi.json", openapi, name="api_openapi"),
    *(path(one.path, one, name=one.name) for one in RESOURCES),
    re_path(r"^(?P<rest>[\s\S]*)$", everything_else, name="api_other"),
]
