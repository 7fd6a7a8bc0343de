"""The security page: people, keys and tokens that nobody has used for 90 days."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from snapportal.accounts.factors.models import Authenticator, Passkey
from snapportal.accounts.models import User
from snapportal.accounts.security import review
from snapportal.accounts.team_models import Team
from snapshots.api.models import ApiKey
from snapshots.schedules.models import Schedule
from snapshots.vault.models import StoredToken
from tests.support.api import make_key
from tests.support.pages import text_of
from tests.support.schedules import define

pytestmark = pytest.mark.django_db


def days_ago(days: float):
    return timezone.now() - timedelta(days=days)


@pytest.fixture(autouse=True)
def added_long_ago(cast):
    User.objects.update(created_at=days_ago(200), last_login=days_ago(1))


class TestPeople:
    @pytest.mark.parametrize(("days", "is_found"), [(89, False), (91, True)])
    def test_somebody_who_has_not_signed_in_for_90_days_is_found(self, cast, days, is_found):
        User.objects.filter(pk=cast.omar.pk).update(last_login=days_ago(days))
        assert list(review.quiet_people()) == [cast.omar] * is_found

    def test_somebody_who_never_signed_in_is_found_90_days_after_being_added(self, cast):
        User.objects.filter(pk=cast.omar.pk).update(last_login=None)
        User.objects.filter(pk=cast.mia.pk).update(last_login=None, created_at=days_ago(10))
        assert list(review.quiet_people()) == [cast.omar]

    def test_deactivated_people_and_service_accounts_are_not(self, cast):
        User.objects.filter(pk=cast.omar.pk).update(last_login=None, is_active=False)
        User.objects.filter(pk=cast.vera.pk).update(last_login=None, service_owner=cast.ada)
        assert not review.quiet_people().exists()


class TestSecondFactors:
    def test_those_whose_role_needs_one_come_first(self, cast, settings):
        settings.SNAPPORTAL_REQUIRE_SECOND_FACTOR = frozenset({"operator"})
        found = list(review.without_second_factor())
        assert found[0] == cast.omar
        assert [one.needs_one for one in found] == [True] + [False] * (len(found) - 1)

    def test_a_role_that_a_team_gives_needs_one_too(self, cast, settings):
        settings.SNAPPORTAL_REQUIRE_SECOND_FACTOR = frozenset({"manager"})
        team = Team.objects.create(name="Shop", role="manager", changed_at=timezone.now())
        team.members.add(cast.vera, cast.aron)
        found = {one: one.needs_one for one in review.without_second_factor()}
        assert [one for one, needs_one in found.items() if needs_one] == [cast.mia, cast.vera]

    def test_somebody_with_a_confirmed_app_or_a_passkey_has_one(self, cast):
        now = timezone.now()
        Authenticator.objects.create(
            person=cast.omar, sealed=b"x", key_id="k", created_at=now, confirmed_at=now
        )
        Authenticator.objects.create(person=cast.mia, sealed=b"x", key_id="k", created_at=now)
        Passkey.objects.create(
            person=cast.ada, name="p", host="h", credential_id="c", credential=b"x", created_at=now
        )
        found = set(review.without_second_factor())
        assert cast.mia in found
        assert not {cast.omar, cast.ada} & found


class TestKeys:
    def test_a_key_that_no_request_used_for_90_days_is_found(self, desk):
        key, _secret = make_key(desk.user, desk.token)
        ApiKey.objects.update(created_at=days_ago(91))
        assert list(review.unused_keys()) == [key]
        ApiKey.objects.update(last_used_at=days_ago(91))
        assert list(review.unused_keys()) == [key]
        ApiKey.objects.update(last_used_at=days_ago(89))
        assert not review.unused_keys().exists()

    @pytest.mark.parametrize("end", ["revoked_at", "expires_at"])
    def test_one_that_has_ended_is_not(self, desk, end):
        make_key(desk.user, desk.token)
        ApiKey.objects.update(created_at=days_ago(91), **{end: days_ago(1)})
        assert not review.unused_keys().exists()


class TestTokens:
    @pytest.fixture(autouse=True)
    def old(self, desk):
        StoredToken.objects.update(created_at=days_ago(91))
        User.objects.filter(pk=desk.user.pk).update(last_login=days_ago(91))

    def test_a_token_whose_owner_is_away_is_found(self, desk):
        assert list(review.unused_tokens()) == [desk.token]

    def test_a_token_of_somebody_who_is_deactivated_is_found(self, desk):
        User.objects.filter(pk=desk.user.pk).update(last_login=days_ago(1), is_active=False)
        assert list(review.unused_tokens()) == [desk.token]

    def test_a_token_whose_owner_signs_in_is_used(self, desk):
        User.objects.filter(pk=desk.user.pk).update(last_login=days_ago(1))
        assert not review.unused_tokens().exists()

    def test_a_token_that_a_key_used_is_used(self, desk):
        make_key(desk.user, desk.token)
        assert review.unused_tokens().exists()
        ApiKey.objects.update(last_used_at=days_ago(1))
        assert not review.unused_tokens().exists()

    def test_a_token_of_an_active_schedule_is_used(self, desk):
        define(desk)
        assert not review.unused_tokens().exists()
        Schedule.objects.update(removed_at=timezone.now())
        assert review.unused_tokens().exists()


def test_the_page_leads_to_what_can_be_done(cast, desk, signed_in):
    ada = signed_in(cast.ada)
    assert text_of(ada.get(reverse("security_detail"))).count("None") == 4
    key, _secret = make_key(desk.user, desk.token)
    User.objects.filter(pk=desk.user.pk).update(last_login=days_ago(100))
    StoredToken.objects.update(created_at=days_ago(100))
    ApiKey.objects.update(created_at=days_ago(100))
    page = ada.get(reverse("security_detail")).content.decode()
    for url in (
        reverse("person_edit", args=[desk.user.pk]),
        reverse("api_key_revoke", args=[key.pk]),
        reverse("token_remove", args=[desk.token.pk]),
    ):
        assert url in page
        assert ada.get(url).status_code == 200


def test_of_many_the_first_are_shown_and_the_rest_is_counted(cast, desk, signed_in, monkeypatch):
    monkeypatch.setattr(review, "SHOWN", 2)
    User.objects.exclude(pk=cast.ada.pk).update(last_login=days_ago(100))
    more = User.objects.exclude(pk=cast.ada.pk).count() - 2
    assert f"and {more} more" in text_of(signed_in(cast.ada).get(reverse("security_detail")))
