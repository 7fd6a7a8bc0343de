"""The product's paths. Every room adds its own lines; every view wears @public or @requires."""

from django.urls import path

from snapshots.views import help as help_views
from snapshots.views import tokens

urlpatterns = [
    path("help/", help_views.help_page, name="help_page"),
    path("tokens/", tokens.token_list, name="token_list"),
    path("tokens/add/", tokens.token_add, name="token_add"),
    path("tokens/<str:token_id>/replace/", tokens.token_replace, name="token_replace"),
    path("tokens/<str:token_id>/remove/", tokens.token_remove, name="token_remove"),
    path("tokens/<str:token_id>/check/", tokens.token_check, name="token_check"),
    path("people/<int:pk>/token/", tokens.person_token_add, name="person_token_add"),
]
