"""A temporary role is asked for with a reason, and granted by another person who has had all of it for a while, for good."""

from datetime import timedelta

import pytest
from django.utils import timezone

from snapportal.accounts.models import Role, User
from snapportal.accounts.temporary_roles import service
from snapportal.accounts.temporary_roles.models import State, TemporaryRole
from snapshots.audit.models import Entry
from tests.support.policies import actor
from tests.support.refusals import refused
from tests.support.rendezvous import at_once
from tests.support.teams import make_team
from tests.support.temporary_roles import ask_for, fresh, grant, lend, rights_on

pytestmark = pytest.mark.django_db
HOUR = 3600


def make_person(username: str, role: str = Role.MANAGER, **fields) -> User:
    settled = {"rights_since": timezone.now() - timedelta(days=30)}
    return User.objects.create_user(
        username=username, password=None, name=username.capitalize(), role=role, **settled | fields
    )


class TestAsking:
    def test_a_request_gives_nothing_and_is_in_the_log_with_its_reason(self, cast, view, other):
        asked = ask_for(cast.vera, view, other)()
        assert (asked.state, asked.person_id) == (State.WAITING, cast.vera.pk)
        assert rights_on(cast.vera, view.server_id) == set()
        row = Entry.objects.get(action="temporary_role.ask")
        assert (row.reason, row.target, row.server_id) == ("The disk is full", str(asked.pk), None)
        assert f"manager on servers {min(view.server_id, other.server_id)}" in row.evidence

    def test_the_row_names_the_server_if_it_is_one(self, cast, view):
        ask_for(cast.vera, view)()
        row = Entry.objects.get(action="temporary_role.ask")
        assert (row.server_id, row.server_name) == (view.server_id, view.name)

    @pytest.mark.parametrize(
        ("more", "code"),
        [({"reason": " "}, "reason_missing"), ({"hours": 3}, "bad_wish"), ({"hours": 48}, "bad_wish")],
    )
    def test_what_is_incomplete_is_not_asked(self, cast, view, more, code):
        assert refused(ask_for(cast.vera, view, **more)) == code
        assert not Entry.objects.filter(action="temporary_role.ask").exists()

    def test_a_request_without_servers_is_none(self, cast):
        assert refused(ask_for(cast.vera)) == "bad_wish"

    def test_whoever_has_the_role_there_already_has_nothing_to_ask(self, cast, view, other):
        assert refused(ask_for(cast.mia, view)) == "nothing_to_ask"
        make_team(servers=[view.server_id], members=[cast.omar])
        assert refused(ask_for(cast.omar, view)) == "nothing_to_ask"
        assert ask_for(cast.omar, view, other)()

    def test_a_role_without_servers_gets_none_and_a_service_account_neither(self, cast, view):
        assert refused(ask_for(cast.aron, view)) == "not_allowed_any_more"
        script = make_person("script", Role.VIEWER, service_owner=cast.ada)
        assert refused(ask_for(script, view)) == "not_allowed_any_more"

    def test_a_person_has_one_request_at_a_time(self, cast, view, other, clock):
        first = ask_for(cast.vera, view)()
        assert refused(ask_for(cast.vera, other)) == "asked_already"
        service.withdraw(actor=actor(cast.vera), pk=first.pk)
        ask_for(cast.vera, other)()
        clock.shift(24 * HOUR)
        assert ask_for(cast.vera, other)().state == State.WAITING
        assert Entry.objects.filter(action="temporary_role.expire").count() == 1

    def test_only_whoever_asked_withdraws_it(self, cast, view):
        asked = ask_for(cast.vera, view)()
        assert refused(lambda: service.withdraw(actor=actor(cast.mia), pk=asked.pk)) == "not_owner"
        assert service.withdraw(actor=actor(cast.vera), pk=asked.pk).state == State.WITHDRAWN
        assert refused(grant(cast.mia, asked)) == "request_over"


class TestGranting:
    @pytest.mark.parametrize(
        ("role", "rights"), [("operator", {"create"}), ("manager", {"create", "restore", "delete"})]
    )
    @pytest.mark.parametrize("hours", [1, 24])
    def test_it_gives_the_rights_of_the_role_on_its_servers_for_its_hours(
        self, cast, view, other, clock, role, rights, hours
    ):
        granted = lend(cast.vera, view, by=cast.mia, role=role, hours=hours)
        assert granted.ends_at == timezone.now() + timedelta(hours=hours)
        assert rights_on(cast.vera, view.server_id) == rights
        assert rights_on(cast.vera, other.server_id) == set()
        assert not fresh(cast.vera).has_perm("snapshots.create")
        assert not fresh(cast.vera).has_perm("people.manage", view.server_id)
        clock.shift(hours * HOUR - 1)
        assert rights_on(cast.vera, view.server_id) == rights
        clock.shift(1)
        assert rights_on(cast.vera, view.server_id) == set()

    def test_the_row_says_who_granted_what_to_whom_until_when(self, cast, view):
        granted = lend(cast.vera, view, by=cast.mia)
        row = Entry.objects.get(action="temporary_role.grant")
        assert (row.actor_id, row.target) == (cast.mia.pk, str(granted.pk))
        assert f"asked by person {cast.vera.pk}, until {granted.ends_at:%Y-%m-%d %H:%M} UTC" in row.evidence

    @pytest.mark.django_db(transaction=True)
    def test_twenty_grants_at_once_are_one(self, cast, view):
        asked = ask_for(cast.vera, view)()

        def call():
            try:
                return grant(cast.mia, asked)().state
            except service.OperationRefusedError as error:
                return error.code

        assert sorted(at_once([call] * 20)) == [State.GRANTED, *["request_over"] * 19]
        found = Entry.objects.filter(action="temporary_role.grant").values_list("result", flat=True)
        assert sorted(found) == ["completed", *["refused"] * 19]

    def test_nobody_grants_the_own_request(self, cast, view):
        asked = ask_for(cast.vera, view)()
        User.objects.filter(pk=cast.vera.pk).update(role=Role.MANAGER)
        assert refused(grant(cast.vera, asked)) == "second_person"

    @pytest.mark.parametrize(
        ("of_other", "of_asker"),
        [({"email": "VERA@example.com"}, {}), ({}, {"service_owner": True})],
        ids=["one address", "keeper"],
    )
    def test_nor_does_another_account_of_the_same_person(self, cast, view, of_other, of_asker):
        asked = ask_for(cast.vera, view)()
        double = make_person("double", **of_other)
        if of_asker:
            User.objects.filter(pk=cast.vera.pk).update(service_owner=double)
        assert refused(grant(double, asked)) == "second_person"

    @pytest.mark.parametrize("name", ["omar", "aron"])
    def test_whoever_has_not_all_of_it_does_not_grant_it(self, cast, view, name):
        asked = ask_for(cast.vera, view)()
        assert refused(grant(getattr(cast, name), asked)) == "not_an_approver"

    def test_a_team_gives_the_right_to_grant_on_its_servers_alone(self, cast, view, other, clock):
        make_team(servers=[view.server_id], members=[cast.omar])
        clock.shift(25 * HOUR)
        both = ask_for(cast.vera, view, other)()
        assert refused(grant(cast.omar, both)) == "not_an_approver"
        service.withdraw(actor=actor(cast.vera), pk=both.pk)
        assert lend(cast.vera, view, by=cast.omar).state == State.GRANTED

    def test_a_right_that_is_new_grants_nothing(self, cast, view):
        asked = ask_for(cast.vera, view)()
        assert refused(grant(make_person("nora", rights_since=timezone.now()), asked)) == "rights_too_new"

    def test_nor_does_a_temporary_role(self, cast, view):
        lend(cast.omar, view, by=cast.mia)
        asked = ask_for(cast.vera, view)()
        assert refused(grant(cast.omar, asked)) == "not_an_approver"

    def test_nor_a_service_account(self, cast, view):
        script = make_person("script", service_owner=cast.ada)
        assert refused(grant(script, ask_for(cast.vera, view)())) == "not_an_approver"

    def test_an_account_that_is_new_gets_none(self, cast, view):
        new = make_person("nora", Role.VIEWER, rights_since=timezone.now())
        assert refused(grant(cast.mia, ask_for(new, view)())) == "asker_too_new"

    def test_an_approver_who_has_lost_the_right_meanwhile_grants_nothing(self, cast, view):
        call = grant(cast.mia, ask_for(cast.vera, view)())
        User.objects.filter(pk=cast.mia.pk).update(role=Role.OPERATOR)
        assert refused(call) == "not_an_approver"
        User.objects.filter(pk=cast.mia.pk).update(role=Role.MANAGER, is_active=False)
        assert refused(call) == "not_an_approver"

    def test_an_asker_who_was_deactivated_or_is_an_auditor_by_now_gets_none(self, cast, view):
        asked = ask_for(cast.vera, view)()
        for change in ({"is_active": False}, {"is_active": True, "role": Role.AUDITOR}):
            User.objects.filter(pk=cast.vera.pk).update(**change)
            assert refused(grant(cast.mia, asked)) == "asker_lost_right"

    def test_a_request_waits_for_24_hours(self, cast, view, clock):
        asked = ask_for(cast.vera, view)()
        clock.shift(24 * HOUR)
        assert refused(grant(cast.mia, asked)) == "request_over"
        assert asked.shown_state == State.EXPIRED
        assert service.write_down_ends() == 1
        assert service.write_down_ends() == 0
        row = Entry.objects.get(action="temporary_role.expire")
        assert (row.actor_id, row.code) == (None, "expired")


class TestDenying:
    def test_it_takes_a_reason_and_whoever_has_the_rights(self, cast, view):
        asked = ask_for(cast.vera, view)()
        denying = {"pk": asked.pk, "reason": "Use the staging server"}
        assert refused(lambda: service.deny(actor=actor(cast.omar), **denying)) == "not_an_approver"
        assert refused(lambda: service.deny(actor=actor(cast.vera), **denying)) == "second_person"
        blank = denying | {"reason": " "}
        assert refused(lambda: service.deny(actor=actor(cast.mia), **blank)) == "reason_missing"
        assert service.deny(actor=actor(cast.mia), **denying).state == State.DENIED
        assert (
            Entry.objects.get(action="temporary_role.deny", result="completed").reason
            == "Use the staging server"
        )
        assert refused(grant(cast.mia, asked)) == "request_over"
        assert TemporaryRole.objects.get().denial == "Use the staging server"

    def test_a_right_that_is_new_is_enough(self, cast, view):
        asked, new = ask_for(cast.vera, view)(), make_person("nora", rights_since=timezone.now())
        assert service.deny(actor=actor(new), pk=asked.pk, reason="No").state == State.DENIED
