"""Marking and signing, as people do it."""

from collections.abc import Callable

from django.urls import reverse

from snapportal.accounts.models import User
from snapshots.audit.models import Entry
from snapshots.operations.errors import OperationRefusedError
from snapshots.reviews import marking, queries, signing
from snapshots.reviews.models import Mark, Review, Verdict
from snapshots.reviews.signing import Wish
from tests.support.actors import actor_of

HTMX = {"HX-Request": "true"}
LIST, ENTRIES, SIGN = "review_list", "review_entries", "review_sign"


def mark_url(entry: Entry) -> str:
    return reverse("review_mark", args=[entry.sequence])


def current(entry: Entry) -> Mark | None:
    return Mark.objects.filter(sequence=entry.sequence, is_current=True).first()


def marked(person: User, entry: Entry, verdict: Verdict = Verdict.FINE, note: str = "") -> Mark:
    """By a person who sees the present mark."""
    seen = queries.current_marks([entry]).get(entry.sequence)
    return marking.mark(
        actor=actor_of(person), entry=entry, verdict=verdict, note=note, seen=seen.pk if seen else None
    )


def wish(last: int | None = None, **more: object) -> Wish:
    """All that is not reviewed, or as far as `last`."""
    span = queries.unreviewed()
    return Wish(span.first, span.last if last is None else last, **more)


def signed(person: User, last: int | None = None, **more: object) -> Review:
    return signing.sign(actor=actor_of(person), wish=wish(last, **more))


def code_of(call: Callable[[], object]) -> str:
    """The code of the refusal; '' if it is not refused."""
    try:
        call()
    except OperationRefusedError as error:
        return error.code
    return ""


def newest() -> Entry:
    return Entry.objects.latest("sequence")
