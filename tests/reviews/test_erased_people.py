"""People who were asked or who reviewed, and are erased: their names are gone, and what was said stays."""

import pytest
from django.urls import reverse

from snapportal.accounts import erasure
from snapportal.accounts.models import User
from snapshots.audit import verification
from snapshots.audit.models import Entry
from snapshots.reviews import answering, queries
from snapshots.reviews.content import Content, content_of
from tests.support.actors import actor_of
from tests.support.database_text import database_text
from tests.support.reviews import signed

pytestmark = pytest.mark.django_db(transaction=True)


def erase(person: User, by: User) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)
    person.refresh_from_db()
    erasure.erase_person(person, reason="left", actor=actor_of(by))


def test_the_name_of_who_was_asked_is_gone_and_the_thread_stays(cast, question, signed_in):
    answering.answer(actor=actor_of(cast.mia), pk=question.sequence, text="The disk was full")
    erase(cast.mia, cast.ada)
    assert "Mia" not in database_text()
    row = Entry.objects.get(sequence=question.sequence)
    assert row.full_evidence == ""
    assert row.erased_in("evidence_subject")
    aron = signed_in(cast.aron)
    for url in (reverse("question_detail", args=[question.sequence]), reverse("review_list")):
        page = aron.get(url).text
        assert "Erased (row" in page
        assert "Mia" not in page
    assert "The disk was full" in aron.get(reverse("review_entries")).text


def test_nobody_can_ask_who_is_erased(cast, rows, signed_in):
    erase(cast.mia, cast.ada)
    page = signed_in(cast.aron).get(reverse("review_mark", args=[rows.of_mia.sequence])).text
    assert "whoever acted has no active account any more" in page


def test_reviews_of_an_erased_reviewer_stay_valid(cast, rows, question, signed_in):
    review = signed(cast.aron)
    erase(cast.aron, cast.ada)
    assert "Aron" not in database_text()
    assert queries.is_recorded(review)
    assert content_of(review) is Content.SIGNED
    assert verification.check_log().holds
    page = signed_in(cast.ada).get(reverse("review_detail", args=[review.pk])).text
    assert "Erased (row" in page
