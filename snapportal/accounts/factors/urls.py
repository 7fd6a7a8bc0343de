"""URLs of second factors."""

from django.urls import path

from snapportal.accounts.factors import reset_views, sign_in_views, views

urlpatterns = [
    path("sign-in/second-factor/", sign_in_views.second_factor, name="second_factor"),
    path("passkey-options/", sign_in_views.passkey_options, name="passkey_options"),
    path("account/factors/", views.factor_list, name="factor_list"),
    path("account/factors/confirm/", sign_in_views.factor_confirm, name="factor_confirm"),
    path("account/factors/authenticator/", views.authenticator_set_up, name="authenticator_set_up"),
    path("account/factors/authenticator/remove/", views.authenticator_remove, name="authenticator_remove"),
    path("account/factors/passkeys/add/", views.passkey_add, name="passkey_add"),
    path("account/factors/passkeys/<uuid:pk>/remove/", views.passkey_remove, name="passkey_remove"),
    path("account/factors/recovery-codes/", views.recovery_codes, name="recovery_codes"),
    path(
        "people/<int:pk>/reset-second-factors/",
        reset_views.person_factors_reset,
        name="person_factors_reset",
    ),
]
