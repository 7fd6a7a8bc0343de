"""URLs of sign-in, account and people."""

from django.urls import include, path

from snapportal.accounts import (
    access_views,
    erasure_views,
    people_views,
    service_account_views,
    session_views,
    team_views,
    views,
)
from snapportal.accounts.look import views as look_views
from snapportal.accounts.oidc import confirm_views as sso_confirm_views
from snapportal.accounts.oidc import views as sso_views
from snapportal.accounts.security.security_txt import security_txt
from snapportal.accounts.security.views import security_detail
from snapportal.accounts.temporary_roles import views as role_views

urlpatterns = [
    path("", include("snapportal.accounts.factors.urls")),
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-in/sso/", sso_views.sso_start, name="sso_start"),
    path("sign-in/sso/return/", sso_views.sso_return, name="sso_return"),
    path("account/confirm/", sso_confirm_views.sso_confirm, name="sso_confirm"),
    path("account/confirm/<str:held_id>/", sso_confirm_views.sso_confirmed, name="sso_confirmed"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("account/", views.account_detail, name="account_detail"),
    path("account/temporary-roles/", role_views.temporary_role_list, name="temporary_role_list"),
    path("account/temporary-roles/add/", role_views.temporary_role_add, name="temporary_role_add"),
    path(
        "account/temporary-roles/<uuid:pk>/", role_views.temporary_role_detail, name="temporary_role_detail"
    ),
    path("account/look/", look_views.look_edit, name="look_edit"),
    path("account/look/servers/", look_views.server_layout_choose, name="server_layout_choose"),
    path("sign-in/language/", look_views.language_choose, name="language_choose"),
    path("account/sessions/", session_views.session_list, name="session_list"),
    path("account/sessions/end/", session_views.session_end, name="session_end"),
    path("welcome/<str:key>/", views.invitation_accept, name="invitation_accept"),
    path("people/security/", security_detail, name="security_detail"),
    path(".well-known/security.txt", security_txt, name="security_txt"),
    path("people/", people_views.person_list, name="person_list"),
    path("people/add/", people_views.person_add, name="person_add"),
    path(
        "people/add-service-account/", service_account_views.service_account_add, name="service_account_add"
    ),
    path(
        "people/<int:pk>/keeper/",
        service_account_views.service_account_keeper,
        name="service_account_keeper",
    ),
    path("people/<int:pk>/", people_views.person_edit, name="person_edit"),
    path("people/<int:pk>/end-sessions/", session_views.person_sessions_end, name="person_sessions_end"),
    path("people/<int:pk>/unlink/", sso_views.identity_unlink, name="identity_unlink"),
    path("people/teams/", team_views.team_list, name="team_list"),
    path("people/teams/add/", team_views.team_add, name="team_add"),
    path("people/teams/<int:pk>/", team_views.team_edit, name="team_edit"),
    path("people/teams/<int:pk>/member/", team_views.team_member, name="team_member"),
    path("people/teams/<int:pk>/remove/", team_views.team_remove, name="team_remove"),
    path("people/<int:pk>/access/", access_views.person_access, name="person_access"),
    path("servers/<str:token_id>/<int:server_id>/people/", access_views.server_people, name="server_people"),
    path("people/<int:pk>/erase/", erasure_views.person_erase, name="person_erase"),
]
