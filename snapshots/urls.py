"""The product's paths. Every room adds its own lines; every view wears @public or @requires."""

from django.urls import path

from snapshots.views import help as help_views

urlpatterns = [
    path("help/", help_views.help_page, name="help_page"),
]
