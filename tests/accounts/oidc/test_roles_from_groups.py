"""Roles that follow the groups at the identity provider."""

import pytest
from django.test import Client
from django.urls import reverse

from snapportal.accounts.models import Role, User
from tests.accounts.oidc.conftest import sign_on
from tests.accounts.oidc.test_matching import ROLES, refused, rows


@pytest.fixture(autouse=True)
def roles(idp, cast, configure):
    configure(roles=ROLES)


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        (["team"], "viewer"),
        (["team", "ops"], "operator"),
        (["check", "team"], "auditor"),
        (["ops", "check"], "operator"),
        (["boss", "ops", "team"], "admin"),
    ],
)
def test_the_highest_group_decides(idp, cast, groups, role):
    idp.states["groups"] = groups
    sign_on(idp)
    assert User.objects.get(pk=cast.mia.pk).role == role
    (row,) = rows("person.change_role")
    names = ", ".join(f"“{one}”" for one in sorted(groups))
    assert row.evidence == f"manager → {role}, by single sign-on: groups {names}"


def test_the_claim_can_have_another_name(idp, cast, configure):
    configure(groups_claim="https://example.com/roles")
    idp.states |= {"groups": ["boss"], "https://example.com/roles": ["team"]}
    sign_on(idp)
    assert User.objects.get(pk=cast.mia.pk).role == "viewer"


def test_a_change_ends_the_sessions_before_it(idp, cast):
    idp.states["groups"] = ["ops"]
    first, second = Client(), Client()
    sign_on(idp, first)
    assert first.get("/account/").status_code == 200
    idp.states["groups"] = ["team"]
    sign_on(idp, second)
    assert first.get("/account/").status_code == 302
    assert second.get("/account/").status_code == 200


def test_no_change_ends_none_and_writes_no_row(idp, cast):
    idp.states["groups"] = ["ops"]
    first = Client()
    sign_on(idp, first)
    sign_on(idp)
    assert first.get("/account/").status_code == 200
    assert len(rows("person.change_role")) == 1


def test_who_is_in_no_group_any_more_is_refused_and_signed_out(idp, cast):
    idp.states["groups"] = ["ops"]
    first = Client()
    sign_on(idp, first)
    idp.states["groups"] = []
    row = refused(sign_on(idp), "None of your groups", "sso_not_in_a_group")
    assert row.full_target == "mia"
    assert first.get("/account/").status_code == 302
    assert rows("session.end")
    assert User.objects.get(pk=cast.mia.pk).role == "operator"


def test_the_last_admin_stays_one_and_is_told(idp, cast):
    idp.states |= {"email": "ada@example.com", "groups": ["team"]}
    client = Client()
    answer = sign_on(idp, client)
    assert "last active admin" in client.get(answer["Location"]).text
    assert User.objects.get(pk=cast.ada.pk).role == "admin"
    (row,) = rows("person.change_role")
    assert (row.result, row.code, row.full_target) == ("refused", "last_admin", "ada")


def test_an_admin_who_cannot_sign_in_is_no_other_admin(idp, cast):
    User.objects.create_user("otto", None, role=Role.ADMIN, name="Otto")
    idp.states |= {"email": "ada@example.com", "groups": ["team"]}
    sign_on(idp)
    assert User.objects.get(pk=cast.ada.pk).role == "admin"


def test_one_of_two_admins_can_become_something_else(idp, cast):
    User.objects.create_user("otto", "x" * 12, role=Role.ADMIN, name="Otto")
    idp.states |= {"email": "ada@example.com", "groups": ["team"]}
    sign_on(idp)
    assert User.objects.get(pk=cast.ada.pk).role == "viewer"


@pytest.mark.parametrize("groups", [["team"], []])
def test_an_emergency_account_keeps_its_role(idp, cast, settings, groups):
    settings.SNAPPORTAL_BREAK_GLASS = frozenset({"ada"})
    idp.states |= {"email": "ada@example.com", "groups": groups}
    assert sign_on(idp).status_code == 302
    assert User.objects.get(pk=cast.ada.pk).role == "admin"
    assert not rows("person.change_role")


def test_an_admin_reads_that_the_groups_decide(idp, cast, signed_in, settings):
    url, ada = reverse("person_edit", args=[cast.mia.pk]), signed_in(cast.ada)
    assert "decide the role" not in ada.get(url).text
    idp.states["groups"] = ["ops"]
    sign_on(idp)
    assert "decide the role" in ada.get(url).text
    settings.SNAPPORTAL_BREAK_GLASS = frozenset({"mia"})
    assert "decide the role" not in ada.get(url).text
