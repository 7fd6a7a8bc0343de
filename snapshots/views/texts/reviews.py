"""Texts of reviews: kinds of entries, marks, and who can be asked."""

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy

from snapshots.reviews.kinds import EVERYTHING, MATTERS
from snapshots.reviews.models import Verdict
from snapshots.reviews.rows import ACTOR_GONE, NO_ACTOR
from snapshots.views.texts.base import Badge

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

KIND_BADGES: Final[dict[str, Badge]] = {
    "unknown": Badge("warn", lazy("Unknown, or resolved")),
    "failed": Badge("bad", pgettext_lazy("entries of the log", "Failed")),
    "emergency": Badge("bad", lazy("Emergencies")),
    "refused": Badge("warn", pgettext_lazy("entries of the log", "Refused")),
    "sign_in": Badge("warn", lazy("Failed sign-ins")),
    "destroyed": Badge("neutral", lazy("Restores and deletions")),
    "observed": Badge("warn", lazy("Past this portal")),
    "guard": Badge("neutral", lazy("Protection lifted")),
    "rights": Badge("neutral", lazy("Rights and access")),
    "given_away": Badge("neutral", lazy("Exports and erasures")),
}
"""Kind of entries → its name and how grave it is."""
SHOWN: Final[dict[str, "StrPromise | str"]] = {
    MATTERS: lazy("What matters"),
    EVERYTHING: lazy("Everything"),
    **{kind: badge.text for kind, badge in KIND_BADGES.items()},
}
"""What the list of entries can show → its name."""
MARK_BADGES: Final[dict[str, Badge]] = {
    Verdict.FINE: Badge("ok", Verdict.FINE.label),
    Verdict.QUESTION: Badge("warn", Verdict.QUESTION.label),
    Verdict.FINDING: Badge("bad", Verdict.FINDING.label),
}
WHY_NOBODY: Final[dict[str, "StrPromise"]] = {
    NO_ACTOR: lazy("Nobody can be asked: no person acted."),
    ACTOR_GONE: lazy("Nobody can be asked: whoever acted has no active account any more."),
}


def marked_text(verdict: str) -> str:
    """For screen readers, after an entry was marked."""
    return _("Marked: %(mark)s") % {"mark": Verdict(verdict).label}
