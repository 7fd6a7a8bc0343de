"""How the portal looks to whom: language, theme, density and time zone."""

import re
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from snapportal.accounts import erasure
from snapportal.accounts.look.service import choose
from snapportal.accounts.models import User
from snapshots.audit.models import Entry
from snapshots.views.look import HEADER, Look, parse
from tests.conftest import PASSWORD
from tests.support.actors import actor_of

pytestmark = pytest.mark.django_db
COOKIE = settings.LOOK_COOKIE_NAME
CHOICES = {
    "language": "de",
    "theme": "dark",
    "density": "compact",
    "time_zone": "Europe/Berlin",
    "shortcuts": "off",
    "server_layout": "table",
}


@pytest.fixture(autouse=True)
def as_before():
    """Other tests speak English."""
    yield
    translation.activate("en")
    timezone.deactivate()


def look_of(response) -> str:
    """The first tag of the page."""
    return re.search(r"<html[^>]*>", response.text).group()


def language_of(response) -> str:
    return re.search(r'lang="(\w+)"', look_of(response)).group(1)


@pytest.fixture
def mia(cast, signed_in) -> Client:
    return signed_in(cast.mia)


def test_a_person_chooses_and_every_page_looks_like_it(mia, cast):
    answer = mia.post(reverse("look_edit"), CHOICES, follow=True)
    assert "Ihre Auswahl ist gespeichert." in answer.text
    assert look_of(answer) == (
        '<html lang="de" dir="ltr" data-theme="dark" data-density="compact" data-zone="Europe/Berlin" data-shortcuts="off">'
    )
    assert '<meta name="color-scheme" content="dark">' in answer.text
    assert "in der von Ihnen gewählten Zeitzone" in answer.text
    assert re.search(r"\d\d\.\d\d\.\d{4}, \d\d:\d\d CES?T \(", mia.get(reverse("session_list")).text)
    cast.mia.refresh_from_db()
    assert {name: getattr(cast.mia, name) for name in CHOICES} == CHOICES
    row = Entry.objects.latest("sequence")
    assert (row.action, row.evidence) == (
        "person.set_look",
        "language, theme, density, time zone, shortcuts, layout of the servers",
    )


def test_the_choice_follows_the_person_to_another_browser(mia, cast, signed_in):
    mia.post(reverse("look_edit"), CHOICES)
    other_browser = signed_in(cast.mia)
    assert language_of(other_browser.get("/no/such/page/")) == "de"
    assert language_of(other_browser.get(reverse("help_page"))) == "de"
    assert language_of(signed_in(cast.ada).get(reverse("help_page"))) == "en"


def test_what_changes_nothing_is_not_recorded(mia):
    mia.post(
        reverse("look_edit"),
        {"language": "", "theme": "", "density": "", "time_zone": "", "server_layout": ""},
    )
    assert not Entry.objects.filter(action="person.set_look").exists()


@pytest.mark.parametrize("name", CHOICES)
def test_what_is_not_offered_is_refused(name, mia, cast):
    answer = mia.post(reverse("look_edit"), CHOICES | {name: "nonsense"})
    assert answer.status_code == 422
    assert User.objects.get(pk=cast.mia.pk).language == ""


@pytest.mark.parametrize(
    ("person", "cookie", "asked", "setting", "used"),
    [
        ("yi", "de", "fr", "es", "yi"),
        ("", "de", "fr", "es", "de"),
        ("", "", "fr;q=0.8, it, he;q=0.9", "es", "he"),
        ("", "", "iw-IL", "es", "he"),
        ("", "", "de-AT", "es", "de"),
        ("", "", "it, *", "es", "es"),
        ("tlh", "", "", "en", "en"),
        ("", "tlh", "", "en", "en"),
    ],
)
def test_which_language_holds(person, cookie, asked, setting, used, cast, mia, settings):
    settings.SNAPPORTAL_LANGUAGE = setting
    User.objects.filter(pk=cast.mia.pk).update(language=person)
    if cookie:
        mia.cookies[COOKIE] = Look(language=cookie).text
    answer = mia.get(reverse("help_page"), headers={"Accept-Language": asked})
    assert language_of(answer) == used == answer["Content-Language"]
    assert {"Accept-Language", "Cookie"} <= set(answer["Vary"].split(", "))


@pytest.mark.parametrize("text", ["", "de", "de|dark", "||||../../etc/passwd", "|" * 400, "de|<b>|||"])
def test_a_cookie_that_is_not_ours_chooses_nothing_that_is_not_offered(text, client):
    client.cookies[COOKIE] = text
    assert look_of(client.get(reverse("sign_in"))).removeprefix("<html ").startswith(("lang=", "dir="))
    assert parse(text) in {Look(), Look(language="de"), Look(language="de", theme="dark")}


def test_the_language_can_be_chosen_before_the_sign_in_and_is_kept_by_it(cast):
    browser = Client()
    chosen = browser.post(reverse("language_choose"), {"language": "de", "next": "/help/"})
    assert chosen["Location"] == f"{reverse('sign_in')}?next=%2Fhelp%2F"
    cookie = chosen.cookies[COOKIE]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")
    page = browser.get(chosen["Location"])
    assert "Anmelden" in page.text
    assert 'value="de" lang="de" translate="no" aria-current="true"' in page.text
    assert 'name="next" value="/help/"' in page.text
    browser.post(reverse("sign_in"), {"username": "mia", "password": PASSWORD})
    assert User.objects.get(pk=cast.mia.pk).language == "de"


def test_a_sign_in_does_not_change_what_the_person_has_chosen(cast):
    choose(actor=actor_of(cast.mia), person=cast.mia, look=Look(theme="dark"))
    browser = Client()
    browser.cookies[COOKIE] = Look(language="de").text
    browser.post(reverse("sign_in"), {"username": "mia", "password": PASSWORD})
    mia = User.objects.get(pk=cast.mia.pk)
    assert (mia.language, mia.theme) == ("", "dark")


def test_the_page_before_the_sign_in_looks_as_the_person_has_chosen_there(mia):
    mia.post(reverse("look_edit"), CHOICES)
    mia.post(reverse("sign_out"))
    assert 'lang="de" dir="ltr" data-theme="dark"' in look_of(mia.get(reverse("sign_in")))


def test_pages_in_hebrew_and_yiddish_go_from_right_to_left(client):
    for language in ("he", "yi"):
        client.cookies[COOKIE] = Look(language=language).text
        assert f'lang="{language}" dir="rtl"' in look_of(client.get(reverse("sign_in")))
        assert f'lang="{language}" dir="rtl"' in look_of(client.get("/%00"))


def test_a_part_of_an_open_page_speaks_as_the_page_does(mia, desk):
    url = reverse("server_status", args=[desk.token.pk, desk.server().server_id])
    headers = {"HX-Request": "true", HEADER: Look(language="de").text}
    assert "Snapshots von" in mia.get(url, headers=headers).text
    choose(actor=desk.actor, person=desk.user, look=Look(language="de", time_zone="Europe/Berlin"))
    part = mia.get(url, headers=headers | {HEADER: Look(language="en").text}).text
    assert "Snapshots of" in part
    assert "CET" not in part
    assert 'data-look="de|||Europe/Berlin||"' in mia.get(reverse("server_list")).text


def test_scripts_and_the_log_are_answered_in_english(client, desk):
    choose(actor=desk.actor, person=desk.user, look=Look(language="de"))
    answer = client.get("/api/v1/snapshots/", headers={"Accept-Language": "de"})
    assert "credentials" in answer.json()["detail"]
    assert not answer.has_header("Content-Language")
    assert client.get("/api/nowhere/", headers={"Accept-Language": "de"}).json()["detail"].startswith("Page")


def test_a_file_of_the_log_has_no_language_whoever_downloads_it(cast, signed_in):
    choose(actor=actor_of(cast.aron), person=cast.aron, look=Look(language="de"))
    auditor = signed_in(cast.aron)
    answer = auditor.post(reverse("entry_export"), {"format": "csv"})
    assert not answer.has_header("Content-Language")
    assert b"person.set_look" in b"".join(answer.streaming_content)


def test_an_erased_person_leaves_no_choice_behind(cast):
    User.objects.filter(pk=cast.mia.pk).update(**CHOICES, is_active=False)
    erasure.erase_person(User.objects.get(pk=cast.mia.pk), actor=actor_of(cast.ada), reason="has left")
    mia = User.objects.get(pk=cast.mia.pk)
    assert {getattr(mia, name) for name in CHOICES} == {""}


def test_kept_parts_of_pages_are_those_of_the_language_and_the_zone(cast, signed_in):
    pages = []
    for look in (
        Look(),
        Look(language="de"),
        Look(language="de", time_zone="Asia/Tokyo"),
        Look(language="yi"),
    ):
        choose(actor=actor_of(cast.aron), person=User.objects.get(pk=cast.aron.pk), look=look)
        pages.append(signed_in(cast.aron).get(reverse("entry_list")).text)
    rows = [page.partition("<tbody>")[2] for page in pages]
    assert [found.count(" JST (") for found in rows] == [0, 0, 2, 0]
    assert all("Prüfprotokoll" in page for page in pages[1:3])
    assert "Audit log" in pages[0]
    assert "Audit log" not in pages[3]


def test_the_zone_of_one_request_is_not_that_of_the_next(mia, client):
    mia.post(reverse("look_edit"), CHOICES, follow=True)
    assert timezone.get_current_timezone() == ZoneInfo("Europe/Berlin")
    client.get(reverse("sign_in"))
    assert timezone.get_current_timezone_name() == "UTC"
