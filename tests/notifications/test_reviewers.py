"""Who is told of a reviewer's question, and of its answer."""

import pytest
from django.urls import reverse

from snapportal.accounts.models import Role, User
from snapshots.audit import journal
from snapshots.notifications import rules
from snapshots.notifications.models import Event, Kind, Notification, Scope
from snapshots.notifications.pages import page_path
from snapshots.notifications.rules import Choice
from snapshots.notifications.texts import title
from snapshots.reviews import answering
from snapshots.reviews.models import Question, Verdict
from tests.support.actors import actor_of
from tests.support.notifying import read_log
from tests.support.reviews import code_of, marked

pytestmark = pytest.mark.django_db


def told() -> list[tuple[int, str, str]]:
    read_log()
    found = Notification.objects.filter(event__kind=Kind.REVIEW).select_related("event")
    return [(one.person_id, title(one.event), page_path(one.event)) for one in found.order_by("pk")]


def ask(cast, person: User) -> Question:
    read_log()
    row = journal.record(actor_of(person).entry(action="team.change"))
    marked(cast.aron, row, Verdict.QUESTION, "Why?")
    return Question.objects.get()


def test_only_who_is_asked_is_told(cast):
    question = ask(cast, cast.mia)
    words = f"A reviewer of the audit log asks you about row {question.sequence}"
    assert told() == [(cast.mia.pk, words, reverse("question_detail", args=[question.pk]))]


def test_the_keeper_is_told_of_a_question_about_a_service_account(cast):
    robot = User.objects.create_user("robot", None, name="Robot", role=Role.OPERATOR, service_owner=cast.omar)
    ask(cast, robot)
    assert [person for person, _title, _page in told()] == [cast.omar.pk]


def test_who_asked_is_told_of_the_answer(cast):
    question = ask(cast, cast.mia)
    Event.objects.all().delete()
    answering.answer(actor=actor_of(cast.mia), pk=question.pk, text="So that")
    words = "Your question about an entry of the audit log was answered"
    page = reverse("question_detail", args=[question.pk])
    assert told()[1:] == [(cast.aron.pk, words, page)]


def test_refused_questions_and_answers_are_told_to_nobody(cast):
    read_log()
    row = journal.record(actor_of(cast.aron).entry(action="team.change"))
    assert code_of(lambda: marked(cast.aron, row, Verdict.QUESTION, "Why?"))
    assert code_of(lambda: answering.answer(actor=actor_of(cast.mia), pk=1, text="So that"))
    assert told() == []


def test_a_question_is_always_told_in_the_portal(cast):
    rules.set_choices(cast.mia.pk, {Kind.REVIEW: Choice(Scope.OFF, Scope.OFF)})
    ask(cast, cast.mia)
    assert len(told()) == 1
