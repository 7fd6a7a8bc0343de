"""What every page has in common: CSP, htmx configuration, icons, error pages and size."""

import gzip
import json
import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import OperationalError, connection
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from snapshots.audit.models import Entry
from snapshots.templatetags import portal
from snapshots.views import errors
from tests.support.pages import text_of

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
WEIGHT_MAX = 60 * 1024


def test_no_template_holds_inline_style_script_or_handler():
    for path in TEMPLATES:
        text = path.read_text()
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=|hx-on|javascript:|<script(?![^>]* src=)", text), (
            path.name
        )


def test_every_icon_used_exists():
    drawn = set(re.findall(r'id="icon-([\w-]+)"', (ROOT / "templates/_icons.html").read_text()))
    asked = {failure.icon for failure in vars(errors).values() if isinstance(failure, errors.Failure)}
    for path in TEMPLATES:
        asked |= set(re.findall(r'{% icon "([\w-]+)" %}', path.read_text()))
    assert asked <= drawn


def test_styles_and_scripts_are_light():
    files = [
        "app.css",
        "print.css",
        "find.css",
        "explain.css",
        "app.js",
        "answers.js",
        "shortcuts.js",
        "django_htmx/htmx-2.min.js",
    ]
    weight = sum(len(gzip.compress(Path(finders.find(name)).read_bytes())) for name in files)
    assert weight < WEIGHT_MAX
    assert Path(finders.find("app.js")).stat().st_size < 6 * 1024


def test_the_style_sheet_uses_logical_properties():
    css = (ROOT / "static/app.css").read_text()
    assert not re.search(
        r"(margin|padding|border)-(left|right|top|bottom)|[\s;{](left|right|top|bottom):", css
    )
    for feature in (
        "light-dark(",
        "prefers-reduced-motion",
        "forced-colors",
        "focus-visible",
        "print",
    ):
        assert feature in css, feature


@pytest.mark.django_db
def test_the_sandbox_says_how_fast_its_time_runs(client, settings):
    settings.SNAPPORTAL_SANDBOX_SPEED = 20.0
    assert "Time runs 20 times as fast" in text_of(client.get("/sign-in/"))
    settings.SNAPPORTAL_SANDBOX_SPEED = 1.0
    assert "Time runs" not in text_of(client.get("/sign-in/"))


@pytest.mark.django_db
def test_a_page_has_one_heading_a_skip_link_and_a_restrictive_htmx_configuration(cast, signed_in):
    response = signed_in(cast.ada).get("/help/")
    body = response.content.decode()
    assert body.count("<h1") == 1
    assert 'class="skip" href="#main"' in body
    assert 'aria-current="page"' in body
    config = json.loads(unescape(re.search(r"htmx-config\" content='([^']*)'", body).group(1)))
    assert {key: config[key] for key in ("allowEval", "allowScriptTags", "includeIndicatorStyles")} == {
        "allowEval": False,
        "allowScriptTags": False,
        "includeIndicatorStyles": False,
    }
    assert config["selfRequestsOnly"] is True
    assert config["historyCacheSize"] == 0
    policy = response["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy


@pytest.mark.django_db
def test_help_explains_what_newcomers_ask(cast, signed_in):
    for person in vars(cast).values():
        text = text_of(signed_in(person).get("/help/"))
        for part in (
            "What is a snapshot?",
            "cannot be undone",
            "separate storage",
            "at most 5",
            "do not request it again",
            "Auditor",
        ):
            assert part in text, part


@pytest.mark.django_db
def test_a_missing_page_is_explained_in_the_frame(cast, signed_in):
    response = signed_in(cast.vera).get("/no/such/page/")
    assert response.status_code == 404
    assert "Page not found" in text_of(response)
    assert "Vera" in text_of(response)


@pytest.mark.django_db
def test_an_auditors_error_page_links_to_a_page_that_auditors_may_open(cast, signed_in):
    response = signed_in(cast.aron).get(reverse("token_list"))
    assert response.status_code == 403
    assert "Your role does not allow this" in text_of(response)
    target = re.search(r'class="button primary" href="([^"]*)"', response.content.decode()).group(1)
    assert signed_in(cast.aron).get(target).status_code == 200


@pytest.mark.django_db
def test_the_front_page_leads_an_auditor_to_their_first_page_and_is_no_refusal(cast, signed_in):
    browser = signed_in(cast.aron)
    for path in ("/", "/?q=web"):
        response = browser.get(path, follow=True)
        assert response.redirect_chain == [(reverse("entry_list"), 302)]
        assert response.status_code == 200
    assert not Entry.objects.filter(action="access.refuse").exists()


@pytest.mark.django_db
def test_a_part_of_the_front_page_is_refused_to_an_auditor_and_recorded(cast, signed_in):
    response = signed_in(cast.aron).get("/", headers={"HX-Request": "true"})
    assert response.status_code == 403
    assert Entry.objects.get(action="access.refuse").actor_name == "Aron"


@pytest.mark.django_db
def test_a_fragment_gets_its_error_as_a_fragment(cast, signed_in):
    response = signed_in(cast.vera).get("/no/such/page/", headers={"HX-Request": "true"})
    assert response.status_code == 404
    assert "<html" not in response.content.decode()
    assert "Page not found" in text_of(response)


@pytest.mark.django_db
def test_a_form_without_its_csrf_token_explains_cookies_and_safari(cast):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.mia)
    response = client.post("/tokens/add/", {"token": "x"})
    assert response.status_code == 403
    assert "Nothing was done" in text_of(response)
    assert "Safari" in text_of(response)


def test_error_pages_touch_no_database():
    """This test has no access to one: a query would fail it."""
    request = RequestFactory().get("/")
    for view, status in ((errors.unavailable, 503), (errors.server_error, 500)):
        response = view(request)
        assert response.status_code == status
        assert "<html" in response.content.decode()
    assert errors.bad_request(request, ValueError()).status_code == 400
    assert errors.csrf_failure(request).status_code == 403
    assert "Nothing was sent to the provider" in text_of(errors.unavailable(request))


def refuse(*_args: object) -> None:
    raise OperationalError("the disk is gone")


@pytest.mark.django_db
def test_a_database_that_fails_before_any_view_is_a_503(cast, signed_in):
    client = signed_in(cast.mia)
    client.raise_request_exception = False
    with connection.execute_wrapper(refuse):
        response = client.get("/help/")
    assert response.status_code == 503
    assert "Nothing was sent to the provider" in text_of(response)


def test_text_from_outside_is_shown_as_text():
    words = render_to_string(
        "servers/_cells.html", {"row": {"badge": {"kind": "ok", "text": "<script>x</script>"}}}
    )
    assert "<script>" not in words


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=-50), "just now"),
        (timedelta(seconds=3), "just now"),
        (timedelta(seconds=89), "89 seconds ago"),
        (timedelta(seconds=90), "1 minute ago"),
        (timedelta(minutes=5), "5 minutes ago"),
        (timedelta(hours=30), "30 hours ago"),
        (timedelta(days=6), "6 days ago"),
        (timedelta(days=131), "4 months ago"),
        (timedelta(days=900), "2 years ago"),
    ],
)
def test_ages_are_shown_in_words(age, text):
    assert portal.ago_text(timezone.now() - age) == text


def test_the_browser_keeps_ages_by_the_same_units():
    script = (Path(settings.BASE_DIR) / "static" / "app.js").read_text()
    units = json.loads(re.search(r"const units = (\[.*\]);", script).group(1))
    assert [tuple(one) for one in units] == list(portal.AGE_UNITS)


@pytest.mark.parametrize(
    ("size", "text"),
    [(None, "—"), (0, "0 MB"), (512, "512 MB"), (1024, "1.0 GB"), (5120, "5.0 GB"), (4856, "4.7 GB")],
)
def test_sizes_are_shown_in_words(size, text):
    assert portal.megabytes(size) == text


def test_a_time_is_rendered_in_utc_for_the_browser_to_convert():
    moment = timezone.datetime(2026, 11, 24, 17, 30, tzinfo=timezone.get_default_timezone())
    html = portal.moment(moment)
    assert 'datetime="2026-11-24T17:30:00+00:00"' in html
    assert html.count("24 Nov 2026, 17:30 UTC") == 2
    assert portal.moment(None) == "—"
