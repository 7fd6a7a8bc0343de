"""Pages of reviews of the audit log: what is not reviewed, going through it, marking, and signed reviews."""

from dataclasses import dataclass, replace
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import ngettext
from django_htmx.http import trigger_client_event

from snapshots.audit.models import Entry
from snapshots.operations.errors import OperationRefusedError
from snapshots.reviews import kinds, marking, queries, rows
from snapshots.reviews.content import content_of, contents_of
from snapshots.reviews.kinds import MATTERS
from snapshots.reviews.models import REVIEW, Question, Review, Verdict
from snapshots.views.access import raise_if_rights_changed, requires
from snapshots.views.actor import actor_of
from snapshots.views.entry_lines import sequence_from
from snapshots.views.forms.reviews import MarkForm
from snapshots.views.live_pages import live
from snapshots.views.marks import names_of_people
from snapshots.views.refused_forms import INCOMPLETE, status_of
from snapshots.views.review_lines import ReviewLine, review_lines, shown_questions
from snapshots.views.texts import audit as audit_texts
from snapshots.views.texts.base import Badge
from snapshots.views.texts.refusals import refusal_words
from snapshots.views.texts.reviews import KIND_BADGES, SHOWN, marked_text

PAGE_SIZE: Final = 25
REVIEWS_SHOWN: Final = 50
OPEN_SHOWN: Final = 20


@dataclass(frozen=True)
class FigureLine:
    """A kind of entries, how many there are, and the query string that lists them."""

    badge: Badge
    count: str
    query: str


@dataclass(frozen=True)
class ReviewRow:
    """`is_recorded`: whether the log has a row that says the same. `content`: what is known of its rows."""

    review: Review
    person: str
    is_recorded: bool
    content: str


@live()
@requires(REVIEW, "GET", "HEAD")
def review_list(request: HttpRequest) -> HttpResponse:
    span = queries.unreviewed()
    reviews = list(Review.objects.all()[:REVIEWS_SHOWN])
    names, contents = names_of_people(one.person_id for one in reviews), contents_of(reviews)
    questions = shown_questions(queries.open_questions())
    context = {
        "span": span,
        "oldest": rows.find_row(span.first) if span.count else None,
        "figures": _figures(span.first) if span.count else [],
        "questions": questions[:OPEN_SHOWN],
        "answered": sum(one.question.is_answered for one in questions),
        "waiting": sum(not one.question.is_answered and not one.is_gone for one in questions),
        "reviews": [
            ReviewRow(one, names.get(one.person_id, ""), queries.is_recorded(one), contents[one.pk].value)
            for one in reviews
        ],
    }
    return render(request, "reviews/review_list.html", context)


def _figures(first: int) -> list[FigureLine]:
    return [
        FigureLine(KIND_BADGES[one.kind], audit_texts.counted_words(one.count), urlencode({"show": one.kind}))
        for one in kinds.figures(first)
    ]


@requires(REVIEW, "GET", "HEAD")
def review_entries(request: HttpRequest) -> HttpResponse:
    """The entries since the last review, newest first: what matters, everything, or one kind."""
    shown = request.GET.get("show", MATTERS)
    if shown not in SHOWN:
        raise Http404
    span = queries.unreviewed()
    listing = kinds.listing_of(shown, span.first)
    found = listing.page(
        PAGE_SIZE, before=sequence_from(request, "before"), after=sequence_from(request, "after")
    )
    lines = review_lines(found.entries, request.user.pk or 0)
    count = listing.count()
    here = request.GET.urlencode()
    context = {
        "span": span,
        "shown": shown,
        "choices": [(one, name, one == shown) for one, name in SHOWN.items()],
        "lines": lines,
        "unmarked": [one for one in lines if not one.is_marked and not one.is_own and not one.questions],
        "count": count.number,
        "count_words": audit_texts.counted_words(count),
        "looked_at": found.looked_at,
        "page": {
            "newer": "" if found.newer is None else urlencode({"show": shown, "after": str(found.newer)}),
            "older": "" if found.older is None else urlencode({"show": shown, "before": str(found.older)}),
        },
        "next": here,
    }
    return render(request, "reviews/review_entries.html", context)


@requires(REVIEW, "POST", page="review_entries")
def review_fine(request: HttpRequest) -> HttpResponse:
    """Mark the entries of a page as fine, but those that have a mark."""
    wanted = [int(one) for one in request.POST.getlist("row") if one.isdecimal() and len(one) < 19]  # noqa: PLR2004
    try:
        number = marking.mark_fine(actor=actor_of(request), sequences=wanted)
    except OperationRefusedError as error:
        raise_if_rights_changed(request, error, REVIEW)
        raise
    words = ngettext("%(n)d entry is marked as fine.", "%(n)d entries are marked as fine.", number)
    messages.success(request, words % {"n": number})
    return redirect(_list_url(request))


def _list_url(request: HttpRequest) -> str:
    """The page of the list from which a form was sent."""
    sent = QueryDict(request.POST.get("next", ""))
    query = urlencode({name: sent[name] for name in ("show", "before", "after") if name in sent})
    return f"{reverse('review_entries')}?{query}" if query else reverse("review_entries")


@requires(REVIEW, "GET", "HEAD", "POST")
def review_mark(request: HttpRequest, sequence: int) -> HttpResponse:
    """One entry with its form. From the list, htmx exchanges the entry alone."""
    entry = rows.find_row(sequence)
    if entry is None:
        raise Http404
    if request.method != "POST":
        return _mark_page(request, entry)
    form = MarkForm(request.POST)
    if not form.is_valid():
        return _mark_page(request, entry, form, INCOMPLETE)
    verdict, note = Verdict(form.cleaned_data["verdict"]), form.cleaned_data["note"]
    try:
        marking.mark(
            actor=actor_of(request), entry=entry, verdict=verdict, note=note, seen=form.cleaned_data["seen"]
        )
    except OperationRefusedError as error:
        raise_if_rights_changed(request, error, REVIEW)
        return _mark_page(request, entry, form, error.code)
    if request.htmx:  # type: ignore[attr-defined]
        return trigger_client_event(_mark_page(request, entry), "announce", {"text": marked_text(verdict)})
    if "next" in request.POST:
        return redirect(f"{_list_url(request)}#row-{sequence}")
    return redirect("entry_detail", sequence)


def _mark_page(
    request: HttpRequest, entry: Entry, form: MarkForm | None = None, code: str = ""
) -> HttpResponse:
    """Alone, as htmx asks for it, it has the status 200, since it is exchanged whether or not it was refused."""
    line: ReviewLine
    (line,) = review_lines([entry], request.user.pk or 0)
    refusal = refusal_words(code) if code and code != INCOMPLETE else None
    line = replace(line, form=form, refusal=refusal, is_open=form is not None)
    context: dict[str, Any] = {"line": line, "next": request.POST.get("next")}
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "reviews/_entry.html", context)
    context |= {"is_alone": True, "list_url": _list_url(request), "headline": audit_texts.headline(entry)}
    return render(request, "reviews/review_mark.html", context, status=status_of(code))


@live()
@requires(REVIEW, "GET", "HEAD")
def review_detail(request: HttpRequest, pk: int) -> HttpResponse:
    review = Review.objects.filter(pk=pk).first()
    if review is None:
        raise Http404
    noted = queries.notes_in(review)
    entries = {
        one.sequence: one
        for one in Entry.objects.numbered()
        .filter(sequence__in=[one.sequence for one in noted])
        .order_by("-sequence")
        .fetch(len(noted))
    }
    names = names_of_people([review.person_id, *(one.person_id for one in noted)])
    context = {
        "review": review,
        "person": names.get(review.person_id, ""),
        "is_recorded": queries.is_recorded(review),
        "content": content_of(review).value,
        "lines": review_lines(entries.values(), request.user.pk or 0),
        "questions": shown_questions(
            Question.objects.filter(
                settled_at=None, sequence__range=(review.first, review.last)
            ).prefetch_related("answers")[:OPEN_SHOWN]
        ),
        "more": len(noted) >= queries.MOST_NOTES,
    }
    return render(request, "reviews/review_detail.html", context)
