"""Questions as the people see them who are asked."""

import pytest
from django.urls import reverse

from snapportal.accounts.models import Role, User
from snapshots.audit import journal
from snapshots.reviews.models import Answer, Question, Verdict
from tests.support.actors import actor_of
from tests.support.reviews import marked

pytestmark = pytest.mark.django_db(transaction=True)


def url_of(question) -> str:
    return reverse("question_detail", args=[question.sequence])


def test_who_is_asked_sees_it_on_every_page_until_it_is_answered(cast, question, signed_in):
    mia = signed_in(cast.mia)
    link = f'href="{reverse("question_list")}"'
    assert link in mia.get(reverse("help_page")).text
    assert "Why on a Sunday?" in mia.get(reverse("question_list")).text
    page = mia.get(url_of(question)).text
    assert "of_mia" in page
    assert "Why on a Sunday?" in page
    assert mia.post(url_of(question), {"text": "The disk was full"})["Location"] == url_of(question)
    assert "The disk was full" in mia.get(url_of(question)).text
    assert link not in mia.get(reverse("help_page")).text
    assert link in mia.get(reverse("account_detail")).text


def test_nothing_else_of_the_log_is_shown(cast, question, signed_in):
    page = signed_in(cast.mia).get(url_of(question)).text
    assert "/audit/" not in page
    assert "of_omar" not in page


@pytest.mark.parametrize("name", ["vera", "omar"])
def test_for_others_it_does_not_exist(cast, question, signed_in, name):
    browser = signed_in(getattr(cast, name))
    assert browser.get(url_of(question)).status_code == 404
    assert browser.post(url_of(question), {"text": "It was me"}).status_code == 404
    assert "Why on a Sunday?" not in browser.get(reverse("question_list")).text
    assert not Answer.objects.exists()


def test_a_reviewer_sees_it_and_does_not_answer_it(cast, question, signed_in):
    aron = signed_in(cast.aron)
    page = aron.get(url_of(question)).text
    assert "has not answered yet" in page
    assert 'name="text"' not in page
    answer = aron.post(url_of(question), {"text": "He was right"})
    assert answer.status_code == 409
    assert not Answer.objects.exists()


def test_the_reviewer_sees_the_answer_and_settles_it(cast, rows, question, signed_in):
    signed_in(cast.mia).post(url_of(question), {"text": "The disk was full"})
    aron = signed_in(cast.aron)
    assert "1 is answered and waits for you" in aron.get(reverse("review_list")).text
    assert "The disk was full" in aron.get(reverse("review_entries")).text
    marked(cast.aron, rows.of_mia, Verdict.FINE, "Understandable")
    assert "Open questions" not in aron.get(reverse("review_list")).text
    assert "settled it" in signed_in(cast.mia).get(url_of(question)).text


def test_an_answer_after_that_is_refused_with_what_was_typed(cast, rows, question, signed_in):
    marked(cast.aron, rows.of_mia)
    answer = signed_in(cast.mia).post(url_of(question), {"text": "The disk was full"})
    assert answer.status_code == 409
    assert "This question is settled" in answer.text


@pytest.mark.parametrize("text", ["", " ", "x" * 10_000])
def test_no_answer_and_one_of_ten_thousand_characters_are_shown_again(cast, question, signed_in, text):
    answer = signed_in(cast.mia).post(url_of(question), {"text": text})
    assert answer.status_code == 422
    assert not Answer.objects.exists()


def test_markup_in_question_and_answer_is_text(cast, rows, signed_in):
    marked(cast.aron, rows.of_mia, Verdict.QUESTION, "<script>alert(1)</script>")
    url = reverse("question_detail", args=[Question.objects.get().pk])
    mia = signed_in(cast.mia)
    mia.post(url, {"text": "<img src=x>"})
    for browser, place in ((mia, url), (signed_in(cast.aron), reverse("review_entries"))):
        page = browser.get(place).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;img src=x&gt;" in page


def test_the_keeper_of_a_service_account_is_told_which_it_is(cast, signed_in):
    robot = User.objects.create_user("robot", None, name="Robot", role=Role.OPERATOR, service_owner=cast.omar)
    row = journal.record(actor_of(robot).entry(action="team.change", target="backups"))
    marked(cast.aron, row, Verdict.QUESTION, "Why?")
    page = signed_in(cast.omar).get(reverse("question_list"))
    assert "Why?" in page.text
    page = signed_in(cast.omar).get(reverse("question_detail", args=[Question.objects.get().pk])).text
    assert "Robot" in page


def test_a_question_that_nobody_can_answer_any_more_says_so_and_can_be_settled(
    cast, rows, question, signed_in
):
    aron = signed_in(cast.aron)
    assert "1 waits for an answer" in aron.get(reverse("review_list")).text
    User.objects.filter(pk=cast.mia.pk).update(is_active=False)
    settle = f'href="{reverse("review_mark", args=[1])}"'
    for url in (reverse("review_list"), url_of(question)):
        page = aron.get(url).text
        assert "Nobody can answer any more" in page
        assert "has not answered yet" not in page
        assert settle in page
    listed = aron.get(reverse("review_list")).text
    assert "Not answered" not in listed
    assert "0 wait for an answer" in listed
