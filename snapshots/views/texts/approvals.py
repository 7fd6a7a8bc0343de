"""Texts of requests for approval."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as lazy

from snapshots.approvals.models import ApprovalRequest, State
from snapshots.views.texts.base import Badge
from snapshots.views.texts.refusals import refusal_words

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

REQUEST_BADGES: dict[str, Badge] = {
    State.WAITING: Badge("warn", State.WAITING.label),
    State.APPROVED: Badge("ok", State.APPROVED.label),
    State.BEGUN: Badge("ok", State.BEGUN.label),
    State.VOID: Badge("bad", State.VOID.label),
    State.DENIED: Badge("bad", State.DENIED.label),
    State.WITHDRAWN: Badge("neutral", State.WITHDRAWN.label),
    State.EXPIRED: Badge("neutral", State.EXPIRED.label),
}
_PRESENT: dict[str, "StrPromise"] = {
    "same": lazy("The snapshot is as it was when it was asked."),
    "changed": lazy("The snapshot has changed since: what was asked is void, and cannot begin."),
    "gone": lazy("The snapshot is gone: what was asked is void, and cannot begin."),
    "listed": lazy("The server is there."),
    "schedule_same": lazy("The schedule is as it was when it was asked."),
    "schedule_changed": lazy(
        "The schedule was changed or removed since: what was asked is void, and cannot begin."
    ),
    "unknown": lazy("How it is now is not known: your tokens do not show it."),
}


def present_text(change: str) -> "StrPromise":
    """`change`: what became of a snapshot, a server or a schedule since it was asked."""
    return _PRESENT[change]


def void_text(asked: ApprovalRequest) -> str:
    """Why an approved request could not begin; '' for any other."""
    if asked.state != State.VOID:
        return ""
    words = refusal_words(asked.code)
    return f"{words.title}. {words.meaning}"
