"""URLs of the guide to setting up a new installation."""

from django.urls import path

from snapportal.first_run import views

urlpatterns = [
    path("system/set-up/", views.setup_detail, name="setup_detail"),
    path("system/set-up/mark/", views.setup_mark, name="setup_mark"),
    path("system/set-up/hide/", views.setup_hide, name="setup_hide"),
]
