"""The help page: its sections by role, and the search in what they say."""

import re

import pytest
from django.urls import reverse
from django.utils import translation

from snapportal.accounts.models import User
from snapshots.views.help_sections import marked, words_of
from snapshots.views.spelling import folded
from snapshots.views.texts.help_sections import SECTIONS
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db
HELP = "/help/"


@pytest.fixture
def mia(cast, signed_in):
    return signed_in(cast.mia)


def anchors(response) -> list[str]:
    return re.findall(r'<section class="card prose" aria-labelledby="([\w-]+)"', response.text)


def listed(response) -> list[str]:
    return re.findall(r'<li><a href="#([\w-]+)">', response.text)


class TestRoles:
    def test_without_a_choice_everybody_sees_all_of_it(self, cast, signed_in):
        for person in vars(cast).values():
            assert anchors(signed_in(person).get(HELP)) == list(SECTIONS)

    @pytest.mark.parametrize(
        ("name", "has", "lacks"),
        [
            ("vera", {"what", "habits", "tokens"}, {"restore", "keeping", "searching", "setting-up"}),
            ("omar", {"several", "keeping", "schedules"}, {"restore", "searching", "setting-up"}),
            ("mia", {"restore", "guarding"}, {"searching", "log", "setting-up"}),
            ("aron", {"searching", "log", "unknown"}, {"tokens", "restore", "setting-up", "habits"}),
            ("ada", {"setting-up", "restore", "log", "searching"}, set()),
        ],
    )
    def test_for_my_role_leaves_out_what_others_do(self, cast, signed_in, name, has, lacks):
        shown = set(anchors(signed_in(getattr(cast, name)).get(f"{HELP}?for=me")))
        assert has <= shown
        assert not lacks & shown

    def test_what_is_for_others_is_listed_apart_and_stays_reachable(self, cast, signed_in):
        page = signed_in(cast.vera).get(HELP)
        assert sorted(listed(page)) == sorted(SECTIONS)
        before, after = page.text.split("What others do")
        assert 'href="#what"' in before
        assert 'href="#setting-up"' in after.split("</nav>")[0]

    def test_ones_own_role_is_named_with_what_it_may_do_and_marked_in_the_table(self, mia):
        page = text_of(mia.get(HELP))
        assert "Manager: Creates, restores and deletes snapshots, and makes schedules." in page
        assert "Manager Your role see, create, restore and delete" in page
        assert page.count("Your role") == 1


class TestSearch:
    def test_whole_sections_are_shown_with_the_matches_marked(self, mia):
        answer = mia.get(f"{HELP}?q=glass")
        assert anchors(answer) == ["guarding", "glossary"]
        assert "<mark>glass</mark>" in answer.text
        assert "2 sections have what you look for" in text_of(answer)
        assert "Keeps a weekend or a release free" in text_of(answer), "the rest of the section is shown, too"

    def test_sections_with_all_words_are_shown_and_those_with_some_only_if_there_are_none(self, mia):
        whole = mia.get(f"{HELP}?q=glass+emergency")
        assert anchors(whole) == ["guarding", "glossary"]
        assert "No section has all of these words" not in text_of(whole)
        partly = mia.get(f"{HELP}?q=glass+emergency+xyzzy+cron")
        assert anchors(partly)[:2] == ["guarding", "glossary"]
        assert len(anchors(partly)) > 2
        assert "No section has all of these words. Those with most of them come first." in text_of(partly)

    @pytest.mark.parametrize(
        ("asked", "anchor"),
        [
            ("how do I restore?", "restore"),
            ("rollback", "restore"),
            ("API-key", "scripts"),
            ("“time-zone”", "schedules"),
            ("what is a snapshot?", "what"),
            ("login", "signing-in"),
        ],
    )
    def test_it_is_asked_as_people_ask(self, mia, asked, anchor):
        answer = mia.get(HELP, {"q": asked})
        assert anchor in anchors(answer)
        assert "No section has all" not in text_of(answer)

    def test_common_words_count_where_there_are_no_others(self, mia):
        assert len(words_of("the and the")) == 2
        assert anchors(mia.get(HELP, {"q": "who may"}))

    @pytest.mark.parametrize(
        ("asked", "written"),
        [
            ("securite", "La sécurité"),
            ("SÉCURITÉ", "la securite"),
            ("d'accueil", "page d’accueil"),
            ("וואס", "װאָס"),
            ("זײַט", "די זייט"),
            ("דו-שלבי", "אימות דו־שלבי"),
        ],
    )
    def test_accents_points_and_ligatures_need_not_be_typed(self, asked, written):
        assert "<mark>" in marked(written, words_of(asked))
        assert folded(asked) in folded(written)

    def test_upper_and_lower_case_are_the_same(self, mia):
        answer = mia.get(f"{HELP}?q=GLASS")
        assert "<mark>glass</mark>" in answer.text
        assert anchors(answer) == ["guarding", "glossary"]

    def test_a_heading_is_found_and_marked(self, mia):
        answer = mia.get(f"{HELP}?q=good+habits")
        assert "<mark>Good</mark> <mark>habits</mark></h2>" in answer.text

    def test_what_is_not_found_says_what_to_do(self, mia):
        answer = mia.get(f"{HELP}?q=xyzzy")
        assert "The help says nothing of this" in text_of(answer)
        assert f'href="{reverse("find_page")}?q=xyzzy"' in answer.text
        assert "Whom to ask: Ada" in text_of(answer)

    def test_markup_that_is_looked_for_stays_text(self, mia):
        answer = mia.get(HELP, {"q": "<script>alert(1)</script>"})
        assert "<script>alert" not in answer.text
        assert "The help says nothing of this" in text_of(answer)

    @pytest.mark.parametrize("word", ["section", "class", "href", "amp", "quot", "39"])
    def test_markup_of_the_page_is_not_searched(self, mia, word):
        answer = mia.get(f"{HELP}?q={word}")
        assert not re.search(r"<[^<>]*<mark", answer.text)
        assert not re.search(r"&[^;\s]*<mark", answer.text)

    def test_characters_of_patterns_are_ordinary(self, mia):
        assert anchors(mia.get(HELP, {"q": "g.ass"})) == []
        assert anchors(mia.get(HELP, {"q": "a+"})) == []

    def test_in_another_language_that_language_is_searched(self, cast, mia):
        User.objects.filter(pk=cast.mia.pk).update(language="he")
        with translation.override("he"):
            title = str(SECTIONS["restore"].title)
        answer = mia.get(HELP, {"q": title})
        assert 'dir="rtl"' in answer.text
        assert "restore" in anchors(answer)
        assert "<mark>" in answer.text
        assert anchors(mia.get(HELP, {"q": "weekend"})) == []

    def test_it_goes_together_with_the_own_role_and_tells_of_the_rest(self, cast, signed_in):
        answer = signed_in(cast.vera).get(f"{HELP}?for=me&q=glass")
        assert anchors(answer) == ["glossary"]
        assert "1 more is for other roles" in text_of(answer)

    def test_nothing_but_spaces_is_no_search(self, mia):
        assert anchors(mia.get(f"{HELP}?q=++")) == list(SECTIONS)

    def test_what_is_too_long_is_refused_and_everything_is_shown(self, mia):
        answer = mia.get(HELP, {"q": "x" * 5000})
        assert anchors(answer) == list(SECTIONS)
        assert 'class="error"' in answer.text


class TestMarking:
    def test_entities_and_attributes_stay(self):
        html = '<p title="grace">Ada &amp; the <b>grace</b> &lt;time&gt; <br/>1 < 2</p>'
        assert marked(html, words_of("grace")) == (
            '<p title="grace">Ada &amp; the <b><mark>grace</mark></b> &lt;time&gt; <br/>1 &lt; 2</p>'
        )

    def test_what_stands_around_a_match_and_the_match_itself_are_escaped(self):
        assert marked("1 &lt; grace &amp; 2", words_of("grace")) == "1 &lt; <mark>grace</mark> &amp; 2"
        assert marked("1 &lt; 2", words_of("<")) == "1 <mark>&lt;</mark> 2"

    def test_the_longer_of_two_words_wins(self):
        assert marked("frozen freeze", words_of("free freeze")) == "frozen <mark>freeze</mark>"

    def test_letters_are_the_same_however_they_are_composed(self):
        assert marked("Pru\u0308fung", words_of("pr\u00fcf")) == "<mark>Pr\u00fcf</mark>ung"


def test_the_search_over_everything_finds_what_the_help_says(mia):
    page = mia.get(reverse("find_page"), {"q": "break the glass"}).text
    assert f'href="{HELP}#guarding"' in page
