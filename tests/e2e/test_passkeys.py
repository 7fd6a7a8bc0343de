"""Chromium's virtual authenticator makes passkeys and uses them: as second factor, without a password, and as a proof."""

from urllib.parse import parse_qs

import pytest
from django.urls import reverse
from playwright.sync_api import CDPSession, Page, expect

from snapportal.accounts.factors.models import Passkey, RecoveryCode
from snapportal.accounts.session_models import PersonSession
from snapshots.audit.models import Entry
from tests.conftest import PASSWORD
from tests.e2e.browsing import Site, fill_sign_in, sign_in
from tests.e2e.tours_factors import give_all
from tests.support.second_factors import code_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class Key:
    """A virtual authenticator in a page's browser."""

    def __init__(self, page: Page, *, verifies: bool = True) -> None:
        self.session: CDPSession = page.context.new_cdp_session(page)
        self.session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": verifies,
            "automaticPresenceSimulation": True,
        }
        self.id = self.session.send("WebAuthn.addVirtualAuthenticator", {"options": options})[
            "authenticatorId"
        ]

    def credentials(self) -> list[dict]:
        return self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.id})["credentials"]

    def add(self, credential: dict) -> None:
        self.session.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": credential})

    def verifies(self, is_verified: bool) -> None:
        self.session.send(
            "WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": is_verified}
        )


def add_passkey(page: Page, name: str = "This laptop") -> None:
    page.goto(reverse("passkey_add"))
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("main")).to_contain_text("Your recovery codes")


@pytest.fixture
def mia(site: Site, cast, sandbox) -> Page:
    """A page in which Mia has signed in and added a passkey."""
    page = site.page()
    page.key = Key(page)
    sign_in(page, "mia", PASSWORD)
    add_passkey(page)
    return page


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Use a passkey")).to_be_visible()


def evidence() -> str:
    return Entry.objects.filter(action="person.sign_in", result="completed").latest("sequence").evidence


def test_a_passkey_is_made_and_is_the_second_factor(mia, cast):
    row = Passkey.objects.get()
    assert (row.person_id, row.name, row.host) == (cast.mia.pk, "This laptop", "localhost")
    assert PersonSession.objects.get(person_id=cast.mia.pk).has_second_factor
    assert RecoveryCode.objects.count() == 10
    sign_out(mia)
    fill_sign_in(mia, "mia", PASSWORD)
    expect(mia.get_by_role("heading", name="Your second factor")).to_be_visible()
    mia.get_by_role("button", name="Use a passkey").click()
    expect(mia.get_by_role("button", name="Sign out")).to_be_visible()
    assert evidence() == "password + passkey"
    assert Passkey.objects.get().sign_count > row.sign_count
    assert Passkey.objects.get().last_used_at is not None


def test_a_passkey_signs_in_without_a_password_and_opens_the_page_that_was_wanted(mia, cast):
    sign_out(mia)
    mia.goto("/schedules/")
    mia.get_by_role("button", name="Use a passkey").click()
    expect(mia.get_by_role("button", name="Sign out")).to_be_visible()
    assert mia.url.endswith("/schedules/")
    assert "sign-in" not in mia.url
    assert evidence() == "passkey"
    assert PersonSession.objects.get(person_id=cast.mia.pk).has_second_factor


def answer_without_verification(page: Page) -> None:
    """The browser asks for no verification of the user, whatever the portal demands: as a changed browser would."""
    page.key.verifies(False)
    page.evaluate(
        """() => {
          const get = navigator.credentials.get.bind(navigator.credentials);
          navigator.credentials.get = (options) =>
            get({ publicKey: { ...options.publicKey, userVerification: "discouraged" } });
        }"""
    )


def test_without_verification_of_the_user_a_passkey_is_refused_as_the_only_proof(mia):
    sign_out(mia)
    answer_without_verification(mia)
    mia.get_by_role("button", name="Use a passkey").click()
    expect(mia.get_by_role("alert").filter(has_text="Sign-in failed")).to_contain_text(
        "did not check that it is you"
    )
    row = Entry.objects.latest("sequence")
    assert (row.action, row.result, row.code) == ("person.sign_in", "refused", "passkey_unverified")
    assert not PersonSession.objects.exclude(person_id=None).exists()


def test_a_copy_of_an_authenticator_is_noticed_by_its_counter(mia, cast):
    Passkey.objects.update(sign_count=1000)
    sign_out(mia)
    mia.get_by_role("button", name="Use a passkey").click()
    expect(mia.get_by_role("alert").filter(has_text="Sign-in failed")).to_be_visible()
    assert Entry.objects.latest("sequence").code == "passkey_copied"
    assert Passkey.objects.get().sign_count == 1000


def test_a_removed_passkey_opens_nothing(mia, cast):
    mia.goto(reverse("factor_list"))
    mia.get_by_role("link", name="Remove").click()
    mia.get_by_role("button", name="Remove").click()
    expect(mia.get_by_role("main")).to_contain_text("It is removed")
    sign_out(mia)
    mia.get_by_role("button", name="Use a passkey").click()
    expect(mia.get_by_role("alert").filter(has_text="Sign-in failed")).to_contain_text("not known here")


def test_an_authenticator_is_not_added_twice(mia):
    mia.goto(reverse("passkey_add"))
    mia.get_by_label("Name").fill("Again")
    mia.get_by_role("button", name="Make the passkey").click()
    expect(mia.get_by_role("alert")).to_contain_text("has a passkey for this account already")
    assert Passkey.objects.count() == 1


def test_a_passkey_is_a_recent_proof(mia, settings, cast):
    settings.SNAPPORTAL_STEP_UP_MINUTES = 10
    PersonSession.objects.update(proven_at=cast.mia.created_at.replace(year=2020))
    mia.goto(reverse("token_add"))
    expect(mia.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    mia.get_by_role("button", name="Use a passkey").click()
    expect(mia.get_by_label("API token")).to_be_visible()
    row = Entry.objects.get(action="person.prove")
    assert (row.code, row.result) == ("passkey", "completed")


def test_a_challenge_is_used_once_and_for_what_it_was_made(mia, cast):
    """The answer that opened a session is sent again, with the cookies that the browser has now."""
    sign_out(mia)
    sent: list[str] = []
    mia.on("request", lambda request: request.method == "POST" and sent.append(request.post_data or ""))
    mia.get_by_role("button", name="Use a passkey").click()
    expect(mia.get_by_role("button", name="Sign out")).to_be_visible()
    sign_out(mia)
    mia.evaluate(
        "fetch(document.querySelector('form[data-passkey]').dataset.options).then((one) => one.json())"
    )
    token = mia.locator("form[data-passkey] [name=csrfmiddlewaretoken]").first.input_value()
    answer = parse_qs(sent[0])["passkey"][0]
    response = mia.request.post(
        "sign-in/",
        form={"passkey": answer, "csrfmiddlewaretoken": token},
        headers={"Referer": mia.url},
    )
    assert "Sign-in failed" in response.text()
    assert Entry.objects.latest("sequence").code == "wrong_passkey"
    assert not PersonSession.objects.exclude(person_id=None).exists()


def test_without_javascript_the_code_is_typed_and_the_passkey_says_what_it_needs(site, cast, sandbox):
    give_all(cast.mia)
    page = site.page(javascript=False)
    page.goto("sign-in/")
    expect(page.get_by_role("button", name="Use a passkey")).to_be_hidden()
    fill_sign_in(page, "mia", PASSWORD)
    expect(page.get_by_role("main")).to_contain_text("Your passkey can be used with JavaScript alone")
    page.get_by_label("Code of your authenticator app").fill(code_of(cast.mia))
    page.get_by_role("button", name="Go on").first.click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert evidence() == "password + authenticator app"


def test_a_browser_that_cannot_use_passkeys_is_told(site, cast):
    page = site.page(cast.mia)
    page.add_init_script("delete window.PublicKeyCredential")
    page.goto(reverse("passkey_add"))
    expect(page.get_by_role("main")).to_contain_text("This browser cannot use passkeys")
    expect(page.get_by_role("button", name="Make the passkey")).to_be_hidden()


def test_what_the_person_cancels_is_said_and_can_be_tried_again(mia):
    mia.goto(reverse("passkey_add"))
    mia.evaluate(
        """() => { navigator.credentials.create = () => Promise.reject(new DOMException("", "NotAllowedError")); }"""
    )
    mia.get_by_label("Name").fill("Other")
    for _again in range(2):
        mia.get_by_role("button", name="Make the passkey").click()
        expect(mia.get_by_role("alert")).to_contain_text("It was cancelled")
