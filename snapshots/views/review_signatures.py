"""The page that signs a review."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from snapshots.operations.errors import OperationRefusedError
from snapshots.reviews import kinds, queries, signing
from snapshots.reviews.kinds import MATTERS
from snapshots.reviews.models import REVIEW
from snapshots.reviews.queries import Unreviewed
from snapshots.reviews.signing import Wish
from snapshots.views.access import raise_if_rights_changed, requires
from snapshots.views.actor import actor_of
from snapshots.views.entry_lines import sequence_from
from snapshots.views.forms.reviews import SignForm
from snapshots.views.refused_forms import INCOMPLETE, status_of
from snapshots.views.review_lines import shown_questions
from snapshots.views.texts import audit as texts
from snapshots.views.texts.refusals import refusal_words
from snapshots.views.texts.statements import evidence_html

QUESTIONS_SHOWN = 20


@requires(REVIEW, "GET", "HEAD", "POST", proof="form")
def review_sign(request: HttpRequest) -> HttpResponse:
    """The form has the rows that the person saw: rows that came after the page before it was shown are not signed."""
    span = queries.unreviewed()
    if request.method != "POST":
        return _page(request, span, SignForm(initial=_offered(span, sequence_from(request, "last"))))
    form = SignForm(request.POST)
    if not form.is_valid():
        return _page(request, span, form, INCOMPLETE)
    wish = Wish(**form.cleaned_data)
    try:
        review = signing.sign(actor=actor_of(request), wish=wish)
    except OperationRefusedError as error:
        raise_if_rights_changed(request, error, REVIEW)
        if error.code == "review_moved":  # the rows that are left
            form = SignForm(initial=_offered(span, wish.last) | {"statement": wish.statement})
        damage = signing.verify(wish.first, wish.last) if error.code == "review_damaged" else None
        return _page(request, span, form, error.code, damage)
    return redirect("review_detail", review.pk)


def _offered(span: Unreviewed, last: int | None) -> dict[str, Any]:
    """`last`: the last row that the person wants to sign, or has seen. Without one that can be signed, all rows."""
    is_open = last is not None and span.first <= last <= span.last
    return {"first": span.first, "last": last if is_open else span.last}


def _page(
    request: HttpRequest,
    span: Unreviewed,
    form: SignForm,
    code: str = "",
    damage: signing.Verified | None = None,
) -> HttpResponse:
    tally = signing.count(request.user.pk or 0, span.first, span.last)
    questions = queries.open_questions(until=span.last)
    context: dict[str, Any] = {
        "span": span,
        "form": form,
        "tally": tally,
        "matters": texts.counted_words(kinds.listing_of(MATTERS, span.first).count()) if span.count else "",
        "own_words": texts.count_words(tally.own_rows),
        "questions": shown_questions(questions[:QUESTIONS_SHOWN]),
        "open": len(questions),
        "refusal": refusal_words(code) if code and code != INCOMPLETE else None,
        "damage": damage,
        "problem": evidence_html(damage.problem) if damage else "",
        "is_long": span.count > signing.MOST_VERIFIED,
    }
    return render(request, "reviews/review_sign.html", context, status=status_of(code))
