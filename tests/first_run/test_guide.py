"""Where the guide is shown and to whom, how it ends, and what is recorded of it."""

import re

import pytest
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from snapportal.accounts.models import Role, User
from snapportal.first_run.models import Mark, SetupMark
from snapportal.first_run.service import OVER_KEY, unfinished_guide
from snapshots.audit.models import Entry
from snapshots.schedules.models import Schedule
from snapshots.vault.models import StoredToken
from tests.first_run.conftest import card_of, set_up, states, store_token
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db


def actions() -> list[tuple[str, str, str]]:
    rows = Entry.objects.filter(action__startswith="setup.").order_by("sequence")
    return [(row.action, row.code, row.actor_name) for row in rows]


def say(browser, step: str, wish: str):
    return browser.post(reverse("setup_mark"), {"step": step, "wish": wish})


class TestByHand:
    def test_the_backup_is_confirmed_by_an_admin_and_recorded_with_who_and_when(self, browser):
        assert say(browser, "backup", "confirm").status_code == 302
        assert states(browser)["backup"] == "Done"
        assert "Confirmed by Ada just now" in text_of(browser.get(reverse("setup_detail")))
        assert actions() == [("setup.confirm", "setup_backup", "Ada")]

    def test_it_can_be_taken_back(self, browser):
        say(browser, "backup", "confirm")
        say(browser, "backup", "withdraw")
        assert states(browser)["backup"] == "To do"
        assert [one[0] for one in actions()] == ["setup.confirm", "setup.withdraw"]

    def test_a_second_time_nothing_is_written(self, browser):
        for wish in ("confirm", "confirm", "withdraw", "withdraw"):
            say(browser, "backup", wish)
        assert [one[0] for one in actions()] == ["setup.confirm", "setup.withdraw"]

    def test_who_works_alone_says_so(self, browser):
        say(browser, "alone", "confirm")
        assert states(browser)["people"] == "Done"
        assert ("setup.confirm", "setup_alone", "Ada") in actions()

    def test_with_other_people_nobody_is_asked_about_it(self, browser, bo):
        assert "I work alone" not in browser.get(reverse("setup_detail")).text

    def test_who_is_not_alone_cannot_say_so_and_that_is_recorded(self, browser, bo):
        say(browser, "alone", "confirm")
        assert not SetupMark.objects.exists()
        (row,) = Entry.objects.filter(action="setup.confirm")
        assert (row.code, row.result) == ("setup_alone", "refused")
        assert "1 other person can sign in, or is invited" in text_of(browser.get(reverse("setup_detail")))
        assert "That is recorded" not in text_of(browser.get(reverse("setup_detail")))

    def test_the_refusal_says_how_many_others_there_are(self, browser, bo):
        answer = browser.post(reverse("setup_mark"), {"step": "alone", "wish": "confirm"}, follow=True)
        assert "That is recorded" not in text_of(answer)
        assert text_of(answer).count("1 other person can sign in, or is invited") == 2

    def test_whoever_said_it_can_take_it_back_when_others_have_come(self, browser, ada):
        say(browser, "alone", "confirm")
        User.objects.create_user(username="bo", password="x", name="Bo", role=Role.MANAGER)
        assert "I do not work alone" in browser.get(reverse("setup_detail")).text
        say(browser, "alone", "withdraw")
        assert not SetupMark.objects.exists()
        assert "I do not work alone" not in browser.get(reverse("setup_detail")).text

    @pytest.mark.parametrize("step", ["finished", "tried", "provider", ""])
    def test_what_can_be_found_out_cannot_be_confirmed(self, browser, step):
        assert say(browser, step, "confirm").status_code == 400
        assert not SetupMark.objects.exists()
        assert actions() == []

    def test_an_erased_admin_is_not_named_any_more(self, browser, ada):
        say(browser, "backup", "confirm")
        User.objects.filter(pk=ada.pk).update(name="", username="erased-9")
        assert "Confirmed by Ada" not in text_of(browser.get(reverse("setup_detail")))


class TestEnd:
    def test_it_goes_away_when_all_is_done(self, browser, ada, real, sandbox, clock):
        set_up(ada, sandbox, clock)
        assert "This portal is set up" in card_of(browser)
        assert card_of(browser) == ""
        assert actions() == [("setup.finish", "", "")]
        assert "All steps were done for the first time" in text_of(browser.get(reverse("setup_detail")))

    def test_it_does_not_come_back_when_something_ends_later(self, browser, ada, real, sandbox, clock):
        set_up(ada, sandbox, clock)
        card_of(browser)
        Schedule.objects.all().delete()
        assert card_of(browser) == ""
        assert states(browser)["schedule"] == "To do"

    def test_the_optional_step_does_not_hold_it_up(self, browser, ada, real, sandbox, clock):
        set_up(ada, sandbox, clock)
        assert states(browser)["anchor"] == "Optional"
        assert SetupMark.objects.filter(pk=Mark.FINISHED).exists()

    def test_one_step_that_is_missing_keeps_it(self, browser, ada, real, sandbox, clock):
        set_up(ada, sandbox, clock)
        SetupMark.objects.filter(pk=Mark.BACKUP).delete()
        assert "6 of 7 done Next: Back up the portal itself" in card_of(browser)
        assert actions() == []

    def test_with_the_sandbox_it_ends_without_the_provider(self, browser, ada, sandbox, clock):
        set_up(ada, sandbox, clock)
        assert "This portal is set up" in card_of(browser)
        assert card_of(browser) == ""
        assert actions() == [("setup.finish", "", "")]

    def test_with_a_real_provider_it_comes_back_until_that_is_reached(
        self, browser, ada, sandbox, clock, settings
    ):
        set_up(ada, sandbox, clock)
        card_of(browser)
        assert unfinished_guide(ada) is None
        caches["html"].delete(OVER_KEY)  # the portal is started again
        settings.SANDBOX = False
        StoredToken.objects.update(fingerprint="0" * 16)  # another token, which was not read with yet
        found = unfinished_guide(ada)
        assert (found.next.key, found.done, len(found.needed)) == ("provider", 6, 7)

    def test_a_log_that_cannot_be_written_keeps_no_page_from_being_shown(
        self, browser, ada, real, sandbox, clock, settings
    ):
        set_up(ada, sandbox, clock)
        settings.SNAPPORTAL_AUDIT_KEYS = {}
        assert "This portal is set up" in card_of(browser)
        assert not SetupMark.objects.filter(pk=Mark.FINISHED).exists()


class TestHiding:
    def test_not_now_hides_it_for_this_person_alone(self, browser, signed_in):
        eva = User.objects.create_user(username="eva", password="x", name="Eva", role=Role.ADMIN)
        answer = browser.post(reverse("setup_hide"), {"wish": "hide"}, follow=True)
        assert "The guide is hidden" in text_of(answer)
        assert card_of(browser) == ""
        assert "Set up this portal" in card_of(signed_in(eva))

    def test_it_comes_back_through_the_system_page(self, browser):
        browser.post(reverse("setup_hide"), {"wish": "hide"})
        assert reverse("setup_detail") in browser.get(reverse("system_detail")).text
        assert "Show it above the servers again" in browser.get(reverse("setup_detail")).text
        browser.post(reverse("setup_hide"), {"wish": "show"})
        assert "Set up this portal" in card_of(browser)
        assert [one[0] for one in actions()] == ["setup.hide", "setup.show"]

    def test_twice_is_as_once(self, browser):
        for wish in ("hide", "hide", "show", "show"):
            browser.post(reverse("setup_hide"), {"wish": wish})
        assert [one[0] for one in actions()] == ["setup.hide", "setup.show"]


class TestOthers:
    @pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.MANAGER])
    def test_do_not_see_it_but_learn_how_to_begin(self, ada, signed_in, role):
        person = User.objects.create_user(username="p", password="x", name="P", role=role)
        page = text_of(signed_in(person).get("/"))
        assert "Set up this portal" not in page
        assert "Add a token to start" in page
        assert "Make an API token at the provider's site" in page
        assert "Whom to ask: Ada" in page

    def test_an_admin_is_not_told_to_ask_an_admin(self, browser):
        assert "Whom to ask" not in text_of(browser.get("/"))


def primary_buttons(page: str) -> list[tuple[str, str]]:
    """Address and words of each button that a page names as the main one."""
    main = page.split("<main", 1)[1]
    found = re.findall(r'<a class="button(?: small)? primary" href="([^"]*)"[^>]*>(.*?)</a>', main, re.DOTALL)
    return [(url, re.sub(r"<[^>]*>", "", words).strip()) for url, words in found]


class TestPlace:
    def test_the_first_run_has_one_main_button_which_adds_a_token(self, browser, real):
        page = browser.get("/").text
        assert primary_buttons(page) == [(reverse("token_add"), "Add a token")]
        assert page.count(f'href="{reverse("token_add")}"') == 1
        assert len(re.findall(r"data-main(?!-)", page)) == 1

    def test_where_others_have_tokens_the_own_one_is_the_main_button(self, browser, bo, sandbox, real):
        store_token(bo, sandbox)
        page = browser.get("/").text
        assert "Next: Reach the provider" in card_of(browser)
        assert primary_buttons(page) == [(reverse("token_add"), "Add a token")]

    def test_without_the_guide_the_page_has_the_button_itself(self, browser):
        browser.post(reverse("setup_hide"), {"wish": "hide"})
        assert primary_buttons(browser.get("/").text) == [(reverse("token_add"), "Add a token")]

    def test_above_servers_it_is_one_closed_line_below_what_matters_now(self, browser, ada, sandbox):
        store_token(ada, sandbox).views()
        page = browser.get("/").text
        place = page.index('<section class="card setup folded"')
        assert page.index('id="overview"') < place < page.index('id="results"')
        assert re.match(r"[^>]*>\s*<details>\s*<summary>", page[place:])
        assert primary_buttons(page) == []


class TestCosts:
    def tables(self, browser, path="/") -> tuple[int, int]:
        """How many queries the page takes, and how many of them are about the guide."""
        with CaptureQueriesContext(connection) as seen:
            assert browser.get(path).status_code == 200
        about = [one["sql"] for one in seen if "setup_mark" in one["sql"] or "authenticator" in one["sql"]]
        return len(seen), len(about)

    def test_none_when_it_is_over(self, browser, ada, real, sandbox, clock):
        set_up(ada, sandbox, clock)
        for _time in range(3):
            self.tables(browser)
        assert self.tables(browser)[1] == 0

    def test_none_for_others(self, bo, sandbox, signed_in):
        store_token(bo, sandbox)
        assert self.tables(signed_in(bo))[1] == 0

    def test_none_on_other_pages(self, browser):
        assert self.tables(browser, reverse("system_detail"))[1] == 0

    def test_one_while_it_is_hidden(self, browser):
        browser.post(reverse("setup_hide"), {"wish": "hide"})
        browser.get("/")
        assert self.tables(browser)[1] == 1

    def test_three_and_one_of_the_cache_while_it_is_shown(self, browser, ada, real, sandbox):
        store_token(ada, sandbox)
        browser.get("/")
        shown = self.tables(browser)[0]
        browser.post(reverse("setup_hide"), {"wish": "hide"})
        browser.get("/")
        assert shown - self.tables(browser)[0] <= 3
