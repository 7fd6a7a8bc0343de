"""Sentences of the monthly report: for each section its title, how it counts, and what it says when there is nothing."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext, pgettext_lazy

from snapshots.audit.models import Entry
from snapshots.audit.reporting.months import Month
from snapshots.audit.reporting.operations import ACTIONS as OPERATIONS
from snapshots.templatetags import formats
from snapshots.views.texts.audit import channel_words, code_words
from snapshots.views.texts.audit_actions import ACTIONS
from snapshots.views.texts.audit_names import RESULTS, SPECIAL_RESULTS
from snapshots.views.texts.base import Badge

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


OPEN_QUESTIONS: Final = lazy("Open questions")
FINDINGS: Final = lazy("Findings")


@dataclass(frozen=True)
class Words:
    """`none`: what the section says when it counts nothing."""

    title: "StrPromise"
    how: "StrPromise"
    none: "StrPromise"


SECTIONS: Final[dict[str, Words]] = {
    "operations": Words(
        lazy("Operations"),
        lazy(
            "An operation counts once, with the result that it had when the period ended, in the month in which that result was "
            "recorded. One that was asked for in October and ended in November is open in the report of October, and counts as "
            "ended in that of November."
        ),
        lazy("No operation was asked for, ended or refused."),
    ),
    "doubts": Words(
        lazy("Unknown results, and how they were resolved"),
        lazy(
            "Operations that were unknown in this period, that were resolved in it, or that were still unknown from an earlier "
            "month. An operation without any result five minutes before the end of the period counts as unknown."
        ),
        lazy("No result was unknown."),
    ),
    "glass": Words(
        lazy("Broken glass and overrides"),
        lazy(
            "Each time that somebody began without the approval that a policy asks for, or sent an operation to a server that a "
            "restore held."
        ),
        lazy("The glass was not broken, and no hold of a server was overridden."),
    ),
    "refused": Words(
        lazy("Refused"),
        lazy(
            "Every row with the result “Refused”, by what was asked for; sign-ins have a section of their own."
        ),
        lazy("Nothing was refused."),
    ),
    "people": Words(
        lazy("Who was active"),
        lazy(
            "Sign-ins that succeeded; operations as in the section Operations, the refused ones included; everything of this "
            "person that was refused; and all other rows."
        ),
        lazy("Nobody with an account did anything."),
    ),
    "accounts": Words(
        lazy("People, teams and roles"),
        lazy(
            "Who was added, changed, deactivated or erased, and which temporary roles were granted and ended."
        ),
        lazy("Nobody was added or changed."),
    ),
    "approvals": Words(
        lazy("Approvals and protections"),
        lazy(
            "How many requests were made and decided, and how many policies, locks, freezes and protections changed."
        ),
        lazy("No approval was asked for, and no protection changed."),
    ),
    "observed": Words(
        lazy("Changes at the provider past this portal"),
        lazy(
            "Snapshots that appeared, vanished or changed without an operation of this portal, as its worker observed them."
        ),
        lazy("No such change was observed."),
    ),
    "sign_ins": Words(
        lazy("Failed sign-ins"),
        lazy(
            "Attempts to sign in or to confirm who it is that were refused. While a name is blocked, further attempts are "
            "recorded once, not each time."
        ),
        lazy("No attempt was refused."),
    ),
    "keys": Words(
        lazy("Tokens and API keys"),
        lazy("Which were added, replaced, limited and removed."),
        lazy("No token or API key was added or removed."),
    ),
    "verified": Words(
        lazy("Verification and anchors of the log"),
        lazy(
            "In full: the newest verification and the newest anchor, and each that failed. This report itself verifies no row: "
            "these runs do."
        ),
        lazy("The log was not verified in this period."),
    ),
    "log": Words(
        lazy("What was done with the log"),
        lazy("Exports, archive files, legal holds, erasures, streams, keys, and damage that was accepted."),
        lazy("Nothing was exported, archived, held, erased or accepted."),
    ),
    "reviews": Words(
        lazy("Reviews of the log"),
        lazy("Which parts of the log were signed as reviewed, and by whom."),
        lazy("No review was signed."),
    ),
    "rest": Words(
        lazy("Everything else"),
        lazy("All rows that are in no other section, so that none is left out."),
        lazy("There is nothing else."),
    ),
}

OBSERVED: Final[dict[str, "StrPromise"]] = {
    "appeared": lazy("A snapshot appeared"),
    "vanished": lazy("A snapshot vanished"),
    "vanished_with_server": lazy("A snapshot vanished together with its server"),
    "renamed": lazy("A snapshot was renamed"),
    "resized": lazy("The size of a snapshot changed"),
}
OPERATION_NAMES: Final[dict[str, "StrPromise"]] = {
    OPERATIONS[0]: pgettext_lazy("operations of a kind", "Create"),
    OPERATIONS[1]: pgettext_lazy("operations of a kind", "Restore"),
    OPERATIONS[2]: pgettext_lazy("operations of a kind", "Delete"),
}
OPEN: Final = Badge("warn", pgettext_lazy("not resolved yet", "Open"))


def number_text(number: int) -> str:
    return str(number_format(number, force_grouping=True))


def month_text(month: Month) -> str:
    """'November 2026'."""
    return formats.month_text(month.first_day)


def action_text(action: str) -> str:
    """An unknown action as recorded."""
    return str(ACTIONS[action][0]) if action in ACTIONS else action


def result_text(action: str, result: str) -> str:
    badge = SPECIAL_RESULTS.get((action, result)) or RESULTS.get(result)
    return str(badge.text) if badge else result


def counted_text(action: str, result: str) -> str:
    """What rows of this action with this result say, for a count of them."""
    if result == "completed":
        return action_text(action)
    return _("%(what)s: %(result)s") % {"what": action_text(action), "result": result_text(action, result)}


def why_text(action: str, code: str) -> str:
    """Why rows of this action with this code were refused."""
    words = str(code_words(Entry.from_columns({"action": action, "code": code})))
    return words or _("No reason was recorded")


def observed_text(code: str) -> str:
    return str(OBSERVED.get(code, code))


def origin_text(origin: str) -> str:
    return str(channel_words(origin)) or _("Not recorded")


def people_heads() -> tuple[str, ...]:
    """Sign-ins, the three kinds of operations, what was refused, and the rest."""
    operations = (str(one) for one in OPERATION_NAMES.values())
    return (_("Sign-ins"), *operations, str(RESULTS["refused"].text), _("Other"))


def proof_sentences(*, verified: int, anchored: int, checkpoints: int) -> tuple[str, ...]:
    """What there is none of, said plainly, and how many checkpoints there are."""
    signed = ngettext(
        "%(number)s checkpoint has its newest row in this period.",
        "%(number)s checkpoints have their newest row in this period.",
        checkpoints,
    ) % {"number": number_text(checkpoints)}
    return (
        *([] if verified else [_("The log was not verified in this period.")]),
        *([] if anchored else [_("No anchor was stored in this period.")]),
        signed if checkpoints else _("No checkpoint was signed over the rows of this period."),
    )


def unreviewed_sentence(first: int, last: int) -> str:
    """Of a period that ends with the row `last`, the rows from `first` on are not reviewed; none if `first` is behind it."""
    if first > last:
        return _("Every row is reviewed.")
    return _("Rows %(first)s to %(last)s are not reviewed yet.") % {"first": first, "last": last}


def unreadable_sentence(rows: "tuple[int, ...]") -> str:
    numbers = ", ".join(str(row) for row in rows)
    return ngettext(
        "Row %(rows)s cannot be read, because it was changed in the database. It is not counted. Verify the log.",
        "Rows %(rows)s cannot be read, because they were changed in the database. They are not counted. Verify the log.",
        len(rows),
    ) % {"rows": numbers}


def foreign_sentence(number: int) -> str:
    return ngettext(
        "%(number)s row holds a value of a form that the portal never writes. It is not counted. Verify the log.",
        "%(number)s rows hold a value of a form that the portal never writes. They are not counted. Verify the log.",
        number,
    ) % {"number": number_text(number)}


def missing_sentence(number: int) -> str:
    return ngettext(
        "%(number)s row of this period is missing in the database and cannot be counted. Verify the log.",
        "%(number)s rows of this period are missing in the database and cannot be counted. Verify the log.",
        number,
    ) % {"number": number_text(number)}


def too_many_sentence(number: int) -> str:
    return ngettext(
        "This month has more rows than one report counts: %(number)s older row is not counted.",
        "This month has more rows than one report counts: %(number)s older rows are not counted.",
        number,
    ) % {"number": number_text(number)}


def unreadable_month() -> str:
    return _(
        "Many rows of this period cannot be read, because they were changed in the database. Nothing is counted. Verify the log."
    )
