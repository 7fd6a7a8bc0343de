"""Questions of reviewers: who was asked answers here, and sees of the log only what the question is about."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from snapshots.audit.models import Entry
from snapshots.audit.queries import LONGEST_HISTORY
from snapshots.operations.errors import OperationRefusedError
from snapshots.reviews import answering, queries, rows
from snapshots.reviews.models import REVIEW, Question
from snapshots.views.access import requires
from snapshots.views.actor import actor_of
from snapshots.views.forms.reviews import AnswerForm
from snapshots.views.live_pages import live
from snapshots.views.refused_forms import INCOMPLETE, refuse_beside_field, status_of
from snapshots.views.review_lines import shown_questions
from snapshots.views.texts import audit as texts
from snapshots.views.texts.refusals import refusal_words


@live()
@requires("signed_in", "GET", "HEAD")
def question_list(request: HttpRequest) -> HttpResponse:
    """What the person was asked."""
    questions = queries.questions_to(request.user.pk or 0)
    context = {
        "waiting": shown_questions(one for one in questions if one.is_open and not one.is_answered),
        "others": shown_questions(one for one in questions if not one.is_open or one.is_answered),
    }
    return render(request, "reviews/question_list.html", context)


@requires("signed_in", "GET", "HEAD", "POST")
def question_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """For who was asked, and for reviewers; nobody else learns whether it exists."""
    question = Question.objects.prefetch_related("answers").filter(pk=pk).first()
    is_asked = question is not None and question.asked_id == request.user.pk
    if question is None or not (is_asked or request.user.has_perm(REVIEW)):
        raise Http404
    if request.method != "POST":
        return _page(request, question, AnswerForm())
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _page(request, question, form, INCOMPLETE)
    try:
        answering.answer(actor=actor_of(request), pk=pk, text=form.cleaned_data["text"])
    except OperationRefusedError as error:
        refuse_beside_field(form, error.code)
        question.refresh_from_db()
        return _page(request, question, form, error.code)
    return redirect("question_detail", pk)


def _page(request: HttpRequest, question: Question, form: AnswerForm, code: str = "") -> HttpResponse:
    (shown,) = shown_questions([question])
    is_asked = question.asked_id == request.user.pk
    context = {
        "shown": shown,
        "question": question,
        "form": form,
        "is_asked": is_asked,
        "may_answer": is_asked and question.is_open and len(shown.answers) < answering.MOST_ANSWERS,
        "may_review": request.user.has_perm(REVIEW),
        "refusal": refusal_words(code) if code and code != INCOMPLETE else None,
        **_facts(rows.find_row(question.sequence)),
    }
    return render(request, "reviews/question_detail.html", context, status=status_of(code))


def _facts(entry: Entry | None) -> dict[str, Any]:
    """What the question is about, of an operation as it was requested and as it is now."""
    if entry is None:
        return {}
    history = entry.history.fetch(LONGEST_HISTORY) or [entry]
    return {
        "first": history[0],
        "headline_html": texts.headline_html(history[0]),
        "result": texts.result_badge(history[-1]),
        "why": texts.code_words(history[-1]),
        "channel": texts.channel_words(history[0].channel),
        "account": rows.addressee_of(entry).account,
    }
