"""Texts of batches and restore points."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext_lazy

from snapshots.jobs.models import Job, JobState
from snapshots.jobs.outcomes import DONE, Outcome
from snapshots.views.texts.base import Badge, Words
from snapshots.views.texts.refusals import REFUSAL_WORDS

OUTCOME_BADGES = {
    Outcome.WAITING: Badge("neutral", lazy("Not begun")),
    Outcome.RUNNING: Badge("moving", lazy("In progress")),
    Outcome.COMPLETED: Badge("ok", lazy("Completed")),
    Outcome.PLANNED: Badge("ok", lazy("Planned")),
    Outcome.UNKNOWN: Badge("warn", lazy("Unknown")),
    Outcome.FAILED: Badge("bad", lazy("Not completed")),
    Outcome.LEFT_OUT: Badge("neutral", lazy("Left out")),
}
EXISTS = Badge("ok", lazy("Still there"))
GONE = Badge("bad", lazy("No longer there"))
NOT_KNOWN = Badge("neutral", lazy("Not known now"))

RUNNING = Words(
    "moving",
    lazy("It is running"),
    lazy(
        "It goes on with this page closed. Each item goes on by itself: one that fails does not stop the others."
    ),
)
ALL_DONE = Words("ok", lazy("All of it is done"), lazy("Every item completed."))
PARTLY_DONE = Words(
    "bad",
    lazy("Not all of it was done"),
    lazy("What completed stays as it is. Each row says what happened to it."),
)
NOTHING_DONE = Words("bad", lazy("None of it was done"), lazy("Each row says why."))
CANCELLED = Words(
    "neutral",
    lazy("It was cancelled"),
    lazy("Nothing further begins. What had been sent already goes on at the provider."),
)
UNKNOWN_NOTE = lazy(
    "A result that is not known is not tried again, because it may have happened. It is settled by what the provider lists "
    "later, or by a person."
)


def result_words(job: Job, outcomes: Iterable[Outcome]) -> Words:
    """What a batch means as a whole."""
    found = set(outcomes)
    if job.is_running:
        return RUNNING
    if job.state == JobState.CANCELLED:
        return CANCELLED
    if found <= DONE:
        return ALL_DONE
    return PARTLY_DONE if found & (DONE | {Outcome.UNKNOWN}) else NOTHING_DONE


_OTHERS: Final = {
    Outcome.PLANNED: ngettext_lazy("%d waits for its grace time", "%d wait for their grace time"),
    Outcome.RUNNING: ngettext_lazy("%d in progress", "%d in progress"),
    Outcome.WAITING: ngettext_lazy("%d not begun", "%d not begun"),
    Outcome.UNKNOWN: ngettext_lazy("%d with an unknown result", "%d with an unknown result"),
    Outcome.FAILED: ngettext_lazy("%d not completed", "%d not completed"),
    Outcome.LEFT_OUT: ngettext_lazy("%d left out", "%d left out"),
}


def summary_text(outcomes: Iterable[Outcome]) -> str:
    """'3 of 5 completed, 1 with an unknown result, 1 not completed'."""
    count = Counter(outcomes)
    parts = [
        _("%(done)d of %(total)d completed") % {"done": count[Outcome.COMPLETED], "total": count.total()}
    ]
    parts += [str(words % count[outcome]) for outcome, words in _OTHERS.items() if count[outcome]]
    return ", ".join(parts)


def why_not(code: str) -> str:
    """Why an item cannot be done now; '' if it can."""
    return str(REFUSAL_WORDS[code].title) if code else ""
