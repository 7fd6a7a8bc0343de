"""Sessions: listed, ended one by one or together, ended by time; and a new device is told to the person."""

import re

import pytest
from django.conf import settings as django_settings
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from snapportal.accounts.devices import KEPT, device_name
from snapportal.accounts.models import User
from snapportal.accounts.session_models import KnownDevice, PersonSession
from snapshots.audit.models import Entry
from snapshots.notifications.models import Event, Kind, Notification
from tests.conftest import PASSWORD
from tests.support.notifying import read_log

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0 Safari/537.36 Edg/126.0"
)


def sign_in(person: User, agent: str = FIREFOX, client: Client | None = None) -> Client:
    browser = client or Client()
    answer = browser.post(
        reverse("sign_in"),
        {"username": person.username, "password": PASSWORD},
        headers={"User-Agent": agent},
    )
    assert answer.status_code == 302
    return browser


def key_of(browser: Client) -> str:
    return browser.cookies[django_settings.SESSION_COOKIE_NAME].value


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox, Linux"),
        (SAFARI, "Safari, iPhone"),
        (EDGE, "Edge, Windows"),
        ("curl/8.5.0", "curl"),
        ("", ""),
        ("<script>", ""),
    ],
)
def test_a_browser_is_named_by_what_it_says(agent, name):
    assert device_name(agent) == name


class TestList:
    def test_it_shows_device_address_and_times_of_each_and_which_one_this_is(self, cast):
        browser, other = sign_in(cast.mia), sign_in(cast.mia, SAFARI)
        page = browser.get(reverse("session_list")).text
        assert page.index("Firefox, Linux") < page.index("This one") < page.index("Safari, iPhone")
        assert "127.0.0.1" in page
        for one in (browser, other):
            assert key_of(one) not in page

    def test_it_shows_no_session_of_somebody_else(self, cast):
        sign_in(cast.ada, EDGE)
        assert "Edge" not in sign_in(cast.mia).get(reverse("session_list")).text

    def test_a_session_of_a_changed_password_keeps_its_facts(self, cast):
        browser = sign_in(cast.mia)
        before = PersonSession.objects.get()
        new = "another long password"
        form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
        assert browser.post(reverse("account_detail"), form).status_code == 302
        after = PersonSession.objects.get()
        assert after.session_key != before.session_key
        assert (after.device, after.created_at, after.person_id) == (
            before.device,
            before.created_at,
            cast.mia.pk,
        )


class TestEnding:
    def test_one_session_is_ended_and_recorded(self, cast):
        browser, other = sign_in(cast.mia), sign_in(cast.mia, SAFARI)
        session_id = PersonSession.objects.get(pk=key_of(other)).public_id
        browser.post(reverse("session_end"), {"session": session_id})
        assert other.get("/account/").status_code == 302
        assert browser.get("/account/").status_code == 200
        row = Entry.objects.latest("sequence")
        assert (row.action, row.evidence) == ("session.end", "1 ended; “Safari, iPhone”")

    def test_all_others_are_ended(self, cast):
        browser, others = sign_in(cast.mia), [sign_in(cast.mia) for _ in range(3)]
        browser.post(reverse("session_end"))
        assert [one.get("/account/").status_code for one in others] == [302] * 3
        assert browser.get("/account/").status_code == 200

    def test_a_session_of_somebody_else_cannot_be_named(self, cast):
        browser, other = sign_in(cast.mia), sign_in(cast.ada)
        session_id = PersonSession.objects.get(pk=key_of(other)).public_id
        answer = browser.post(reverse("session_end"), {"session": session_id})
        assert [str(one) for one in get_messages(answer.wsgi_request)] == ["That session has ended already."]
        assert other.get("/account/").status_code == 200

    def test_an_admin_ends_all_sessions_of_a_person_and_keeps_the_own(self, cast):
        admin, mia = sign_in(cast.ada), sign_in(cast.mia)
        admin.post(reverse("person_sessions_end", args=[cast.mia.pk]))
        assert mia.get("/account/").status_code == 302
        admin.post(reverse("person_sessions_end", args=[cast.ada.pk]))
        assert admin.get("/account/").status_code == 200


class TestLimits:
    def test_a_session_ends_some_hours_after_sign_in_however_much_it_is_used(self, cast, clock):
        browser = sign_in(cast.mia)
        for _ in range(11):
            clock.shift(3600)
            assert browser.get("/account/").status_code == 200
        clock.shift(3601)
        assert browser.get("/account/").status_code == 302

    def test_a_message_does_not_prolong_it(self, cast, clock, sandbox):
        browser = sign_in(cast.mia)
        for _ in range(4):
            clock.shift(3 * 3600)
            browser.post(reverse("session_end"))  # stores a message in the session
        clock.shift(1)
        assert browser.get("/account/").status_code == 302

    def test_a_session_that_nobody_uses_ends(self, cast, clock, settings):
        settings.SNAPPORTAL_SESSION_IDLE_MINUTES = 30
        browser = sign_in(cast.mia)
        for _ in range(3):
            clock.shift(29 * 60)
            assert browser.get("/account/").status_code == 200
        clock.shift(31 * 60)
        assert browser.get("/account/").status_code == 302

    def test_what_an_open_page_asks_by_itself_does_not_count_as_use(self, cast, clock, settings):
        settings.SNAPPORTAL_SESSION_IDLE_MINUTES = 30
        browser = sign_in(cast.mia)
        for _ in range(3):
            clock.shift(600)
            answer = browser.get("/schedules/", headers={"HX-Request": "true", "X-Version": "none"})
        assert answer.status_code == 200
        clock.shift(60)
        answer = browser.get("/schedules/", headers={"HX-Request": "true", "X-Version": "none"})
        assert reverse("sign_in") in answer["HX-Redirect"]

    def test_the_last_use_is_stored_once_a_minute(self, cast, clock, django_assert_num_queries):
        browser = sign_in(cast.mia)
        browser.get("/account/")
        started = timezone.now()
        clock.shift(59)
        browser.get("/account/")
        assert PersonSession.objects.get().seen_at == started
        clock.shift(2)
        browser.get("/account/")
        assert PersonSession.objects.get().seen_at == timezone.now()


class TestNewDevice:
    def told(self) -> list[int]:
        read_log()
        return list(
            Notification.objects.filter(event__kind=Kind.NEW_DEVICE).values_list("person_id", flat=True)
        )

    @pytest.fixture(autouse=True)
    def cursor(self, cast):
        read_log()

    def test_the_first_device_is_told_to_nobody(self, cast):
        sign_in(cast.mia)
        assert self.told() == []

    def test_another_device_is_told_to_the_person_and_nobody_else(self, cast):
        sign_in(cast.mia)
        sign_in(cast.mia, SAFARI)
        assert self.told() == [cast.mia.pk]
        assert Entry.objects.filter(action="person.sign_in", code="new_device").count() == 1

    def test_an_auditor_is_told_too(self, cast):
        for agent in (FIREFOX, SAFARI):
            sign_in(cast.aron, agent)
        assert self.told() == [cast.aron.pk]

    def test_the_same_browser_is_known_after_signing_out(self, cast):
        browser = sign_in(cast.mia)
        browser.post(reverse("sign_out"))
        sign_in(cast.mia, client=browser)
        assert self.told() == []
        assert KnownDevice.objects.count() == 1

    def test_a_browser_that_two_people_use_is_new_for_the_second_one_only_beside_others(self, cast):
        sign_in(cast.ada, EDGE)
        browser = sign_in(cast.mia)
        browser.post(reverse("sign_out"))
        sign_in(cast.ada, client=browser)
        assert self.told() == [cast.ada.pk]

    def test_its_page_leads_to_the_sessions(self, cast):
        for agent in (FIREFOX, SAFARI):
            browser = sign_in(cast.mia, agent)
        self.told()
        page = browser.get(reverse("notification_list")).text
        assert "signed in as you with a device that was not used before" in page
        assert f'href="{reverse("session_list")}"' in page
        assert Event.objects.get().kind == Kind.NEW_DEVICE

    def test_the_cookie_is_protected_and_only_its_digest_is_stored(self, cast):
        cookie = sign_in(cast.mia).cookies["__Host-device"]
        assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")
        assert re.fullmatch(r"[0-9a-f]{64}", KnownDevice.objects.get().digest)
        assert cookie.value not in KnownDevice.objects.get().digest

    def test_a_failed_sign_in_sets_no_cookie(self, cast):
        answer = Client().post(reverse("sign_in"), {"username": "mia", "password": "wrong"})
        assert "__Host-device" not in answer.cookies

    def test_the_oldest_device_is_forgotten(self, cast):
        for number in range(KEPT):
            KnownDevice.objects.create(
                person=cast.mia, digest=str(number), seen_at=timezone.now() - timezone.timedelta(days=number)
            )
        sign_in(cast.mia)
        assert KnownDevice.objects.count() == KEPT
        assert not KnownDevice.objects.filter(digest=str(KEPT - 1)).exists()
