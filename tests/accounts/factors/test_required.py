"""Roles that need a second factor: nothing is open before it was given."""

import pytest
from django.test import Client
from django.urls import resolve, reverse

from snapportal import role_settings
from snapportal.accounts.models import Role
from snapshots.audit.models import Entry
from tests.site.test_health import no_database
from tests.support.api import script_of
from tests.support.second_factors import code_of, give_app, sign_in, type_password
from tests.views.test_access_matrix import MATRIX

pytestmark = pytest.mark.django_db
PUBLIC = {
    name
    for name, (arguments, *_rest) in MATRIX.items()
    if resolve(reverse(name, kwargs=arguments)).func.access == "public"
}
SET_UP = {"factor_list", "authenticator_set_up", "passkey_add", "sign_out"}
CONFIRM = {"factor_confirm", "sign_out"}


@pytest.fixture(autouse=True)
def required(settings):
    settings.SNAPPORTAL_REQUIRE_SECOND_FACTOR = frozenset({"manager", "admin"})


def closed(browser: Client, page: str) -> set[str]:
    """The names of the pages that lead to `page`, whatever the method."""
    found = set()
    for name, (arguments, methods, _who) in MATRIX.items():
        url = reverse(name, kwargs=arguments)
        answers = [browser.generic(method, url) for method in methods.split()] if name != "sign_out" else []
        if answers and all(
            answer.status_code == 302 and answer["Location"] == reverse(page) for answer in answers
        ):
            found.add(name)
    return found


@pytest.mark.parametrize("name", ["mia", "ada"])
def test_nothing_is_open_but_the_pages_on_which_it_is_set_up(cast, sandbox, name):
    browser, _answer = type_password(getattr(cast, name))
    before = Entry.objects.count()
    assert closed(browser, "factor_list") == set(MATRIX) - PUBLIC - SET_UP
    assert Entry.objects.count() == before
    assert "Your role needs a second factor" in browser.get(reverse("factor_list")).text
    assert browser.post(reverse("sign_out")).status_code == 302
    assert browser.get(reverse("factor_list"))["Location"].startswith(reverse("sign_in"))


def test_the_pages_open_when_it_is_set_up(cast, clock):
    browser, _answer = type_password(cast.mia)
    url = reverse("authenticator_set_up")
    browser.get(url)
    browser.post(url, {"one_time_code": code_of(cast.mia)})
    assert browser.get("/account/").status_code == 200


def test_a_session_that_began_without_it_is_asked(cast, clock, settings):
    settings.SNAPPORTAL_REQUIRE_SECOND_FACTOR = frozenset()
    browser, _answer = type_password(cast.mia)
    give_app(cast.mia, clock)
    assert browser.get("/account/").status_code == 200
    settings.SNAPPORTAL_REQUIRE_SECOND_FACTOR = frozenset({"manager"})
    assert closed(browser, "factor_confirm") == set(MATRIX) - PUBLIC - CONFIRM
    url = reverse("factor_confirm")
    assert "this session began without it" in browser.get(url).text
    assert "was used already" in browser.post(url, {"step_up_totp": "000000"}).text
    assert browser.get("/account/").status_code == 302
    assert browser.post(url, {"step_up_totp": code_of(cast.mia)})["Location"] == reverse("server_list")
    assert browser.get("/account/").status_code == 200
    row = Entry.objects.latest("sequence")
    assert (row.action, row.code) == ("person.prove", "totp")


def test_a_poll_and_a_fragment_lead_the_whole_page_there(cast):
    browser, _answer = type_password(cast.mia)
    answer = browser.get("/schedules/", headers={"HX-Request": "true", "X-Version": "none"})
    assert answer["HX-Redirect"] == reverse("factor_list")


def test_other_roles_and_sessions_with_it_are_not_asked(cast, clock):
    assert type_password(cast.vera)[0].get("/account/").status_code == 200
    give_app(cast.mia, clock)
    assert sign_in(cast.mia).get("/account/").status_code == 200


def test_a_database_that_is_away_is_a_503(cast):
    browser, _answer = type_password(cast.mia)
    with no_database():
        answer = browser.get("/account/")
    assert answer.status_code == 503
    assert "Nothing was sent" in answer.text


def test_api_keys_are_not_asked(desk):
    assert type_password(desk.user)[0].get("/").status_code == 302
    assert script_of(desk).get("snapshots/").status_code == 200


def test_an_identity_provider_can_have_asked_for_it(cast, rf, client):
    from django.contrib.auth.models import AnonymousUser

    from snapportal.accounts.session_models import PersonSession
    from snapportal.accounts.sessions import SessionStore
    from snapportal.accounts.signing_in import enter

    request = rf.get("/")
    request.session, request.user, request.client_address = SessionStore(), AnonymousUser(), "127.0.0.1"
    enter(request, cast.mia, how="Example", has_second_factor=True)
    request.session.save()
    assert PersonSession.objects.get().has_second_factor
    request.session.cycle_key()
    assert PersonSession.objects.get().has_second_factor
    client.cookies["__Host-session"] = request.session.session_key
    assert client.get("/account/").status_code == 200


def test_the_roles_of_the_setting_are_those_of_people():
    assert set(role_settings.ROLES) == set(Role.values)
    assert role_settings.parse_roles(" manager, admin ") == {"manager", "admin"}
    assert role_settings.parse_roles("") == frozenset()


def test_a_role_that_does_not_exist_is_an_error_of_the_start():
    with pytest.raises(role_settings.ValidationError, match="names roles that do not exist: boss"):
        role_settings.parse_roles("boss,admin")
