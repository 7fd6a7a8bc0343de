"""What somebody with another person's password or session cannot prepare or silence, and whom a team's role obliges."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from snapportal.accounts.models import Role
from snapportal.accounts.team_models import Team
from snapshots.notifications.models import Kind, Notification
from snapshots.notifications.rules import choices_of
from tests.support.notifying import read_log
from tests.support.pages import text_of
from tests.support.second_factors import type_password

pytestmark = pytest.mark.django_db
SET_UP = "/account/factors/authenticator/"


@pytest.fixture
def mia(cast, settings, clock) -> Client:
    """Signed in so long ago that a proof is asked for."""
    settings.SNAPPORTAL_STEP_UP_MINUTES = 10
    browser = type_password(cast.mia)[0]
    clock.shift(11 * 60)
    return browser


def test_the_secret_of_an_app_is_not_shown_in_two_sessions(cast, clock):
    first = type_password(cast.mia)[0]
    clock.shift(1)
    second = type_password(cast.mia)[0]

    def secret(browser: Client) -> str:
        return text_of(browser.get(SET_UP)).partition("The secret")[2][:45]

    shown = secret(first)
    assert secret(first) == shown, "reloading the page keeps it"
    assert secret(second) != shown


def test_notices_about_the_account_cannot_be_switched_off_in_the_portal(cast, mia):
    url = reverse("notification_rules")
    fields = {field.name: "off" for field in mia.get(url).context["form"]}
    assert not {"new_device_portal", "factors_portal", "api_key_portal"} & set(fields)
    mia.post(url, fields | {"new_device_portal": "off", "factors_portal": "off"})
    assert choices_of(cast.mia.pk)[Kind.NEW_DEVICE].portal == "all"
    read_log()
    type_password(cast.mia)
    read_log()
    assert Notification.objects.filter(person=cast.mia, event__kind=Kind.NEW_DEVICE).exists()


class TestRequiredByATeam:
    @pytest.fixture(autouse=True)
    def required(self, settings):
        settings.SNAPPORTAL_REQUIRE_SECOND_FACTOR = frozenset({"manager"})

    def open_page(self, person) -> str:
        answer = type_password(person)[0].get("/tokens/")
        return answer["Location"] if answer.status_code == 302 else ""

    def test_the_role_that_a_team_gives_counts(self, cast):
        assert self.open_page(cast.vera) == ""
        team = Team.objects.create(name="Shop", role=Role.MANAGER, changed_at=timezone.now())
        team.members.add(cast.vera)
        assert self.open_page(cast.vera) == reverse("factor_list")

    def test_of_a_team_that_gives_less_or_nothing_it_does_not(self, cast):
        for person, role in ((cast.vera, Role.OPERATOR), (cast.aron, Role.MANAGER)):
            team = Team.objects.create(name=f"Team {role}", role=role, changed_at=timezone.now())
            team.members.add(person)
        assert self.open_page(cast.vera) == ""
        assert type_password(cast.aron)[0].get("/audit/").status_code == 200
