"""Marks on rows of the log."""

import uuid
from functools import partial

import pytest
from django.utils import timezone

from snapportal.accounts.models import Role, User
from snapshots.audit import journal
from snapshots.audit.models import Entry
from snapshots.reviews import marking, queries
from snapshots.reviews.models import Mark, Question, Verdict
from tests.support.actors import actor_of
from tests.support.reviews import code_of, current, marked, newest, signed

pytestmark = pytest.mark.django_db(transaction=True)


def test_fine_is_no_row_of_the_log(cast, rows):
    before = newest().sequence
    one = marked(cast.aron, rows.of_mia)
    assert (one.verdict, one.person_id, one.recorded_in) == (Verdict.FINE, cast.aron.pk, None)
    assert newest().sequence == before


@pytest.mark.parametrize("verdict", [Verdict.QUESTION, Verdict.FINDING])
def test_a_question_and_a_finding_are_rows_with_the_number_and_the_hash_of_theirs(cast, rows, verdict):
    one = marked(cast.aron, rows.of_mia, verdict, "Why?")
    row = newest()
    assert (row.action, row.target, row.reason) == (f"review.{verdict}", "1", "Why?")
    assert (row.actor_id, row.result, row.sequence) == (cast.aron.pk, "completed", one.recorded_in)
    assert rows.of_mia.hash in row.full_evidence


@pytest.mark.parametrize("verdict", [Verdict.QUESTION, Verdict.FINDING])
@pytest.mark.parametrize("note", ["", "  \n", "\u200b"])
def test_a_question_and_a_finding_say_what_they_are(cast, rows, verdict, note):
    assert code_of(partial(marked, cast.aron, rows.of_mia, verdict, note)) == "reason_missing"
    assert not Mark.objects.exists()
    assert (newest().result, newest().code) == ("refused", "reason_missing")


def test_nobody_marks_what_they_did(cast, rows):
    for verdict in Verdict:
        assert code_of(partial(marked, cast.aron, rows.of_aron, verdict, "mine")) == "review_own_row"
    assert not Mark.objects.exists()
    assert (newest().action, newest().result) == ("review.finding", "refused")
    assert newest().target == str(rows.of_aron.sequence)


def test_nobody_marks_what_a_service_account_of_theirs_did(cast, rows):
    robot = User.objects.create_user("robot", None, name="Robot", role=Role.OPERATOR, service_owner=cast.aron)
    row = journal.record(actor_of(robot).entry(action="team.change"))
    assert code_of(partial(marked, cast.aron, row)) == "review_own_row"
    assert marked(cast.ada, row).person_id == cast.ada.pk


def test_nobody_marks_an_operation_that_they_settled(cast):
    data = journal.EntryData(action="snapshot.create", settled_by="Aron", settled_by_id=cast.aron.pk)
    row = journal.record(data)
    assert code_of(partial(marked, cast.aron, row)) == "review_own_row"


def test_nobody_marks_an_operation_in_which_another_row_is_theirs(cast):
    number = uuid.uuid4()
    with journal.committed():
        journal.intend(actor_of(cast.aron).entry(action="snapshot.create", operation_id=number))
        row = journal.conclude(
            journal.EntryData(action="snapshot.create", operation_id=number, result="completed")
        )
    assert code_of(partial(marked, cast.aron, row)) == "review_own_row"
    assert queries.current_marks([row]) == {}


def test_only_people_who_may_review_mark(cast, rows):
    assert code_of(partial(marked, cast.mia, rows.of_omar)) == "not_allowed_any_more"
    fine = partial(marking.mark_fine, actor=actor_of(cast.mia), sequences=[2])
    assert code_of(fine) == "not_allowed_any_more"
    assert (newest().action, newest().result) == ("review.fine", "refused")
    assert not Mark.objects.exists()


def test_another_mark_keeps_the_former_one(cast, rows):
    first = marked(cast.aron, rows.of_mia, Verdict.FINDING, "No reason")
    second = marked(cast.ada, rows.of_mia, Verdict.FINE, "Agreed by phone")
    assert [one.pk for one in queries.marks_of([1])] == [first.pk, second.pk]
    assert current(rows.of_mia) == second
    first.refresh_from_db()
    assert (first.verdict, first.note, first.person_id) == (Verdict.FINDING, "No reason", cast.aron.pk)
    row = newest()
    assert (row.action, row.sequence) == ("review.fine", second.recorded_in)
    assert "finding before" in row.evidence


def test_a_mark_that_somebody_changed_meanwhile_is_not_overwritten(cast, rows):
    marked(cast.ada, rows.of_mia, Verdict.FINDING, "No reason")
    late = partial(marking.mark, actor=actor_of(cast.aron), entry=rows.of_mia, verdict=Verdict.FINE)
    assert code_of(late) == "review_mark_changed"
    assert current(rows.of_mia).verdict == Verdict.FINDING


def test_the_same_mark_again_changes_nothing(cast, rows):
    send = partial(
        marking.mark, actor=actor_of(cast.aron), entry=rows.of_mia, verdict=Verdict.FINDING, note="Why"
    )
    assert send() == send()
    assert Mark.objects.count() == 1
    assert Entry.objects.filter(action="review.finding").count() == 1


def test_many_at_once_are_fine_but_those_with_a_mark_and_ones_own(cast, rows):
    marked(cast.ada, rows.of_mia, Verdict.FINDING, "No reason")
    assert marking.mark_fine(actor=actor_of(cast.aron), sequences=[1, 2, 3, 4, 99]) == 2
    fine = Mark.objects.filter(verdict=Verdict.FINE).values_list("sequence", flat=True)
    assert sorted(fine) == [2, 4]
    assert current(rows.of_mia).verdict == Verdict.FINDING


def test_what_is_signed_is_not_fine_in_masses_and_each_mark_on_it_is_a_row(cast, rows):
    signed(cast.aron)
    assert marking.mark_fine(actor=actor_of(cast.aron), sequences=[1, 2]) == 0
    one = marked(cast.aron, rows.of_mia)
    assert one.recorded_in == newest().sequence
    assert newest().action == "review.fine"


def test_a_mark_stays_for_its_row_when_the_operation_goes_on(cast):
    number = uuid.uuid4()
    data = actor_of(cast.mia).entry(action="snapshot.create", operation_id=number)
    with journal.committed():
        intent = journal.intend(data)
    one = marked(cast.aron, intent)
    with journal.committed():
        end = journal.conclude(
            actor_of(cast.mia).entry(action="snapshot.create", operation_id=number, result="failed")
        )
    assert queries.current_marks([end]) == {end.sequence: one}
    assert one.sequence == intent.sequence
    other = marked(cast.aron, end, Verdict.FINDING, "It failed")
    assert queries.current_marks([end]) == {end.sequence: other}
    assert queries.current_marks([intent]) == {intent.sequence: one}


def test_a_long_note_is_stored_up_to_its_limit(cast, rows):
    one = marked(cast.aron, rows.of_mia, Verdict.FINDING, "x" * 10_000)
    assert one.note == newest().reason == "x" * marking.NOTE_MAX_LENGTH


def test_a_question_goes_to_who_acted(cast, rows, question):
    asked = Question.objects.get()
    assert (asked.asked_id, asked.asker_id) == (cast.mia.pk, cast.aron.pk)
    assert (asked.sequence, asked.pk) == (1, question.sequence)
    assert "asks “Mia”" in question.full_evidence
    assert question.evidence == ""


def test_a_question_about_a_service_account_goes_to_its_keeper(cast):
    robot = User.objects.create_user("robot", None, name="Robot", role=Role.OPERATOR, service_owner=cast.mia)
    row = journal.record(actor_of(robot).entry(action="team.change"))
    marked(cast.aron, row, Verdict.QUESTION, "Why?")
    assert Question.objects.get().asked_id == cast.mia.pk


def test_nobody_can_be_asked_where_nobody_acted_or_the_account_is_gone(cast, rows):
    User.objects.filter(pk=cast.omar.pk).update(is_active=False)
    for row in (rows.of_nobody, rows.of_omar):
        ask = partial(marked, cast.aron, row, Verdict.QUESTION, "Why?")
        assert code_of(ask) == "review_nobody_to_ask"
        assert marked(cast.aron, row, Verdict.FINDING, "Nobody can say").verdict == Verdict.FINDING


def test_any_later_mark_settles_the_question(cast, rows, question):
    marked(cast.ada, rows.of_mia, Verdict.FINE)
    asked = Question.objects.get()
    assert asked.settled_by_id == cast.ada.pk
    assert asked.settled_at <= timezone.now()


def test_another_question_takes_the_place_of_the_first(cast, rows, question):
    marked(cast.aron, rows.of_mia, Verdict.QUESTION, "And who agreed?")
    assert [one.text for one in queries.open_questions()] == ["And who agreed?"]
    assert Question.objects.count() == 2


def going_on(person) -> tuple[Entry, uuid.UUID]:
    """An operation that has begun."""
    number = uuid.uuid4()
    with journal.committed():
        first = journal.intend(actor_of(person).entry(action="snapshot.create", operation_id=number))
    return first, number


def ended(person, number: uuid.UUID) -> Entry:
    data = actor_of(person).entry(action="snapshot.create", operation_id=number, result="failed")
    with journal.committed():
        return journal.conclude(data)


def test_a_mark_of_the_end_of_an_operation_settles_what_was_asked_about_its_beginning(cast, rows, question):
    intent, number = going_on(cast.mia)
    marked(cast.aron, intent, Verdict.QUESTION, "Why now?")
    end = ended(cast.mia, number)
    assert [one.text for one in queries.open_questions_about([end])[end.sequence]] == ["Why now?"]
    assert marking.mark_fine(actor=actor_of(cast.ada), sequences=[end.sequence]) == 0
    assert queries.waiting_for(cast.mia.pk) == 2
    marked(cast.ada, end, Verdict.FINE)
    assert [one.text for one in queries.open_questions()] == ["Why on a Sunday?"]
    assert Question.objects.get(sequence=intent.sequence).settled_by_id == cast.ada.pk
    assert queries.open_questions_about([end]) == {}


def test_what_was_asked_about_the_end_stays_open_when_the_beginning_is_marked(cast):
    intent, number = going_on(cast.mia)
    end = ended(cast.mia, number)
    marked(cast.aron, end, Verdict.QUESTION, "Why did it fail?")
    marked(cast.ada, intent)
    assert len(queries.open_questions()) == 1


def test_what_was_asked_meanwhile_about_the_beginning_is_not_settled_unseen(cast):
    intent, number = going_on(cast.mia)
    end = ended(cast.mia, number)
    marked(cast.ada, intent, Verdict.QUESTION, "Why now?")
    late = partial(marking.mark, actor=actor_of(cast.aron), entry=end, verdict=Verdict.FINE)
    assert code_of(late) == "review_mark_changed"
    assert len(queries.open_questions()) == 1
