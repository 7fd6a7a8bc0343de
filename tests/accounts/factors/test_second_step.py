"""The second step of a sign-in: asked for, given, limited; no session of the person exists before."""

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse

from snapportal.accounts import people
from snapportal.accounts.factors import authenticator, code_limit, pending
from snapportal.accounts.factors.models import WrongCode
from snapportal.accounts.models import User
from snapportal.accounts.session_models import PersonSession
from snapshots.audit.models import Entry
from tests.support.actors import actor_of
from tests.support.second_factors import STEP, code_of, give_app, second_step, sign_in, type_password

pytestmark = pytest.mark.django_db


@pytest.fixture
def codes(cast, clock) -> list[str]:
    """Mia has an app; her recovery codes."""
    return give_app(cast.mia, clock)


def newest() -> Entry:
    return Entry.objects.latest("sequence")


def test_the_right_password_opens_nothing_and_the_code_opens_the_page_that_was_wanted(cast, codes):
    browser, answer = type_password(cast.mia, next="/schedules/")
    assert answer["Location"] == reverse("second_factor")
    assert not PersonSession.objects.filter(person_id=cast.mia.pk).exists()
    assert not Entry.objects.filter(action="person.sign_in").exists()
    name = django_settings.SESSION_COOKIE_NAME
    assert browser.cookies[name]["max-age"] == pending.SECONDS
    assert browser.get("/account/").status_code == 302
    assert "Code of your authenticator app" in browser.get(reverse("second_factor")).text
    answer = second_step(browser, totp=code_of(cast.mia))
    assert answer["Location"] == "/schedules/"
    assert browser.cookies[name]["max-age"] == django_settings.SESSION_COOKIE_AGE
    assert browser.get("/account/").status_code == 200
    assert (newest().action, newest().evidence, newest().actor_id) == (
        "person.sign_in",
        "password + authenticator app",
        cast.mia.pk,
    )
    assert PersonSession.objects.get(person_id=cast.mia.pk).has_second_factor


def test_a_person_without_a_factor_is_not_asked(cast, codes):
    browser, answer = type_password(cast.vera)
    assert answer["Location"] == reverse("server_list")
    assert not PersonSession.objects.get(person_id=cast.vera.pk).has_second_factor
    assert browser.get(reverse("second_factor"))["Location"].startswith(reverse("sign_in"))


@pytest.mark.parametrize(("steps", "is_right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_wrong(cast, codes, steps, is_right):
    browser, _answer = type_password(cast.mia)
    second_step(browser, totp=code_of(cast.mia, steps=steps))
    assert (browser.get("/account/").status_code == 200) is is_right


def test_a_code_may_be_typed_with_a_space(cast, codes):
    browser, _answer = type_password(cast.mia)
    code = code_of(cast.mia)
    assert second_step(browser, totp=f" {code[:3]} {code[3:]} ").status_code == 302


def test_a_code_is_good_once_and_no_earlier_one_after_it(cast, codes, clock):
    code, earlier = code_of(cast.mia), code_of(cast.mia, steps=-1)
    for used, status in ((code, 302), (code, 200), (earlier, 200)):
        browser, _answer = type_password(cast.mia)
        assert second_step(browser, totp=used).status_code == status
    clock.shift(STEP)
    assert second_step(browser, totp=code_of(cast.mia)).status_code == 302


def test_a_wrong_code_is_recorded_under_the_persons_name(cast, codes):
    browser, _answer = type_password(cast.mia)
    assert "wrong, or was used already" in second_step(browser, totp="000000").text
    row = newest()
    assert (row.action, row.result, row.code, row.full_target, row.actor_id) == (
        "person.sign_in",
        "refused",
        "wrong_code",
        "mia",
        None,
    )


def test_a_recovery_code_is_good_once_and_the_log_says_how_many_are_left(cast, codes):
    browser, _answer = type_password(cast.mia)
    assert second_step(browser, recovery_code=codes[3].upper().replace("-", " ")).status_code == 302
    used, entered = list(Entry.objects.order_by("sequence"))[-2:]
    assert (used.action, used.actor_id, used.full_target) == ("factor.use_recovery_code", cast.mia.pk, "mia")
    assert entered.evidence == "password + recovery code, 9 left"
    browser, _answer = type_password(cast.mia)
    assert "was used already" in second_step(browser, recovery_code=codes[3]).text
    assert newest().code == "wrong_recovery_code"


def test_all_recovery_codes_are_used_up(cast, codes):
    for number, code in enumerate(codes, 1):
        browser, _answer = type_password(cast.mia)
        assert second_step(browser, recovery_code=code).status_code == 302
        assert f"{10 - number} left" in newest().evidence
    browser, _answer = type_password(cast.mia)
    assert "Use a recovery code" not in browser.get(reverse("second_factor")).text


def test_the_codes_of_somebody_else_are_not_good(cast, codes, clock):
    others = give_app(cast.ada, clock)
    browser, _answer = type_password(cast.mia)
    assert second_step(browser, totp=code_of(cast.ada)).status_code == 200
    assert second_step(browser, recovery_code=others[0]).status_code == 200


class TestLimits:
    def test_after_five_tries_the_password_is_asked_again(self, cast, codes):
        browser, _answer = type_password(cast.mia)
        statuses = [second_step(browser, totp="000000").status_code for _ in range(pending.TRIES)]
        assert statuses == [200] * 4 + [302]
        assert second_step(browser, totp=code_of(cast.mia)).status_code == 302
        assert browser.get("/account/").status_code == 302

    def test_after_five_minutes_too(self, cast, codes, clock):
        browser, _answer = type_password(cast.mia)
        clock.shift(pending.SECONDS + 1)
        assert second_step(browser, totp=code_of(cast.mia))["Location"].startswith(reverse("sign_in"))

    def test_wrong_codes_count_like_wrong_passwords(self, cast, codes):
        for _ in range(2):
            browser, _answer = type_password(cast.mia)
            for _try in range(5):
                second_step(browser, totp="000000")
        assert type_password(cast.mia)[1].status_code == 429

    def test_a_right_password_does_not_clear_what_was_counted(self, cast, codes):
        for _ in range(9):
            browser, _answer = type_password(cast.mia)
            second_step(browser, totp="000000")
        browser, _answer = type_password(cast.mia)
        second_step(browser, totp="000000")
        assert second_step(browser, totp=code_of(cast.mia)).status_code == 429

    def guess_from_many_addresses(self, person: User, tries: int) -> Client:
        for number in range(tries):
            browser = Client(REMOTE_ADDR=f"203.0.113.{number}")
            type_password(person, browser)
            second_step(browser, totp="000000")
        return browser

    def test_codes_of_one_person_are_limited_over_all_addresses_and_the_person_still_gets_in(
        self, cast, codes, clock
    ):
        self.guess_from_many_addresses(cast.mia, 10)
        assert newest().code == "codes_stopped"
        recorded = newest().sequence
        browser, _answer = type_password(cast.mia, Client(REMOTE_ADDR="198.51.100.4"))
        answer = second_step(browser, totp=code_of(cast.mia))
        assert "and other proofs now" in answer.text
        assert newest().sequence == recorded  # guessing on does not fill the log
        assert second_step(browser, recovery_code=codes[0]).status_code == 302
        clock.shift(15 * 60 + 1)
        sign_in(cast.mia)

    def test_a_day_has_a_limit_of_its_own_that_a_sign_in_does_not_clear(self, cast, codes, clock):
        for _ in range(5):
            self.guess_from_many_addresses(cast.mia, 10)
            clock.shift(16 * 60)
        assert code_limit.minutes_to_wait(cast.mia) > 22 * 60
        assert code_limit.minutes_to_wait(cast.ada) == 0

    def test_of_many_codes_at_once_no_more_than_allowed_are_looked_at(self, cast, codes, monkeypatch):
        looked_at = []
        use = authenticator.use

        def look(row, typed):
            looked_at.append(typed)
            if len(looked_at) < 30:  # the next request begins before this one has ended
                browser, _answer = type_password(cast.mia, Client(REMOTE_ADDR=f"203.0.113.{len(looked_at)}"))
                second_step(browser, totp="000000")
            return use(row, typed)

        monkeypatch.setattr(authenticator, "use", look)
        self.guess_from_many_addresses(cast.mia, 1)
        assert len(looked_at) == 10

    def test_right_codes_are_not_counted(self, cast, codes):
        sign_in(cast.mia)
        assert not WrongCode.objects.exists()


class TestPending:
    def test_a_new_password_ends_it(self, cast, codes):
        browser, _answer = type_password(cast.mia)
        people.change_password(cast.mia, "another long password", actor=actor_of(cast.mia))
        assert second_step(browser, totp=code_of(cast.mia))["Location"].startswith(reverse("sign_in"))

    def test_a_deactivation_ends_it(self, cast, codes):
        browser, _answer = type_password(cast.mia)
        User.objects.filter(pk=cast.mia.pk).update(is_active=False)
        assert second_step(browser, totp=code_of(cast.mia))["Location"].startswith(reverse("sign_in"))

    def test_the_key_of_the_session_before_and_of_the_step_between_open_nothing_afterwards(self, cast, codes):
        name = django_settings.SESSION_COOKIE_NAME
        browser, _answer = type_password(cast.mia)
        stolen = browser.cookies[name].value
        thief = Client()
        thief.cookies[name] = stolen
        assert thief.get("/account/").status_code == 302
        second_step(browser, totp=code_of(cast.mia))
        assert thief.get("/account/").status_code == 302
        assert thief.get(reverse("second_factor")).status_code == 302
        type_password(cast.ada, thief)
        assert thief.cookies[name].value != stolen

    def test_each_right_password_begins_a_session_with_another_key(self, cast, codes):
        """Somebody may have put a known key into the browser before."""
        browser, _answer = type_password(cast.mia)
        before = browser.cookies[django_settings.SESSION_COOKIE_NAME].value
        type_password(cast.mia, browser)
        assert browser.cookies[django_settings.SESSION_COOKIE_NAME].value != before
        assert not PersonSession.objects.filter(pk=before).exists()

    def test_what_is_asked_meanwhile_does_not_prolong_it(self, cast, codes, clock):
        browser, _answer = type_password(cast.mia)
        clock.shift(pending.SECONDS - 60)
        browser.get(reverse("passkey_options"), {"known": ""})
        second_step(browser, totp="000000")
        clock.shift(61)
        assert second_step(browser, totp=code_of(cast.mia))["Location"].startswith(reverse("sign_in"))

    def test_it_holds_no_password_and_is_of_nobody(self, cast, codes):
        type_password(cast.mia)
        row = PersonSession.objects.get()
        assert row.person_id is None
        assert "correct horse" not in str(row.get_decoded())

    def test_ended_ones_are_deleted_with_the_next(self, cast, codes, clock):
        for _ in range(3):
            type_password(cast.mia)
        clock.shift(pending.SECONDS + 1)
        type_password(cast.mia)
        assert PersonSession.objects.filter(person_id=None).count() == 1

    def test_an_invitation_asks_for_it_too(self, cast, codes):
        key = people.renew_invitation(cast.mia, actor=actor_of(cast.ada))
        new = "another long password"
        browser = Client()
        answer = browser.post(
            reverse("invitation_accept", args=[key]), {"new_password1": new, "new_password2": new}
        )
        assert answer["Location"] == reverse("second_factor")
        second_step(browser, totp=code_of(cast.mia))
        assert newest().evidence == "invitation + authenticator app"


def test_nothing_is_opened_if_the_log_cannot_be_written(cast, codes, settings):
    browser, _answer = type_password(cast.mia)
    settings.SNAPPORTAL_AUDIT_KEYS = {}
    assert second_step(browser, totp=code_of(cast.mia)).status_code == 503
    assert browser.get("/account/").status_code == 302
