"""The words of the pages: what happened, what it means, what to do next. How an operation stands: telling.py.

reading_words("unreachable")     why the list may be old
refusal_words("server_held")     why nothing was sent
operation_words(operation)       how an operation stands
snapshot_badge("completed")      a status as a badge
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as lazy

from snapshots import contract

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True)
class Words:
    """`kind` is a banner's: info, warn, bad or good."""

    kind: str
    title: "StrPromise | str"
    meaning: "StrPromise | str" = ""
    advice: "StrPromise | str" = ""


@dataclass(frozen=True)
class Badge:
    """`kind` is a badge's: ok, warn, bad, moving or neutral."""

    kind: str
    text: "StrPromise | str"


READY = Badge("ok", lazy("Ready"))
MADE = Badge("moving", lazy("Being made"))
SNAPSHOT_BADGES = {
    contract.COMPLETED: READY,
    "deleting": Badge("moving", lazy("Being deleted")),
    contract.RESTORING: Badge("moving", lazy("Being restored")),
}
SERVER_BADGES = {
    contract.RESTORING: Badge("moving", lazy("Being restored")),
    "stopped": Badge("neutral", lazy("Stopped")),
    "off": Badge("neutral", lazy("Stopped")),
    "suspended": Badge("warn", lazy("Suspended")),
}


def snapshot_badge(status: str) -> Badge:
    """A word never heard of is shown as it came."""
    if status in SNAPSHOT_BADGES:
        return SNAPSHOT_BADGES[status]
    if status in contract.FAILED_STATUSES:
        return Badge("bad", lazy("Failed"))
    if status in contract.MOVING_STATUSES:
        return MADE
    return Badge("neutral", status or lazy("No status"))


def server_badge(status: str) -> Badge | None:
    """None when the provider tells no status."""
    if not status:
        return None
    if status in SERVER_BADGES:
        return SERVER_BADGES[status]
    if status in contract.RUNNING_SERVER_STATUSES:
        return Badge("ok", lazy("Running"))
    if status in contract.FAILED_STATUSES:
        return Badge("bad", lazy("Failed"))
    return Badge("moving" if status in contract.MOVING_STATUSES else "neutral", status)


# --- Why the list may be old ----------------------------------------------------------------------------------------
_OLD = lazy("The list below may be old, so its buttons are off. This page keeps trying by itself.")
READING_WORDS = {
    "unreachable": Words("warn", lazy("The provider cannot be reached"), _OLD),
    "deadline": Words("warn", lazy("The provider does not answer in time"), _OLD),
    "broken": Words("warn", lazy("The connection to the provider broke off"), _OLD),
    "unreadable": Words("warn", lazy("The provider's answer cannot be read"), _OLD),
    "server_fault": Words("warn", lazy("The provider has trouble of its own"), _OLD),
    "busy": Words("warn", lazy("Very many people are asking at this moment"), _OLD),
    "rate_limited": Words(
        "warn",
        lazy("The provider asks us to slow down"),
        lazy("We wait for as long as it wants, and then look again."),
    ),
    "token_refused": Words(
        "bad",
        lazy("The provider refuses this token"),
        lazy("It may have been revoked or may have expired. Nothing can be seen or done with it."),
        lazy("Make a new token at the provider's site, and replace the old one here."),
    ),
    "sealed": Words(
        "bad",
        lazy("The stored token cannot be opened"),
        lazy(
            "The key that locks it is missing, or its row was changed. Nothing can be seen or done with it."
        ),
        lazy("Tell your admin, and store the token anew."),
    ),
    "forbidden": Words(
        "bad",
        lazy("This token may not see snapshots"),
        lazy("The provider knows the token but does not allow it to read snapshots."),
        lazy("Give it that permission at the provider's site, or replace it here by one that has it."),
    ),
}
_OLD_WORDS = Words("warn", lazy("This list has not been confirmed for a while"), _OLD)
_UNREADABLE_WORDS = Words("warn", lazy("The provider gives an answer we did not expect"), _OLD)


def reading_words(code: str) -> Words:
    """Why a reading is stale; '' when it is only old."""
    return READING_WORDS.get(code, _UNREADABLE_WORDS) if code else _OLD_WORDS


# --- Why nothing was sent -------------------------------------------------------------------------------------------
REFUSAL_WORDS = {
    "limit_reached": Words(
        "warn",
        lazy("There is no room for another snapshot"),
        lazy("This server holds as many snapshots as the provider allows. Nothing was sent."),
        lazy("Delete one that you no longer need, then create the new one."),
    ),
    "server_held": Words(
        "warn",
        lazy("A restore of this server is running, or may be running"),
        lazy("Until it is over, nothing else is sent to this server, so that nothing gets into its way."),
        lazy("Wait until it is over or cleared up."),
    ),
    "snapshot_changed": Words(
        "warn",
        lazy("The snapshot has changed since you opened this page"),
        lazy("Nothing was sent, because you confirmed something else than what is there now."),
        lazy("Please read again what is written here, and confirm anew."),
    ),
    "snapshot_gone": Words(
        "warn",
        lazy("This snapshot is no longer there"),
        lazy("The provider does not list it any more. Nothing was sent."),
        lazy("Somebody may have deleted it: the server's page shows what is left."),
    ),
    "snapshot_unready": Words(
        "warn",
        lazy("This snapshot is not ready"),
        lazy("Only a complete snapshot can be restored. Nothing was sent."),
        lazy("Wait until it is ready, or choose another one."),
    ),
    "server_gone": Words(
        "warn",
        lazy("This server is no longer there"),
        lazy("The provider does not list it any more. Nothing was sent."),
    ),
    "name_mismatch": Words(
        "bad",
        lazy("The name you typed is not this server's name"),
        lazy("Nothing was sent."),
        lazy("Check that it is the right server, then type its name exactly as it is shown."),
    ),
    "bad_name": Words("bad", lazy("This name cannot be used"), lazy("Nothing was sent.")),
    "reason_missing": Words("bad", lazy("A reason is missing"), lazy("Nothing was done. Please say why.")),
    "finding_missing": Words("bad", lazy("Please choose what you found"), lazy("Nothing was changed.")),
    "confirmation_invalid": Words(
        "warn",
        lazy("This form belongs to something else"),
        lazy("It was made for another person, snapshot or visit. Nothing was sent."),
        lazy("Please read again what is written here, and confirm anew."),
    ),
    "confirmation_expired": Words(
        "warn",
        lazy("This page was open for too long"),
        lazy("What it showed may have changed meanwhile. Nothing was sent."),
        lazy("Please read again what is written here, and confirm anew."),
    ),
    "not_confirmed_live": Words(
        "bad",
        lazy("The provider cannot be asked now"),
        lazy("We could not check that everything is still as shown here, so nothing was sent."),
        lazy("Try again in a minute. What you typed is kept."),
    ),
    "token_gone": Words(
        "bad",
        lazy("The token is gone"),
        lazy("It was removed or replaced while this form was open. Nothing was sent."),
        lazy("Open the server again with a token that is stored for you."),
    ),
    "being_sent": Words(
        "info",
        lazy("This form is being sent already"),
        lazy("It was sent a moment ago, and is on its way. It was not sent a second time."),
        lazy("Send it once more in a moment: it leads to the first one's result, and is never done twice."),
    ),
    "still_open": Words(
        "warn",
        lazy("This is still going on"),
        lazy("It can only be closed by hand once it has taken longer than it should."),
    ),
    "already_closed": Words(
        "info",
        lazy("This has been cleared up already"),
        lazy("Nothing was changed: see below what was found."),
    ),
}
_REFUSED = Words("bad", lazy("This was not sent"), lazy("The portal's own rules do not allow it."))
FIELD_CODES = frozenset({"name_mismatch", "bad_name", "reason_missing", "finding_missing"})


def refusal_words(code: str) -> Words:
    return REFUSAL_WORDS.get(code, _REFUSED)


def refusal_status(code: str) -> int:
    """The HTTP status of a page that shows this refusal."""
    if code == "not_confirmed_live":
        return 503
    return 422 if code in FIELD_CODES else 409
