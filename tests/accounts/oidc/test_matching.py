"""Whose account it is: known subjects, verified e-mail addresses, new people, unlinking."""

import pytest
from django.test import Client
from django.urls import reverse

from snapportal.accounts import erasure
from snapportal.accounts.models import Role, User
from snapportal.accounts.oidc import identities
from snapportal.accounts.oidc.models import FederatedIdentity
from snapportal.accounts.oidc.names import valid_username
from snapportal.accounts.session_models import PersonSession
from snapshots.audit.journal import Actor
from snapshots.audit.models import Entry
from snapshots.notifications.models import Kind, Notification
from tests.accounts.oidc.conftest import sign_on
from tests.support.actors import actor_of
from tests.support.notifying import read_log

ROLES = {"team": "viewer", "ops": "operator", "boss": "admin", "check": "auditor"}
NEW = {"sub": "new", "email": "nora@example.com", "email_verified": True, "name": "Nora Neu"}


def rows(*actions: str) -> list[Entry]:
    return list(Entry.objects.filter(action__in=actions).order_by("sequence"))


def refused(answer, text: str, code: str) -> Entry:
    assert answer.status_code == 403, answer.status_code
    assert text in answer.text
    assert "Try again" not in answer.text
    row = Entry.objects.filter(action="person.sign_in").latest("sequence")
    assert (row.result, row.code, row.actor_id) == ("refused", code, None)
    return row


class TestKnown:
    def test_a_verified_address_links_the_person_once(self, idp, cast):
        sign_on(idp)
        sign_on(idp)
        (row,) = rows("person.link_identity")
        assert (row.full_target, row.actor_name, row.actor_id) == ("mia", "Single sign-on", None)
        assert row.evidence == f"{idp.url}, by verified e-mail address"
        assert FederatedIdentity.objects.get().person == cast.mia

    def test_the_person_is_told_that_an_account_was_linked_and_unlinked(self, idp, cast):
        read_log()
        sign_on(idp)
        identity = FederatedIdentity.objects.get()
        identities.unlink(cast.mia, identity.pk, actor=actor_of(cast.ada))
        read_log()
        told = Notification.objects.filter(event__kind=Kind.FACTORS)
        assert {(one.person_id, one.event.action) for one in told} == {
            (cast.mia.pk, "person.link_identity"),
            (cast.mia.pk, "person.unlink_identity"),
        }

    def test_the_subject_counts_and_not_the_address(self, idp, cast):
        sign_on(idp)
        idp.states["email"] = "omar@example.com"
        sign_on(idp)
        assert {row.actor_id for row in rows("person.sign_in")} == {cast.mia.pk}

    def test_addresses_are_compared_without_case(self, idp, cast):
        idp.states["email"] = "MIA@Example.COM"
        assert sign_on(idp).status_code == 302

    @pytest.mark.parametrize("verified", [False, None, "true", 1, "yes", []])
    def test_an_address_that_is_not_verified_links_nobody(self, idp, cast, verified):
        idp.states["email_verified"] = verified
        refused(sign_on(idp), "does not say that it is verified", "sso_email_not_verified")
        assert not FederatedIdentity.objects.exists()

    def test_two_people_with_one_address_are_refused(self, idp, cast):
        User.objects.filter(pk=cast.omar.pk).update(email="Mia@example.com")
        refused(sign_on(idp), "Several people", "sso_several_people")

    def test_of_two_the_active_one_is_meant(self, idp, cast):
        User.objects.filter(pk=cast.omar.pk).update(email="Mia@example.com", is_active=False)
        assert sign_on(idp).status_code == 302

    def test_a_person_has_one_subject(self, idp, cast):
        sign_on(idp)
        idp.states["sub"] = "subject-2"
        row = refused(sign_on(idp), "linked to another account", "sso_linked_to_another")
        assert row.full_target == "mia"

    def test_another_subject_with_the_address_ends_no_session(self, idp, cast, configure):
        configure(roles=ROLES)
        idp.states["groups"] = ["ops"]
        client = Client()
        sign_on(idp, client)
        idp.states |= {"sub": "subject-2", "groups": []}
        refused(sign_on(idp), "linked to another account", "sso_linked_to_another")
        assert client.get("/account/").status_code == 200

    def test_a_subject_of_another_issuer_is_somebody_else(self, idp, cast):
        FederatedIdentity.objects.create(
            person=cast.ada, issuer="https://other.example", subject="subject-1", used_at=cast.ada.created_at
        )
        sign_on(idp)
        assert rows("person.sign_in")[0].actor_id == cast.mia.pk

    @pytest.mark.parametrize("is_linked", [True, False])
    def test_a_deactivated_person_is_refused_and_nobody_is_added_instead(
        self, idp, cast, configure, is_linked
    ):
        configure(roles=ROLES)
        idp.states["groups"] = ["ops"]
        if is_linked:
            sign_on(idp)
            PersonSession.objects.all().delete()
        User.objects.filter(pk=cast.mia.pk).update(is_active=False)
        row = refused(sign_on(idp), "not active", "sso_inactive")
        assert (row.full_target, row.result) == ("mia", "refused")
        assert User.objects.count() == 5

    def test_a_service_account_is_nobody(self, idp, cast):
        User.objects.filter(pk=cast.mia.pk).update(service_owner=cast.ada)
        refused(sign_on(idp), "Nobody in this portal", "sso_unknown_person")
        FederatedIdentity.objects.create(
            person=cast.mia, issuer=idp.url, subject="subject-1", used_at=cast.mia.created_at
        )
        refused(sign_on(idp, Client(REMOTE_ADDR="10.0.0.1")), "not active", "sso_inactive")

    def test_an_unknown_person_is_refused_and_masked_in_the_log(self, idp, cast):
        idp.states = NEW | {"preferred_username": "ada"}
        row = refused(sign_on(idp), "Nobody in this portal", "sso_unknown_person")
        assert row.full_target.startswith("unknown name (3 characters")

    def test_without_roles_in_the_settings_roles_stay(self, idp, cast):
        idp.states["groups"] = ["boss"]
        sign_on(idp)
        assert User.objects.get(pk=cast.mia.pk).role == Role.MANAGER


class TestNew:
    def test_a_group_makes_an_account(self, idp, cast, configure):
        configure(roles=ROLES)
        idp.states = NEW | {"groups": ["team", "ops", "else"], "preferred_username": "Nora Neu!"}
        assert sign_on(idp).status_code == 302
        person = User.objects.get(username="nora-neu")
        assert (person.name, person.email, person.role) == ("Nora Neu", "nora@example.com", "operator")
        assert not person.has_usable_password()
        added, linked, signed_in = rows("person.add", "person.link_identity", "person.sign_in")
        assert added.evidence == "operator, by single sign-on: groups “ops”, “team”"
        assert (added.full_target, linked.full_target) == ("nora-neu", "nora-neu")
        assert signed_in.actor_id == person.pk
        ada = Client()
        ada.force_login(cast.ada)
        assert "Invitation expired" not in ada.get(reverse("person_edit", args=[person.pk])).text

    def test_it_is_the_same_account_the_next_time(self, idp, cast, configure):
        configure(roles=ROLES)
        idp.states = NEW | {"groups": ["team"]}
        sign_on(idp)
        sign_on(idp)
        assert User.objects.count() == 6

    def test_an_address_that_is_not_verified_is_not_stored(self, idp, cast, configure):
        configure(roles=ROLES)
        idp.states = NEW | {"groups": "team", "email_verified": False}
        sign_on(idp)
        assert User.objects.get(username="nora").email == ""

    def test_a_name_that_somebody_has_is_not_taken(self, idp, cast, configure, settings):
        settings.SNAPPORTAL_BREAK_GLASS = frozenset({"ada-2"})
        configure(roles=ROLES)
        idp.states = NEW | {"groups": ["team"], "preferred_username": "ada"}
        sign_on(idp)
        assert User.objects.filter(username="ada-3").exists()
        assert not User.objects.filter(username="ada-2").exists()

    @pytest.mark.parametrize(
        ("stated", "name"),
        [
            ("Zoë.Weiß", "zoe.wei"),
            ("x@y.example", "x@y.example"),
            ("erased-7", "person-erased-7"),
            ("日本", "person"),
            ("", "person"),
            ("a b/c", "a-b-c"),
            ("q" * 80, "q" * 50),
        ],
    )
    def test_sign_in_names_are_made_valid(self, stated, name):
        assert valid_username(stated) == name

    @pytest.mark.parametrize("groups", [None, [], ["else"], "else", 7, [7], ["OPS"], "team,ops"])
    def test_without_a_group_nobody_is_added(self, idp, cast, configure, groups):
        configure(roles=ROLES)
        idp.states = NEW | {"groups": groups}
        refused(sign_on(idp), "None of your groups", "sso_not_in_a_group")
        assert User.objects.count() == 5

    def test_groups_that_were_left_out_are_said(self, idp, cast, configure):
        configure(roles=ROLES)
        idp.states = NEW | {"_claim_names": {"groups": "src1"}}
        refused(sign_on(idp), "in so many groups", "sso_groups_left_out")


class TestUnlinking:
    def test_an_admin_sees_and_removes_the_link(self, idp, cast, signed_in):
        idp.states["sub"] = "a-subject-that-is-rather-long"
        sign_on(idp)
        ada = signed_in(cast.ada)
        page = ada.get(reverse("person_edit", args=[cast.mia.pk])).text
        assert idp.url in page
        assert "a-subject-th…" in page
        assert "rather-long" not in page
        url = reverse("identity_unlink", args=[cast.mia.pk])
        pk = FederatedIdentity.objects.get().pk
        assert ada.post(url, {"identity": str(pk)}).status_code == 302
        assert not FederatedIdentity.objects.exists()
        (row,) = rows("person.unlink_identity")
        assert (row.full_target, row.actor_id, row.evidence) == ("mia", cast.ada.pk, idp.url)
        assert "removed already" in ada.post(url, {"identity": str(pk)}, follow=True).text
        assert len(rows("person.unlink_identity")) == 1

    def test_only_the_named_persons_link_is_removed(self, idp, cast, signed_in):
        sign_on(idp)
        pk = FederatedIdentity.objects.get().pk
        signed_in(cast.ada).post(reverse("identity_unlink", args=[cast.vera.pk]), {"identity": str(pk)})
        assert FederatedIdentity.objects.exists()

    def test_an_erasure_removes_it(self, idp, cast):
        sign_on(idp)
        User.objects.filter(pk=cast.mia.pk).update(is_active=False)
        actor = Actor(id=cast.ada.pk, name="Ada", role="admin")
        erasure.erase_person(User.objects.get(pk=cast.mia.pk), reason="left", actor=actor)
        assert not FederatedIdentity.objects.exists()
        assert not Entry.objects.filter(evidence__contains="subject-1").exists()
