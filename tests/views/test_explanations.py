"""Short explanations beside hard words: each has a text, a place where it is shown, and a section of the help that says more."""

import re
from html import unescape
from pathlib import Path

import pytest
from django.template import Context, Template
from django.urls import reverse

from snapportal.accounts.models import User
from snapshots.deletions import keeping
from snapshots.operations.models import Action, Operation
from snapshots.views.texts.glossary import TERMS
from snapshots.views.texts.help_sections import SECTIONS
from tests.support.deletions import target_of
from tests.support.pages import ids_of, text_of

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
USED = re.compile(r'{% explain "([\w-]*)" %}')
NAMED = re.compile(r"<(h[1-6]|label|legend|button|a|summary|th)\b[^>]*>(?:(?!</\1>).)*?{% explain", re.DOTALL)
"""Elements whose name an explanation would become a part of."""


def shown(name: str) -> str:
    return Template(f'{{% load explain %}}{{% explain "{name}" %}}').render(Context())


@pytest.mark.django_db
def test_each_word_leads_to_a_section_of_the_help_that_exists(cast, signed_in):
    ids = set(ids_of(signed_in(cast.vera).get(reverse("help_page"))))
    assert {term.section for term in TERMS.values()} <= ids
    assert {f"term-{name}" for name in TERMS} <= ids


@pytest.mark.django_db
def test_the_glossary_has_every_word_with_its_text(cast, signed_in):
    page = text_of(signed_in(cast.aron).get(reverse("help_page")))
    assert all(f"{term.name} {term.text}" in page for term in TERMS.values())


def test_each_word_is_explained_somewhere_and_no_other_is():
    used = {name for path in TEMPLATES for name in USED.findall(path.read_text())}
    assert used == set(TERMS)


def test_a_section_with_a_text_of_its_own_belongs_to_each_heading():
    written = {path.stem for path in (ROOT / "templates/help/sections").glob("*.html")}
    assert written == set(SECTIONS)


@pytest.mark.parametrize("name", TERMS)
def test_the_button_opens_the_text_without_a_script(name):
    html = shown(name)
    assert f'popovertarget="about-{name}"' in html
    assert re.search(rf'id="about-{name}" popover role="note"', html)
    assert f'href="{reverse("help_page")}#{TERMS[name].section}"' in html
    assert unescape(html).count(str(TERMS[name].text)) == 1


def test_the_button_has_a_name_of_its_own():
    html = unescape(shown("anchor"))
    assert "What “Anchor” means" in html
    assert "More about “Anchor” in the help" in html


def test_no_explanation_is_a_part_of_the_name_of_something_else():
    assert [path.name for path in TEMPLATES if NAMED.search(path.read_text())] == []


def test_it_may_stand_in_a_paragraph():
    """Only phrasing content: a browser would end the paragraph before anything else."""
    assert set(re.findall(r"<(\w+)", shown("lock"))) <= {"span", "button", "svg", "use", "strong", "a"}


@pytest.mark.parametrize("name", ["unknown", "reconciled"])
def test_the_page_of_an_operation_explains_its_result(site, name):
    Operation.objects.update(action=Action.RESTORE, state=name)  # no list says how a restore ended
    page = site.browsers["manager"].get(reverse("operation_detail", args=[site.unknown.pk])).text
    assert ('id="about-unknown"' in page) == (name == "unknown")
    assert ('id="about-resolved"' in page) == (name == "reconciled")


def explained(page: str) -> int:
    return page.count('id="about-protection"')


@pytest.mark.parametrize("layout", ["cards", "table"])
def test_the_badge_of_a_protected_snapshot_is_explained_once_on_a_list(site, layout):
    browser = site.browsers["manager"]
    User.objects.update(server_layout=layout if layout == "table" else "")
    server = reverse("server_detail", args=[site.view.token.pk, site.view.server_id])
    assert [explained(browser.get(path).text) for path in ("/", server)] == [0, 0]
    for snapshot in site.view.snapshots[:2]:
        keeping.protect_snapshot(actor=site.desk.actor, target=target_of(site.desk, site.view, snapshot))
    for _time in range(2):  # the second time some of it is kept
        assert [explained(browser.get(path).text) for path in ("/", server)] == [1, 1]


def test_what_was_seen_past_the_portal_is_explained_also_where_nothing_was(site):
    page = site.browsers["manager"].get(
        reverse("server_detail", args=[site.view.token.pk, site.view.server_id])
    )
    assert "Nothing has changed at the provider but through this portal" in page.text
    assert 'id="about-observed"' in page.text


def test_the_rights_of_a_key_are_explained_where_they_are_chosen(site):
    assert 'id="about-key_rights"' in site.browsers["manager"].get(reverse("api_key_add")).text


def test_no_page_explains_a_word_twice(site):
    view, people = site.view, site.browsers
    keeping.protect_snapshot(actor=site.desk.actor, target=target_of(site.desk, view))
    for role, path in [
        ("manager", reverse("server_detail", args=[view.token.pk, view.server_id])),
        ("manager", reverse("snapshot_restore", args=[view.token.pk, site.desk.snapshot(view).id])),
        ("manager", reverse("snapshot_keeping", args=[view.token.pk, site.desk.snapshot(view).id])),
        ("manager", "/"),
        ("manager", reverse("api_key_add")),
        ("admin", reverse("entry_list")),
        ("admin", reverse("system_detail")),
    ]:
        ids = [one for one in ids_of(people[role].get(path)) if one.startswith("about-")]
        assert ids, path
        assert len(ids) == len(set(ids)), path
