"""Nobody approves a request without meaning to: no link, no scanner of mails, no stolen session and no replayed form does."""

import re
from html import unescape

import pytest
from django.conf import settings as site_settings
from django.test import Client
from django.urls import reverse

from snapportal.accounts.models import User
from snapshots.approvals.models import ApprovalRequest, Decision, State
from snapshots.audit.models import Entry
from snapshots.notifications.models import Event
from snapshots.notifications.pages import page_path
from snapshots.operations.models import Operation
from tests.conftest import PASSWORD
from tests.support.desk import make_desk
from tests.support.notifying import read_log
from tests.support.pages import hidden, text_of
from tests.support.policies import place, wish
from tests.support.second_factors import type_password

pytestmark = pytest.mark.django_db
PREFETCHES = (
    {},
    {"Sec-Purpose": "prefetch"},
    {"Sec-Purpose": "prefetch;prerender"},
    {"Purpose": "prefetch"},
    {"X-Moz": "prefetch"},
)
STEPS = ("approve", "break_glass", "deny", "withdraw")


@pytest.fixture
def asked(cast, desk, view, sandbox) -> ApprovalRequest:
    """Mia's. The admin, who may approve it, sees the server."""
    place(cast.ada, view)
    read_log()  # events are what is written from now on
    asked = wish(desk, view)()
    make_desk(cast.ada, sandbox.token).views()
    return asked


@pytest.fixture
def url(asked) -> str:
    return reverse("request_detail", args=[asked.pk])


@pytest.fixture(autouse=True)
def nothing_was_decided():
    """In none of these tests."""
    yield
    assert not Decision.objects.exists()
    assert not Operation.objects.exists()
    assert {one.state for one in ApprovalRequest.objects.all()} == {State.WAITING}
    assert not Entry.objects.filter(action__startswith="approval.", result="completed").exclude(
        action="approval.request"
    )


class TestOpening:
    """What a scanner of mails, a browser that fetches ahead, or a click does."""

    def addresses(self, browser: Client, url: str) -> set[str]:
        """Those in messages, and all on the page of the request, with what its forms send."""
        read_log()
        told = {page_path(one) for one in Event.objects.all()}
        page = browser.get(url).text
        found = {unescape(one) for one in re.findall(r'(?:href|action|hx-get)="(/[^"]*)"', page)}
        return told | found | {f"{url}?step={step}&reason=r" for step in STEPS}

    @pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
    def test_no_address_decides_anything_whatever_opens_it(self, signed_in, cast, asked, url, method):
        browser = signed_in(cast.ada)
        found = self.addresses(browser, url)
        assert url in found
        for address in found:
            for headers in PREFETCHES if address.startswith(url) else PREFETCHES[1:2]:
                browser.generic(method, address, headers=headers)
            if address.startswith(url):
                Client().generic(method, address)

    def test_a_message_holds_no_address_but_that_of_the_page(self, asked, url):
        read_log()
        told = {page_path(one) for one in Event.objects.filter(action__startswith="approval.")}
        assert told == {url}


class TestAForwardedLink:
    @pytest.mark.parametrize("step", STEPS)
    def test_is_a_sign_in_for_whoever_has_none(self, url, step):
        for answer in (Client().get(url), Client().post(url, {"step": step, "reason": "r"})):
            assert answer.status_code == 302
            assert answer["Location"].startswith(reverse("sign_in"))

    @pytest.mark.parametrize(("name", "status"), [("omar", 409), ("vera", 409), ("max", 404), ("aron", 403)])
    @pytest.mark.parametrize("step", STEPS)
    def test_is_of_no_use_to_whoever_may_not_do_it_or_does_not_see_the_server(
        self, cast, max_, sandbox, signed_in, url, name, status, step
    ):
        person = User.objects.get(username=name)
        if status == 409:
            make_desk(person, sandbox.token).views()
        answer = signed_in(person).post(url, {"step": step, "reason": "r"})
        assert answer.status_code == status


class TestAStolenSession:
    @pytest.fixture
    def stolen(self, cast, settings, clock, asked) -> Client:
        """Taken before its person proved anew who she is: the browser of the thief has no cookie of that proof."""
        settings.SNAPPORTAL_STEP_UP_MINUTES = 10
        hers = type_password(cast.ada)[0]
        thief = Client()
        thief.cookies[site_settings.SESSION_COOKIE_NAME] = hers.cookies[
            site_settings.SESSION_COOKIE_NAME
        ].value
        clock.shift(11 * 60)
        answer = hers.post(reverse("policy_add"), {"step_up_password": PASSWORD})
        assert answer.status_code == 422, "she is asked for the policy, and not for a proof"
        return thief

    @pytest.mark.parametrize("step", ["approve", "break_glass", "deny"])
    def test_sees_the_request_and_is_asked_for_a_proof(self, stolen, url, step):
        assert stolen.get(url).status_code == 200
        answer = stolen.post(url, {"step": step, "reason": "r"})
        assert answer.status_code == 403
        assert "Confirm that it is you" in text_of(answer)


class TestAForm:
    @pytest.fixture
    def browser(self, cast) -> Client:
        """Of the admin, with the checks of a browser."""
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(cast.ada)
        return browser

    @pytest.mark.parametrize("origin", ["https://evil.example", "null"])
    def test_of_a_foreign_site_is_refused_even_with_a_right_token(self, browser, url, origin):
        token = hidden(browser.get(url), "csrfmiddlewaretoken")
        sent = {"step": "approve", "csrfmiddlewaretoken": token}
        assert browser.post(url, sent, headers={"Origin": origin}).status_code == 403

    def test_without_a_token_is_refused(self, browser, url):
        assert browser.post(url, {"step": "approve"}).status_code == 403

    def test_that_is_sent_again_after_the_sign_out_is_a_sign_in(self, cast, browser, url):
        token = hidden(browser.get(url), "csrfmiddlewaretoken")
        cookies = browser.cookies.copy()
        browser.post(reverse("sign_out"), {"csrfmiddlewaretoken": token})
        browser.cookies = cookies
        answer = browser.post(url, {"step": "approve", "csrfmiddlewaretoken": token})
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("sign_in"))

    def test_of_a_page_of_another_session_loads_the_page_anew(self, cast, signed_in, url):
        """The page was open when somebody signed in with this browser."""
        browser = signed_in(cast.ada)
        page = browser.get(url).text
        mark = re.search(r'data-session="(\w+)"', page)
        assert mark
        browser.logout()
        browser.force_login(cast.ada)
        answer = browser.post(url, {"step": "approve"}, headers={"X-Session": mark.group(1)})
        assert answer["HX-Refresh"] == "true"

    @pytest.mark.parametrize("sent", [{}, {"step": ""}, {"step": "APPROVE"}, {"step": "approve "}])
    def test_without_a_step_decides_nothing(self, cast, signed_in, url, sent):
        assert signed_in(cast.ada).post(url, sent).status_code == 200
