"""The portal's URLs, and one whose view raises an error."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from snapportal.urls import handler400, handler403, handler404, handler500
from snapportal.urls import urlpatterns as portal

__all__ = ["handler400", "handler403", "handler404", "handler500"]


def broken(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


urlpatterns = [path("broken/", broken), *portal]
