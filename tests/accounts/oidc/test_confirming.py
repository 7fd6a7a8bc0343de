"""Confirming at the identity provider: asked anew there, by the same person, in the same session; then the form is sent."""

import time

import pytest
from django.test import Client
from django.urls import reverse

from snapportal.accounts.models import User
from snapportal.accounts.oidc import confirming
from snapportal.accounts.session_models import PersonSession
from snapshots.audit.models import Entry
from snapshots.operations.models import Operation
from tests.accounts.oidc.conftest import sign_on
from tests.accounts.test_step_up import delete_form, hidden
from tests.conftest import PASSWORD
from tests.support.identity_provider import IdentityProvider


@pytest.fixture
def mia(idp, desk, clock, settings) -> Client:
    """A manager without a password, who came through the provider eleven minutes ago."""
    settings.SNAPPORTAL_STEP_UP_MINUTES = 10
    user = User.objects.get(pk=desk.user.pk)
    user.set_unusable_password()
    user.save()
    browser = Client()
    assert sign_on(idp, browser).status_code == 302
    clock.shift(660)
    return browser


def leave(browser: Client, url: str, form: dict[str, str]) -> str:
    """Post the form, then what the page that asks offers: the address at the provider."""
    asked = browser.post(url, form)
    assert asked.status_code == 403
    assert "Confirm at the identity provider" in asked.text
    answer = browser.post(reverse("sso_confirm"), hidden(asked.text))
    assert answer.status_code == 200, answer.text
    return answer["Refresh"].removeprefix("0; url=")


def come_back(idp: IdentityProvider, browser: Client, url: str, form: dict[str, str]):
    return browser.get(idp.authorize(leave(browser, url, form)))


def refused(answer, text: str, status: int = 403) -> None:
    assert answer.status_code == status, answer.text
    assert text in answer.text
    assert not Operation.objects.exists()
    assert Entry.objects.latest("sequence").action == "person.prove"
    assert Entry.objects.latest("sequence").result == "refused"


def test_after_it_the_form_is_sent_with_a_button(idp, mia, desk):
    url, form = delete_form(desk)
    answer = come_back(idp, mia, url, form)
    assert answer.status_code == 302
    assert (idp.asked[-1]["prompt"], idp.asked[-1]["max_age"]) == ("login", "0")
    page = mia.get(answer["Location"])
    assert "Nothing was sent yet" in page.text
    assert not Operation.objects.exists()
    assert hidden(page.text) == form
    assert f'action="{url}"' in page.text
    sent = mia.post(url, hidden(page.text))
    operation = Operation.objects.get()
    assert sent["Location"] == reverse("operation_detail", args=[operation.pk])
    assert operation.reason == form["reason"]
    (proof,) = Entry.objects.filter(action="person.prove")
    assert (proof.code, proof.target, proof.evidence) == (
        "single_sign_on",
        url,
        f"single sign-on, {idp.url}",
    )


def test_no_password_is_asked_of_somebody_without_one(idp, mia, desk):
    assert "step_up_password" not in mia.post(*delete_form(desk)).text


def test_where_passwords_are_off_a_stored_one_proves_nothing(idp, mia, desk, settings):
    user = User.objects.get(pk=desk.user.pk)
    user.set_password(PASSWORD)
    user.save()
    browser = Client()
    browser.force_login(user)
    PersonSession.objects.update(proven_at=user.created_at)
    url, form = delete_form(desk)
    assert "step_up_password" in browser.post(url, form).text
    settings.SNAPPORTAL_PASSWORD_SIGN_IN = False
    assert "step_up_password" not in browser.post(url, form).text
    assert browser.post(url, form | {"step_up_password": PASSWORD}).status_code == 403
    assert not Operation.objects.exists()


def test_a_made_up_field_proves_nothing(idp, mia, desk):
    url, form = delete_form(desk)
    assert mia.post(url, form | {"step_up_single_sign_on": "x"}).status_code == 403
    assert not Operation.objects.exists()


def test_somebody_else_there_confirms_nothing(idp, mia, desk):
    back = idp.authorize(leave(mia, *delete_form(desk)))
    idp.states["sub"] = "subject-2"
    refused(mia.get(back), "Somebody else is signed in")


def test_a_provider_that_did_not_ask_again_confirms_nothing(idp, mia, desk):
    for auth_time in (int(time.time()) - 700, None, "now", True):
        idp.changes = {"auth_time": auth_time}
        answer = come_back(idp, mia, *delete_form(desk))
        assert answer.status_code == 403
        assert "did not ask you again" in answer.text
    idp.changes = {"auth_time": int(time.time()) - 20}
    assert come_back(idp, mia, *delete_form(desk)).status_code == 302


def test_it_confirms_nothing_in_another_session(idp, mia, desk):
    back = idp.authorize(leave(mia, *delete_form(desk)))
    other = Client()
    other.force_login(User.objects.get(pk=desk.user.pk))
    other.cookies["__Host-sso"] = mia.cookies["__Host-sso"].value
    PersonSession.objects.filter(session_key=other.session.session_key).update(proven_at=desk.user.created_at)
    assert other.get(back).status_code == 400
    assert other.post(*delete_form(desk)).status_code == 403


def test_an_answer_without_the_session_signs_nobody_in(idp, mia, desk):
    back = idp.authorize(leave(mia, *delete_form(desk)))
    nobody = Client()
    nobody.cookies["__Host-sso"] = mia.cookies["__Host-sso"].value
    assert nobody.get(back).status_code == 400
    assert "__Host-session" not in nobody.cookies


def test_a_page_that_asks_before_it_is_shown_is_opened(idp, mia, desk):
    url = reverse("token_add")
    asked = mia.get(url)
    answer = mia.post(reverse("sso_confirm"), hidden(asked.text))
    back = mia.get(idp.authorize(answer["Refresh"].removeprefix("0; url=")))
    assert back["Location"] == url
    assert 'name="token"' in mia.get(url).text


def test_no_secret_is_kept_meanwhile(idp, mia, desk):
    secret = "a-token-that-must-not-be-kept-0123"
    url = reverse("token_add")
    asked = mia.post(url, {"label": "Team 2", "token": secret})
    answer = mia.post(reverse("sso_confirm"), hidden(asked.text) | {"token": secret})
    assert secret not in str(dict(mia.session.items()))
    mia.get(idp.authorize(answer["Refresh"].removeprefix("0; url=")))
    assert "Enter the secret again" in mia.get(url).text


@pytest.mark.parametrize(
    "target",
    [
        "",
        "/",
        "/account/",
        "https://evil.example/",
        "//evil.example/people/add/",
        "/nothing/",
        "/people/add/\n",
        "/people/add/?x=\ny",
    ],
)
def test_a_form_goes_nowhere_else(idp, mia, target):
    answer = mia.post(reverse("sso_confirm"), {"step_up_target": target})
    assert answer.status_code == 400
    assert confirming.KEY not in mia.session


def test_a_form_that_is_too_long_is_not_kept(idp, mia, desk):
    url, form = delete_form(desk)
    answer = mia.post(reverse("sso_confirm"), form | {"step_up_target": url, "reason": "x" * 70_000})
    assert answer.status_code == 400
    assert "too long" in answer.text


def test_what_waited_too_long_is_gone(idp, mia, desk, clock):
    answer = come_back(idp, mia, *delete_form(desk))
    assert mia.get(reverse("sso_confirmed", args=["another"])).status_code == 400
    clock.shift(1300)
    assert mia.get(answer["Location"]).status_code == 400


def test_another_person_cannot_see_what_waits(idp, mia, desk, cast):
    answer = come_back(idp, mia, *delete_form(desk))
    other = Client()
    other.force_login(cast.ada)
    assert other.get(answer["Location"]).status_code == 400


def test_an_outage_loses_nothing_and_says_the_way_back(idp, mia, desk):
    url, form = delete_form(desk)
    back = idp.authorize(leave(mia, url, form))
    idp.override = lambda path: (500, b"{}")
    answer = mia.get(back)
    assert answer.status_code == 503
    assert f'href="{url}"' in answer.text
    assert "Try again" not in answer.text
    assert not Operation.objects.exists()


def test_a_form_of_another_site_confirms_nothing(idp, mia, desk):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = mia.cookies
    assert strict.post(reverse("sso_confirm"), {"step_up_target": "/people/add/"}).status_code == 403


@pytest.mark.parametrize(("methods", "expected"), [(["pwd"], False), (["pwd", "otp"], True)])
def test_a_second_factor_there_counts_for_the_session(idp, mia, desk, methods, expected):
    idp.changes = {"amr": methods}
    assert come_back(idp, mia, *delete_form(desk)).status_code == 302
    assert PersonSession.objects.get(pk=mia.session.session_key).has_second_factor is expected


@pytest.mark.parametrize(
    ("ago", "status"), [(700, 403), (500, 302), (-20, 302), (None, 302), (float("inf"), 302), (10**12, 302)]
)
def test_a_sign_in_is_as_recent_a_proof_as_the_provider_says(idp, mia, desk, ago, status):
    """Somebody whose session at the provider is old was not asked there; a time that makes no sense says nothing."""
    idp.changes = {"auth_time": None if ago is None else time.time() - ago if ago < 10**12 else ago}
    browser = Client()
    assert sign_on(idp, browser).status_code == 302
    assert browser.post(*delete_form(desk)).status_code == status
