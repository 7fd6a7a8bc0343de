"""The way to the identity provider and back: state, nonce, PKCE, one use, one browser."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from snapportal.accounts.oidc import flows, refusals
from snapportal.accounts.oidc.models import FederatedIdentity
from snapportal.accounts.session_models import PersonSession
from snapshots.audit.models import Entry
from tests.accounts.oidc.conftest import begin, sign_on
from tests.conftest import PASSWORD

RETURN = "/sign-in/sso/return/"


def last_row() -> Entry:
    return Entry.objects.latest("sequence")


def refused(answer, text: str, status: int = 403) -> None:
    assert answer.status_code == status, answer.text
    assert text in answer.text
    assert not PersonSession.objects.exists()


def test_who_has_signed_in_there_is_signed_in_here(idp, cast):
    answer = sign_on(idp, wanted="/tokens/")
    assert (answer.status_code, answer["Location"]) == (302, "/tokens/")
    row = Entry.objects.get(action="person.sign_in")
    assert (row.actor_id, row.result) == (cast.mia.pk, "completed")
    assert row.evidence == f"single sign-on, {idp.url}"


def test_the_request_says_who_asks_what_for_and_where_the_answer_goes(idp, cast):
    sign_on(idp)
    (asked,) = idp.asked
    assert asked["scope"] == "openid email profile"
    assert asked["redirect_uri"] == f"http://testserver{RETURN}"
    assert "prompt" not in asked
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 43


def test_no_two_requests_are_equal(idp, cast):
    sign_on(idp)
    sign_on(idp)
    for name in ("state", "nonce", "code_challenge"):
        assert len({asked[name] for asked in idp.asked}) == 2


def test_the_page_on_the_way_redirects_by_itself_and_by_a_link(idp, cast):
    answer = Client().post(reverse("sso_start"))
    url = answer["Refresh"].removeprefix("0; url=")
    assert url.startswith(f"{idp.url}/authorize?")
    assert f'href="{url.replace("&", "&amp;")}"' in answer.text


def test_no_session_is_written_before_sign_in(idp, cast):
    client = Client()
    begin(client)
    client.get(f"{RETURN}?state=x&code=y")
    assert not PersonSession.objects.exists()
    assert set(client.cookies) == {flows.cookie_name(), "__Host-csrf"} or set(client.cookies) == {
        flows.cookie_name()
    }


def test_the_cookie_on_the_way_is_secure_unreadable_and_ends(idp, cast):
    client = Client()
    url = begin(client)
    cookie = client.cookies[flows.cookie_name()]
    assert cookie["httponly"]
    assert cookie["secure"]
    assert (cookie["samesite"], cookie["max-age"], cookie["path"]) == ("Lax", 600, "/")
    asked = re.search(r"nonce=([^&]+)", url)[1]
    assert asked not in cookie.value
    client.get(idp.authorize(url))
    assert client.cookies[flows.cookie_name()].value == ""


def test_a_form_of_another_site_begins_nothing(idp, cast):
    assert Client(enforce_csrf_checks=True).post(reverse("sso_start")).status_code == 403


def test_an_answer_cannot_be_used_twice(idp, cast):
    client = Client()
    url = begin(client)
    cookie = client.cookies[flows.cookie_name()].value
    back = idp.authorize(url)
    assert client.get(back).status_code == 302
    again = Client()
    again.cookies[flows.cookie_name()] = cookie
    answer = again.get(back)
    assert answer.status_code == 400
    assert "used already" in answer.text
    assert last_row().code == "sso_used_answer"


def test_an_answer_to_another_browser_is_refused(idp, cast):
    back = idp.authorize(begin(Client()))
    other = Client()
    begin(other)
    refused(other.get(back), "does not belong to a sign-in that was begun in this browser", 400)
    refused(Client().get(back), "does not belong", 400)
    assert last_row().code == "sso_foreign_answer"


@pytest.mark.parametrize("change", ["", "state=", "state=x&state=y", "state=%20"])
def test_an_answer_without_its_state_is_refused(idp, cast, change):
    client = Client()
    back = idp.authorize(begin(client))
    refused(client.get(re.sub(r"state=[^&]+", change, back)), "does not belong", 400)


@pytest.mark.parametrize(("name", "status"), [("state", 400), ("code", 502), ("iss", 403)])
def test_an_answer_with_something_twice_is_refused(idp, cast, name, status):
    client = Client()
    answer = client.get(f"{idp.authorize(begin(client))}&{name}=x")
    assert answer.status_code == status
    assert not PersonSession.objects.exists()


def test_a_changed_cookie_is_refused(idp, cast):
    client = Client()
    back = idp.authorize(begin(client))
    name = flows.cookie_name()
    for value in ("", "x", "t1:", "t1:AAAA", "t9:" + client.cookies[name].value[3:], "é"):
        client.cookies[name] = value
        refused(client.get(back), "does not belong", 400)


def test_a_foreign_answer_does_not_end_the_flow_under_way(idp, cast):
    client = Client()
    back = idp.authorize(begin(client))
    client.get(f"{RETURN}?state=foreign&code=x")
    assert client.get(back).status_code == 302


def test_it_has_to_end_within_ten_minutes(idp, cast, clock):
    client = Client()
    back = idp.authorize(begin(client))
    clock.shift(601)
    refused(client.get(back), "longer than ten minutes", 400)
    client = Client()
    back = idp.authorize(begin(client))
    clock.shift(599)
    assert client.get(back).status_code == 302


def test_another_issuer_in_the_answer_is_refused(idp, cast):
    refused(sign_on(idp, iss="https://evil.example"), "did not come from the identity provider")
    assert idp.codes, "the code was not sent to anybody"


def test_a_missing_issuer_is_refused_if_the_provider_announces_it(idp, cast):
    client = Client()
    back = re.sub(r"&iss=[^&]+", "", idp.authorize(begin(client)))
    refused(client.get(back), "did not come from the identity provider")


def test_a_missing_issuer_is_fine_if_the_provider_does_not_announce_it(idp, cast):
    idp.metadata["authorization_response_iss_parameter_supported"] = None
    client = Client()
    back = re.sub(r"&iss=[^&]+", "", idp.authorize(begin(client)))
    assert client.get(back).status_code == 302


def test_an_answer_without_a_code_is_refused(idp, cast):
    client = Client()
    back = re.sub(r"code=[^&]+&", "", idp.authorize(begin(client)))
    refused(client.get(back), "cannot use", 502)


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        ("access_denied", 403, "was cancelled"),
        ("login_required", 403, "was cancelled"),
        ("temporarily_unavailable", 503, "trouble of its own"),
        ("server_error", 503, "trouble of its own"),
        ("invalid_scope", 502, "not set up for this portal"),
        ("<b>", 502, "not set up for this portal"),
    ],
)
def test_an_error_of_the_provider_is_said_in_our_words(idp, cast, error, status, text):
    client = Client()
    back = re.sub(r"code=[^&]+", "", idp.authorize(begin(client), error=error, error_description="<i>no</i>"))
    answer = client.get(back)
    refused(answer, text, status)
    assert error not in answer.text
    assert "<i>" not in answer.text


def test_a_failed_sign_in_offers_another_way_to_the_same_page(idp, cast):
    answer = sign_on(idp, wanted="/tokens/", error="access_denied")
    assert 'name="next" value="/tokens/"' in answer.text
    assert "Sign in with a password" in answer.text


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_it_never_leads_to_another_site(idp, cast, wanted):
    assert sign_on(idp, wanted=wanted)["Location"] == "/"


def test_refusals_cannot_fill_the_log(idp, cast, monkeypatch):
    monkeypatch.setattr(refusals, "ROWS_A_MINUTE", 5)
    for number in range(40):
        Client().get(f"{RETURN}?state=x&code=y", REMOTE_ADDR=f"10.0.0.{number}")
    assert Entry.objects.filter(code="sso_foreign_answer").count() in range(5, 10)


def test_the_same_refusal_is_recorded_once_a_minute(idp, cast):
    for address in ("10.0.0.1", "10.0.0.1", "10.0.0.2"):
        Client().get(f"{RETURN}?state=x&code=y", REMOTE_ADDR=address)
    assert Entry.objects.count() == 2


def test_without_an_identity_provider_there_are_no_such_pages(cast, client):
    assert client.post(reverse("sso_start")).status_code == 404
    assert client.get(RETURN).status_code == 404
    assert reverse("sso_start") not in client.get("/sign-in/").text


def test_signing_out_says_that_the_session_at_the_provider_goes_on(idp, cast):
    client = Client()
    sign_on(idp, client)
    answer = client.post(reverse("sign_out"), follow=True)
    assert "Your session at the identity provider may go on" in answer.text


def test_a_sign_in_with_a_password_says_nothing_of_a_provider(idp, cast, client):
    client.post("/sign-in/", {"username": "mia", "password": PASSWORD})
    assert "identity provider" not in client.post(reverse("sign_out"), follow=True).text


def test_the_identity_is_stored_with_its_last_use(idp, cast, clock):
    sign_on(idp)
    clock.shift(3600)
    sign_on(idp)
    (identity,) = FederatedIdentity.objects.all()
    assert (identity.person, identity.issuer, identity.subject) == (cast.mia, idp.url, "subject-1")
    assert (identity.used_at - identity.linked_at).total_seconds() > 3500
