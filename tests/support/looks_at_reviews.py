"""Looks at the pages of reviews."""

from typing import Any

from django.test import Client
from django.urls import reverse

from snapshots.audit import journal
from snapshots.reviews.models import Question, Verdict
from tests.support.actors import actor_of
from tests.support.reviews import marked, signed
from tests.support.translated_texts import Inspector


def look_at_reviews(inspector: Inspector, people: Any, mia: Client, aron: Client) -> None:
    row = journal.record(
        actor_of(people.mia).entry(action="team.change", target="before-sunday-mail", reason="why")
    )
    other = journal.record(actor_of(people.omar).entry(action="team.change", target="before-sunday-mail"))
    marked(people.aron, row, Verdict.QUESTION, "why?")
    marked(people.aron, other, Verdict.FINDING, "why?")
    asked = reverse("question_detail", args=[Question.objects.get().pk])
    inspector.visit(mia, reverse("question_list"), shows="why?")
    inspector.visit(mia, asked, shows="before-sunday-mail")
    mia.post(asked, {"text": "why not?"})
    inspector.visit(aron, asked, shows="Mia")
    inspector.visit(aron, reverse("review_list"), shows="Mia")
    inspector.visit(aron, reverse("review_entries"), shows="before-sunday-mail")
    inspector.visit(aron, reverse("review_mark", args=[row.sequence]), shows="why not?")
    inspector.visit(aron, reverse("review_sign"), shows="Mia")
    review = signed(people.aron)
    inspector.visit(aron, reverse("review_detail", args=[review.pk]), shows="Aron")
    inspector.visit(aron, reverse("review_list"), shows="Aron")
    inspector.visit(aron, reverse("entry_detail", args=[row.sequence]), shows="Aron")
