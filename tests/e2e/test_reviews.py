"""A review from end to end: an auditor asks, the actor answers, and the auditor settles it and signs."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from snapshots.audit import journal
from snapshots.reviews.models import Mark, Question, Review, Verdict
from tests.e2e.browsing import Site
from tests.support.actors import actor_of
from tests.support.reviews import current

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def row(cast):
    journal.record(actor_of(cast.omar).entry(action="team.change", target="mail"))
    return journal.record(actor_of(cast.mia).entry(action="team.change", target="backups", reason="Sunday"))


def test_a_question_is_asked_answered_settled_and_the_rows_are_signed(site: Site, cast, row):
    aron, mia = site.page(cast.aron), site.page(cast.mia)
    aron.goto(reverse("entry_list"))
    aron.get_by_role("link", name="Reviews").click()
    aron.get_by_role("link", name="Go through them").click()
    entry = aron.locator(f"#row-{row.sequence}")
    entry.get_by_text("Ask, or record a finding").click()
    entry.get_by_role("button", name="Ask", exact=True).click()
    expect(entry).to_contain_text("Write what you ask or found")
    entry.get_by_label("Question, finding or note").fill("Why on a Sunday?")
    entry.get_by_role("button", name="Ask", exact=True).click()
    expect(entry).to_contain_text("Mia has not answered yet")

    mia.goto(reverse("help_page"))
    mia.get_by_role("link", name="Questions").click()
    mia.get_by_role("link", name="About row").click()
    mia.get_by_label("Your answer").fill("Nobody worked with it then")
    mia.get_by_role("button", name="Answer", exact=True).click()
    expect(mia.locator("main")).to_contain_text("Nobody worked with it then")
    expect(mia.locator("#places")).not_to_contain_text("Questions")

    aron.goto(reverse("review_list"))
    aron.get_by_role("link", name="About row").click()
    aron.get_by_role("link", name="Settle it").click()
    aron.get_by_role("button", name="Fine").click()
    expect(aron.locator("main")).to_contain_text("Not reviewed yet")
    assert current(row).verdict == Verdict.FINE
    assert not Question.objects.get().is_open

    aron.goto(reverse("review_sign"))
    last = int(aron.get_by_label("Up to row").input_value())
    aron.get_by_label("Statement").fill("Weekly review")
    aron.get_by_role("button", name="Sign", exact=True).click()
    expect(aron.locator("main")).to_contain_text("are those that were signed")
    review = Review.objects.get()
    assert (review.first, review.last, review.fine, review.person_id) == (1, last, 1, cast.aron.pk)


def test_entries_are_marked_one_after_another_with_the_keyboard_alone(site: Site, cast, row):
    aron = site.page(cast.aron)
    aron.goto(f"{reverse('review_entries')}?show=everything")
    aron.locator("[data-fine]").first.focus()
    aron.keyboard.press("Enter")
    expect(aron.locator("#row-2 .badge.ok", has_text="Fine")).to_be_visible()
    expect(aron.locator("#row-1 [data-fine]")).to_be_focused()
    aron.keyboard.press("Enter")
    expect(aron.locator("#row-1 .badge.ok", has_text="Fine")).to_be_visible()
    assert Mark.objects.filter(verdict=Verdict.FINE, person_id=cast.aron.pk).count() == 2


def test_the_key_that_sends_a_form_does_not_choose_a_mark(site: Site, cast, row):
    aron = site.page(cast.aron)
    aron.goto(reverse("review_entries"))
    entry = aron.locator(f"#row-{row.sequence}")
    entry.get_by_text("Ask, or record a finding").click()
    entry.get_by_label("Question, finding or note").fill("Nobody was told")
    aron.keyboard.press("Control+Enter")
    expect(entry.get_by_role("button", name="Ask", exact=True)).to_be_focused()
    assert not Mark.objects.exists()
    aron.keyboard.press("Tab")
    aron.keyboard.press("Enter")
    expect(entry.locator(".badge.bad")).to_contain_text("Finding")
    assert (current(row).verdict, current(row).note) == (Verdict.FINDING, "Nobody was told")


def test_leaving_the_list_asks_first_while_a_note_is_not_sent(site: Site, cast, row):
    aron = site.page(cast.aron)
    asked: list[str] = []
    aron.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    aron.goto(reverse("review_entries"))
    entry = aron.locator(f"#row-{row.sequence}")
    entry.get_by_text("Ask, or record a finding").click()
    entry.get_by_label("Question, finding or note").fill("Nobody was told")
    aron.locator(".crumb a").click(no_wait_after=True)
    expect(entry.get_by_label("Question, finding or note")).to_have_value("Nobody was told")
    assert asked == ["beforeunload"]
    entry.get_by_role("button", name="Record a finding").click()
    expect(entry.locator(".badge.bad")).to_contain_text("Finding")
    aron.locator(".crumb a").click()
    aron.wait_for_url(f"**{reverse('review_list')}")
    assert asked == ["beforeunload"]


def test_without_javascript_it_works_too(site: Site, cast, row):
    aron = site.page(cast.aron, javascript=False)
    aron.goto(reverse("review_entries"))
    entry = aron.locator(f"#row-{row.sequence}")
    entry.get_by_text("Ask, or record a finding").click()
    entry.get_by_label("Question, finding or note").fill("Nobody was told")
    entry.get_by_role("button", name="Record a finding").click()
    expect(aron.locator(f"#row-{row.sequence}")).to_contain_text("Nobody was told")
    assert current(row).verdict == Verdict.FINDING
