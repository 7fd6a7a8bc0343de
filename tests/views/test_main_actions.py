"""The main action of each page, which the key `n` reaches (static/shortcuts.js)."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from snapshots.views.texts.pages import PAGES
from tests.support.sessions import signed_in_client
from tests.views.test_access_matrix import MATRIX

pytestmark = pytest.mark.django_db
TEMPLATES = Path(settings.BASE_DIR) / "templates"
BUTTON = re.compile(r"<(?:a|button)\b(?:\{%.*?%\}|\{\{.*?\}\}|[^<>])*>")
WITHOUT = {
    "api_reference",
    "archive_list",
    "deletion_list",
    "log_activity",
    "log_report",
    "log_view_list",
    "notification_list",
    "operation_attention",
    "question_list",
    "request_list",
    "review_list",
    "review_sign",
    "security_detail",
}
"""Pages that are only read, at least while there is nothing on them."""


def test_each_primary_button_is_the_main_action_of_its_page():
    found = [
        (path.relative_to(TEMPLATES), button)
        for path in TEMPLATES.rglob("*.html")
        for button in BUTTON.findall(path.read_text())
        if re.search(r"\bprimary\b", button)
    ]
    assert len(found) > 50
    assert [one for one in found if "data-main" not in one[1]] == []


def test_each_page_has_a_main_action_unless_it_is_only_read(desk, cast):
    """For one of those who may open it, with the fewest rights that show everything."""
    without = set()
    for name in PAGES:
        people = [one for one in (desk.user, cast.ada, cast.aron) if one.role in MATRIX[name][2]]
        pages = [signed_in_client(one).get(reverse(name)).text for one in people]
        if not any("data-main" in page[page.index("<main") :].partition("</main>")[0] for page in pages):
            without.add(name)
    assert without == WITHOUT


def test_the_list_of_keys_has_a_place_for_it(desk, signed_in):
    page = signed_in(desk.user).get(reverse("help_page"))
    assert page.text.count("data-main-label") == 2  # in the dialog, and in the help
    assert "This page has none." in page.text
