"""Whoever asked does not approve, by whatever account; and nobody counts twice among those who approve."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from snapportal.accounts import people, service_accounts
from snapportal.accounts.models import Role, User
from snapportal.accounts.oidc.models import FederatedIdentity
from snapshots.api import keys
from snapshots.approvals import deciding
from snapshots.approvals.models import Decision, State
from snapshots.audit.models import Entry
from snapshots.operations.models import Operation
from tests.support.api import Script
from tests.support.desk import make_desk
from tests.support.policies import actor, approve, only, place, wish
from tests.support.refusals import refused

pytestmark = pytest.mark.django_db
ISSUER, OLD_ISSUER = "https://id.example.com/realms/team", "https://sso.example.com/"


def named(person: User, subject: str, issuer: str = ISSUER) -> None:
    """An identity provider calls the person so."""
    fields = {"issuer": issuer, "subject": subject, "used_at": timezone.now()}
    FederatedIdentity.objects.create(person=person, **fields)


def same_address(asker: User, other: User) -> None:
    User.objects.filter(pk=other.pk).update(email=f" {asker.email.title()} ")


def same_subject(asker: User, other: User) -> None:
    """One provider took the place of another, and its people kept their names there."""
    named(asker, "f:77:mia", OLD_ISSUER)
    named(other, "f:77:mia")


def kept_by_the_asker(asker: User, other: User) -> None:
    User.objects.filter(pk=other.pk).update(service_owner=asker)


def keeps_the_asker(asker: User, other: User) -> None:
    User.objects.filter(pk=asker.pk).update(service_owner=other)


def link_renewed(asker: User, other: User) -> None:
    User.objects.filter(pk=asker.pk).update(role=Role.ADMIN)
    people.renew_invitation(other, actor=actor(User.objects.get(pk=asker.pk)))


def link_used(asker: User, other: User) -> None:
    """By whoever had it, which need not be the person."""
    key = people.renew_invitation(other, actor=actor(asker))
    User.objects.filter(pk=other.pk).update(rights_since=timezone.now() - timedelta(days=2))
    invited = people.find_invited(key)
    assert invited is not None
    people.accept_invitation(invited, "a new long password", actor=actor(other))


SECOND_ACCOUNTS: dict[Callable[[User, User], None], str] = {
    same_address: "second_person",
    same_subject: "second_person",
    kept_by_the_asker: "not_an_approver",
    keeps_the_asker: "second_person",
    link_renewed: "rights_too_new",
    link_used: "rights_too_new",
}


@pytest.fixture
def asked(cast, desk, view):
    place(cast.ada, view)
    return wish(desk, view)()


def test_the_own_account_does_not(desk, asked):
    assert refused(approve(desk.user, asked)) == "second_person"


@pytest.mark.parametrize("how", SECOND_ACCOUNTS)
def test_nor_does_a_second_account_where_that_can_be_known(desk, asked, max_, how):
    how(desk.user, max_)
    assert refused(approve(User.objects.get(pk=max_.pk), asked)) == SECOND_ACCOUNTS[how]
    assert not Decision.objects.exists()
    assert not Operation.objects.exists()
    refusal = Entry.objects.get(action="approval.approve")
    assert (refusal.result, refusal.code, refusal.actor_id) == ("refused", SECOND_ACCOUNTS[how], max_.pk)


def test_two_accounts_do_not_have_one_subject_of_one_issuer(desk, max_):
    named(desk.user, "f:77:mia")
    with pytest.raises(IntegrityError), transaction.atomic():
        named(max_, "f:77:mia")


def test_other_subjects_are_other_people(desk, asked, max_):
    named(desk.user, "f:77:mia")
    named(max_, "f:77:max")
    approve(max_, asked)()
    assert only().state == State.BEGUN


@pytest.mark.parametrize("how", [same_address, same_subject])
def test_one_person_with_two_accounts_is_one_of_two_who_are_needed(cast, desk, view, max_, how):
    place(cast.ada, view, needed=2)
    asked = wish(desk, view)()
    how(cast.ada, max_)
    approve(User.objects.get(pk=max_.pk), asked)()
    approve(cast.ada, asked)()
    assert only().state == State.WAITING
    assert not Operation.objects.exists()


def test_a_service_account_decides_nothing(cast, desk, asked):
    account = User(username="deploy", name="Deploy", role=Role.MANAGER)
    service_accounts.add(account, keeper=cast.ada, actor=actor(cast.ada))
    User.objects.filter(pk=account.pk).update(rights_since=cast.ada.rights_since)
    assert refused(approve(User.objects.get(pk=account.pk), asked)) == "not_an_approver"


def test_what_a_service_account_asked_for_is_not_approved_by_who_keeps_it(cast, desk, view, max_, sandbox):
    place(cast.ada, view)
    User.objects.filter(pk=desk.user.pk).update(service_owner=max_)
    asked = wish(make_desk(User.objects.get(pk=desk.user.pk), sandbox.token, "other"), view)()
    assert refused(approve(max_, asked)) == "second_person"
    approve(cast.ada, asked)()
    assert only().state == State.BEGUN


def test_the_glass_is_broken_although_an_account_of_the_same_person_has_approved(cast, desk, view, max_):
    """Which of the two decided first must not hide the emergency."""
    place(cast.ada, view, needed=2)
    same_address(cast.ada, max_)
    asked = wish(desk, view)()
    approve(User.objects.get(pk=max_.pk), asked)()
    deciding.break_glass(actor=actor(cast.ada), pk=asked.pk, reason="the shop is down")
    assert only().state == State.BEGUN


def test_whoever_made_the_key_of_a_service_account_does_not_approve_what_it_asks(
    cast, desk, view, max_, sandbox
):
    account = User(username="deploy", name="Deploy", role=Role.MANAGER)
    service_accounts.add(account, keeper=max_, actor=actor(cast.ada))
    User.objects.filter(pk=account.pk).update(rights_since=cast.ada.rights_since)
    of_account = make_desk(User.objects.get(pk=account.pk), sandbox.token, "deploy")
    wanted = keys.Wish(name="ci", rights=["snapshots.restore"], token=of_account.token)
    _key, secret = keys.create(actor=actor(cast.ada), owner=of_account.user, wish=wanted)
    place(cast.ada, view)
    path = f"snapshots/{desk.snapshot(view).id}/restore/"
    assert Script(secret).post(path, {}, X_Reason="a bad update").status_code == 202
    assert refused(approve(cast.ada, only())) == "second_person"
    assert refused(approve(max_, only())) == "second_person"
    approve(cast.mia, only())()
    assert only().state == State.BEGUN


def test_nothing_is_approved_for_a_service_account_that_has_just_got_another_keeper(
    cast, desk, view, max_, sandbox
):
    account = User(username="deploy", name="Deploy", role=Role.MANAGER)
    service_accounts.add(account, keeper=cast.ada, actor=actor(cast.ada))
    User.objects.filter(pk=account.pk).update(rights_since=cast.ada.rights_since)
    place(cast.ada, view)
    asked = wish(make_desk(User.objects.get(pk=account.pk), sandbox.token, "deploy"), view)()
    service_accounts.change_keeper(User.objects.get(pk=account.pk), keeper=max_, actor=actor(cast.ada))
    assert refused(approve(cast.ada, asked)) == "asker_too_new"


def test_a_request_of_somebody_who_may_not_do_it_any_more_is_void(cast, desk, view, max_, asked):
    User.objects.filter(pk=desk.user.pk).update(role=Role.OPERATOR)
    deciding.run_due()
    assert (only().state, only().code) == (State.VOID, "asker_lost_right")
