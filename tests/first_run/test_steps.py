"""Each step's state is found from what is there."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from snapportal.accounts import people
from snapportal.accounts.factors import authenticator
from snapportal.accounts.models import Role, User
from snapportal.accounts.service_accounts import add as add_service_account
from snapportal.first_run.steps import NEEDED_SETTINGS
from snapshots.audit import journal
from snapshots.audit.journal import EntryData
from snapshots.inventory import readings
from snapshots.notifications.models import Delivery, DeliveryState, Target
from snapshots.schedules.models import Schedule, State
from snapshots.vault.models import StoredToken
from tests.first_run.conftest import card_of, deliver_something, set_up, states, store_token
from tests.site.test_settings import start
from tests.support.actors import actor_of
from tests.support.pages import text_of
from tests.support.schedules import define
from tests.support.second_factors import give_app

pytestmark = pytest.mark.django_db
DONE, OPEN, BROKEN = "Done", "To do", "Does not work"


def page_of(browser) -> str:
    return text_of(browser.get(reverse("setup_detail")))


def step_of(browser, key: str) -> str:
    """The HTML of a step on the guide's page."""
    return browser.get(reverse("setup_detail")).text.split(f'id="setup-{key}"')[1].split('id="setup-')[0]


def test_at_first_nothing_is_done_and_the_first_step_is_named(browser, real):
    found = states(browser)
    assert set(found.values()) == {OPEN, "Optional"}
    assert list(found) == [
        "token",
        "provider",
        "people",
        "factors",
        "notifications",
        "schedule",
        "backup",
        "anchor",
    ]
    assert "0 of 7 done Next: Store a token" in card_of(browser)


class TestProvider:
    def test_whoever_tries_the_sandbox_reads_last_how_to_connect_the_provider(self, browser):
        assert list(states(browser))[-1] == "provider"
        assert states(browser)["provider"] == "Optional"
        assert "0 of 6 done" in card_of(browser)
        assert "This is the sandbox, to try things out" in card_of(browser)
        assert f"{reverse('setup_detail')}#setup-provider" in browser.get("/").text

    def test_the_sandbox_is_not_the_provider_and_the_settings_that_connect_one_are_named(self, browser):
        page = page_of(browser)
        assert "This is the sandbox" in page
        assert all(name in page for name in NEEDED_SETTINGS)

    def test_the_settings_are_those_without_which_the_portal_does_not_start(self, tmp_path):
        address = "SNAPPORTAL_API_URL"
        given = {address: "https://admin.example.org", "SNAPPORTAL_DATA_DIR": str(tmp_path)}
        refused = start(given).stderr
        assert set(re.findall(r"- (SNAPPORTAL_\w+)", refused)) == set(NEEDED_SETTINGS) - {address}

    def test_before_a_token_is_stored_a_command_is_named(self, browser, real):
        assert states(browser)["provider"] == OPEN
        assert "manage.py check_provider" in page_of(browser)

    def test_without_a_reading_the_step_leads_to_the_tokens(self, browser, real, ada, sandbox):
        assert step_of(browser, "provider").count(f'href="{reverse("token_add")}"') == 1
        store_token(ada, sandbox)
        assert step_of(browser, "provider").count(f'href="{reverse("token_list")}"') == 1
        assert "Show the system" not in step_of(browser, "provider")

    def test_a_list_that_was_read_shows_that_it_is_reached(self, browser, real, ada, sandbox):
        desk = store_token(ada, sandbox)
        assert states(browser)["provider"] == OPEN
        desk.views()
        assert states(browser)["provider"] == DONE
        assert "Its lists were last read just now" in page_of(browser)

    def test_a_provider_that_is_away_is_shown_with_the_reason(self, browser, real, ada, sandbox):
        desk = store_token(ada, sandbox)
        desk.views()
        cached = readings.load(desk.token.fingerprint)
        cached.error = "unreachable"
        readings.save(desk.token.fingerprint, cached)
        assert states(browser)["provider"] == BROKEN
        assert "The provider cannot be reached" in page_of(browser)

    def test_a_refused_token_is_an_answer(self, browser, real, ada, sandbox):
        desk = store_token(ada, sandbox)
        desk.views()
        cached = readings.load(desk.token.fingerprint)
        cached.error = "token_refused"
        readings.save(desk.token.fingerprint, cached)
        assert states(browser)["provider"] == DONE

    def test_looking_at_the_guide_asks_the_provider_nothing(self, browser, real, ada, http_sandbox, settings):
        settings.SNAPPORTAL_API_URL = http_sandbox.url
        store_token(ada, http_sandbox.sandbox)
        browser.get(reverse("setup_detail"))
        assert http_sandbox.calls == []


class TestToken:
    def test_one_that_was_accepted(self, browser, ada, sandbox):
        store_token(ada, sandbox)
        assert states(browser)["token"] == DONE

    def test_one_that_was_never_accepted(self, browser, ada, sandbox):
        store_token(ada, sandbox)
        StoredToken.objects.update(checked_at=None)
        assert states(browser)["token"] == BROKEN

    def test_one_that_is_refused_now(self, browser, ada, sandbox):
        store_token(ada, sandbox)
        StoredToken.objects.update(refused_at=timezone.now())
        assert states(browser)["token"] == BROKEN


class TestPeople:
    def test_an_invitation_is_enough(self, browser, ada):
        person = User(username="nora", name="Nora", role=Role.VIEWER)
        people.invite(person, actor=actor_of(ada))
        assert states(browser)["people"] == DONE

    def test_whoever_is_deactivated_does_not_count(self, browser, bo):
        User.objects.filter(pk=bo.pk).update(is_active=False)
        assert states(browser)["people"] == OPEN

    def test_a_service_account_is_nobody(self, browser, ada):
        add_service_account(
            User(username="script", name="Script", role=Role.VIEWER), keeper=ada, actor=actor_of(ada)
        )
        assert states(browser)["people"] == OPEN


class TestFactors:
    def test_every_admin_needs_one(self, browser, ada, clock):
        give_app(ada, clock)
        assert states(browser)["factors"] == DONE
        User.objects.create_user(username="eva", password="x", name="Eva", role=Role.ADMIN)
        page = browser.get(reverse("setup_detail"))
        assert "1 admin signs in with a password alone" in text_of(page)
        assert reverse("security_detail") in page.text

    def test_who_lacks_one_is_led_to_the_own_ones(self, browser):
        assert reverse("factor_list") in browser.get(reverse("setup_detail")).text

    def test_a_set_up_that_was_not_confirmed_is_none(self, browser, ada):
        authenticator.begin_set_up(ada)
        assert states(browser)["factors"] == OPEN

    def test_the_others_may_go_without(self, browser, ada, bo, clock):
        give_app(ada, clock)
        assert states(browser)["factors"] == DONE

    def test_without_passwords_only_the_emergency_accounts_count(self, browser, ada, settings):
        settings.SNAPPORTAL_PASSWORD_SIGN_IN = False
        assert states(browser)["factors"] == DONE
        settings.SNAPPORTAL_BREAK_GLASS = frozenset({"ada"})
        assert states(browser)["factors"] == OPEN


class TestNotifications:
    def test_a_message_must_have_gone_through(self, browser):
        deliver_something()
        assert states(browser)["notifications"] == DONE
        Delivery.objects.update(state=DeliveryState.GIVEN_UP)
        assert states(browser)["notifications"] == OPEN
        assert "Nothing was delivered yet" in page_of(browser)

    def test_without_a_way_out_it_says_so(self, browser):
        deliver_something()
        Target.objects.all().delete()
        assert states(browser)["notifications"] == OPEN
        assert "No message can leave the portal" in page_of(browser)


def test_a_schedule_counts_while_it_is_active(browser, ada, sandbox):
    define(store_token(ada, sandbox))
    assert states(browser)["schedule"] == DONE
    Schedule.objects.update(state=State.PAUSED)
    assert states(browser)["schedule"] == OPEN


def test_an_anchor_in_the_own_data_folder_is_not_enough(browser, settings):
    assert "It was never anchored" in page_of(browser)
    journal.record(EntryData(action="audit.anchor"))
    assert states(browser)["anchor"] == "Optional"
    assert "data folder only" in page_of(browser)
    settings.SNAPPORTAL_ANCHOR_URL = "https://example.com/anchors"
    assert states(browser)["anchor"] == DONE
    settings.SNAPPORTAL_ANCHOR_URL, settings.SNAPPORTAL_ANCHOR_FILE = "", "/elsewhere/anchors.jsonl"
    assert states(browser)["anchor"] == DONE


def test_all_admins_see_the_same_states(browser, ada, real, sandbox, clock, signed_in):
    set_up(ada, sandbox, clock)
    eva = User.objects.create_user(username="eva", password="x", name="Eva", role=Role.ADMIN)
    assert states(browser) == states(signed_in(eva))
