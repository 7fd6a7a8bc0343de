"""What an admin does that could give a person a right, or the account to somebody else, begins the time anew in which the
account is no second person."""

from datetime import timedelta

import pytest
from django.utils import timezone

from snapportal.accounts import people, teams
from snapportal.accounts.factors import service as factors
from snapportal.accounts.models import Role, User
from tests.support.actors import actor_of
from tests.support.second_factors import give_app
from tests.support.teams import make_team

pytestmark = pytest.mark.django_db


def change(cast, **changes) -> None:
    person = User.objects.get(pk=cast.omar.pk)
    seen = person.details_key
    for name, value in changes.items():
        setattr(person, name, value)
    people.change(person, seen=seen, actor=actor_of(cast.ada))


def join_a_team(cast) -> None:
    teams.set_member(make_team(), cast.omar, is_member=True, actor=actor_of(cast.ada))


CHANGES = {
    "a link": lambda cast, _clock: people.renew_invitation(cast.omar, actor=actor_of(cast.ada)),
    "a role": lambda cast, _clock: change(cast, role=Role.MANAGER),
    "a role by single sign-on": lambda cast, _clock: people.set_role(
        cast.omar, Role.MANAGER, evidence="", actor=actor_of(cast.ada)
    ),
    "an address": lambda cast, _clock: change(cast, email="ada+omar@example.com"),
    "a team": lambda cast, _clock: join_a_team(cast),
}


def settled(cast) -> bool:
    return User.objects.get(pk=cast.omar.pk).rights_since < timezone.now() - timedelta(days=1)


@pytest.mark.parametrize("name", CHANGES)
def test_it_begins_anew(cast, clock, name):
    assert settled(cast)
    CHANGES[name](cast, clock)
    assert not settled(cast)


def test_it_begins_anew_with_a_reset_of_factors_and_with_an_activation(cast, clock):
    give_app(cast.omar, clock)
    assert settled(cast)
    factors.reset(actor=actor_of(cast.ada), person=cast.omar, reason="lost")
    assert not settled(cast)
    User.objects.filter(pk=cast.omar.pk).update(rights_since=cast.ada.rights_since, is_active=False)
    change(cast, is_active=True)
    assert not settled(cast)


def test_it_begins_anew_when_a_link_is_used_and_not_only_when_it_is_made(cast, clock):
    key = people.renew_invitation(cast.omar, actor=actor_of(cast.ada))
    clock.shift(25 * 3600)
    assert settled(cast)
    people.accept_invitation(people.find_invited(key), "another long password", actor=actor_of(cast.omar))
    assert not settled(cast)


def test_a_new_name_and_a_password_of_ones_own_change_nothing(cast):
    change(cast, name="Omar II")
    people.change_password(cast.omar, "another long password", actor=actor_of(cast.omar))
    assert settled(cast)


def test_a_team_that_was_widened_today_counts_for_nothing_yet(cast):
    User.objects.filter(pk=cast.omar.pk).update(role=Role.VIEWER)
    team = make_team(servers=[7], members=[cast.omar])
    User.objects.filter(pk=cast.omar.pk).update(rights_since=cast.ada.rights_since)
    omar, before = User.objects.get(pk=cast.omar.pk), timezone.now() - timedelta(days=1)
    assert not omar.has_settled_perm("snapshots.restore", 7, before)
    type(team).objects.filter(pk=team.pk).update(changed_at=cast.ada.rights_since)
    assert User.objects.get(pk=omar.pk).has_settled_perm("snapshots.restore", 7, before)
    assert not User.objects.get(pk=omar.pk).has_settled_perm("snapshots.restore", 8, before)
