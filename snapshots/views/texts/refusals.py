"""Texts of refusals: one for each code of OperationRefusedError."""

from dataclasses import replace
from datetime import datetime

from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from snapshots.views.texts import review_refusals, schedule_refusals
from snapshots.views.texts.base import Words
from snapshots.views.texts.block_refusals import BLOCK_REFUSALS
from snapshots.views.texts.readings import wait_title

REFUSAL_WORDS = {
    "limit_reached": Words(
        "warn",
        lazy("The snapshot limit of this server is reached"),
        lazy("This server holds as many snapshots as the provider allows. Nothing was sent."),
        lazy("Delete one that you no longer need, then create the new one."),
    ),
    "server_held": Words(
        "warn",
        lazy("A restore of this server is running, or may be running"),
        lazy("Until it ends, nothing else is sent to this server, so that nothing interferes with it."),
        lazy("Wait until it has ended or is resolved."),
    ),
    "snapshot_changed": Words(
        "warn",
        lazy("The snapshot has changed since you opened this page"),
        lazy("Nothing was sent, because what you confirmed differs from what is there now."),
        lazy("Read this page again and confirm again."),
    ),
    "snapshot_gone": Words(
        "warn",
        lazy("This snapshot is no longer there"),
        lazy("The provider does not list it any more. Nothing was sent."),
        lazy("Somebody may have deleted it: the server's page shows what is left."),
    ),
    "snapshot_deleting": Words(
        "warn",
        lazy("This snapshot is being deleted"),
        lazy("The provider has accepted its deletion, but still lists it. Nothing was sent."),
        lazy("The server's page shows when it is gone."),
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
        lazy("Snapshots that are left of it can only be deleted."),
    ),
    "name_mismatch": Words(
        "bad",
        lazy("The name you typed is not this server's name"),
        lazy("Nothing was sent."),
        lazy("Check that it is the right server, then type its name exactly as it is shown."),
    ),
    "bad_name": Words("bad", lazy("This name cannot be used"), lazy("Nothing was sent.")),
    "reason_missing": Words("bad", lazy("A reason is missing"), lazy("Nothing was done. Enter a reason.")),
    "finding_missing": Words("bad", lazy("Please choose what you found"), lazy("Nothing was changed.")),
    "confirmation_invalid": Words(
        "warn",
        lazy("This form is not valid here"),
        lazy("It belongs to another person, snapshot or session. Nothing was sent."),
        lazy("Read this page again and confirm again."),
    ),
    "confirmation_expired": Words(
        "warn",
        lazy("This page was open for too long"),
        lazy("What it showed may have changed meanwhile. Nothing was sent."),
        lazy("Read this page again and confirm again."),
    ),
    "not_confirmed_live": Words(
        "bad",
        lazy("The provider cannot be reached now"),
        lazy("The portal could not check that everything is still as shown here, so nothing was sent."),
        lazy("Try again in a minute. What you typed is kept."),
    ),
    "told_to_wait": Words(
        "bad",
        lazy("VPS.org asked us to wait"),
        lazy("Nothing is sent with this token until the wait is over, so nothing was sent."),
        lazy("What you typed is kept: send it again then."),
    ),
    "list_incomplete": Words(
        "bad",
        lazy("The portal could not check whether it still exists"),
        lazy("The provider's list could not be read to its end, so nothing was sent."),
        lazy("Try again in a minute. What you typed is kept."),
    ),
    "token_gone": Words(
        "bad",
        lazy("The token is no longer stored"),
        lazy("It was removed or replaced while this form was open. Nothing was sent."),
        lazy("Open the server again with a token that is stored for you."),
    ),
    "not_on_this_server": Words(
        "bad",
        lazy("You may not do this on this server"),
        lazy("You have this right on other servers. Nothing was sent."),
        lazy("Ask for a temporary role under Account, or an admin of this portal."),
    ),
    "not_own_snapshot": Words(
        "bad",
        lazy("This snapshot is not yours"),
        lazy("You may delete only the snapshots that you or your schedules made. Nothing was sent."),
        lazy("Ask its owner, or a manager."),
    ),
    "owner_changed": Words(
        "warn",
        lazy("It belongs to somebody else by now"),
        lazy("Nothing was changed, because what you saw differs from what is there now."),
        lazy("Read this page again."),
    ),
    "bad_receiver": Words(
        "bad",
        lazy("It cannot be given to this person"),
        lazy("Choose somebody else, who is active and sees the server. Nothing was changed."),
    ),
    "token_limited": Words(
        "bad",
        lazy("The token's limits do not allow this"),
        lazy("The stored token may not be used for this, or not on this server. Nothing was sent."),
        lazy("The page Tokens says who limited it, and why."),
    ),
    "no_own_token": Words(
        "bad",
        lazy("No token that is stored for you shows this server"),
        lazy("The snapshot would be deleted in your name, with a token of your own. Nothing was changed."),
        lazy("Store a token that shows the server, or ask the person who set the date."),
    ),
    "not_allowed_any_more": Words(
        "bad",
        lazy("This person may no longer do this"),
        lazy("The account or its role was changed while the request was being checked. Nothing was sent."),
        lazy("Ask an admin of this portal."),
    ),
    "room_missing": Words(
        "bad",
        lazy("Choose the snapshot that makes room"),
        lazy("All places of this server are taken, so one snapshot must be deleted first. Nothing was sent."),
    ),
    "room_is_needed": Words(
        "bad",
        lazy("This is the snapshot to restore"),
        lazy("It cannot be deleted to make room. Nothing was sent."),
        lazy("Choose another one."),
    ),
    "place_reserved": Words(
        "warn",
        lazy("A job is making room on this server for a snapshot of its own"),
        lazy("Wait until it has created that. Nothing was sent."),
    ),
    **BLOCK_REFUSALS,
    "protected": Words(
        "warn",
        lazy("This snapshot is protected"),
        lazy("Nothing deletes it through this portal until its protection is lifted. Nothing was sent."),
        lazy("A manager can lift the protection, with a reason."),
    ),
    "already_protected": Words(
        "info", lazy("This snapshot is protected already"), lazy("Nothing was changed.")
    ),
    "not_protected": Words("info", lazy("This snapshot is not protected"), lazy("Nothing was changed.")),
    "deletion_planned": Words(
        "warn",
        lazy("Its deletion is planned already"),
        lazy("Nothing was changed or sent."),
        lazy("Keep the snapshot first, or delete it now with a reason."),
    ),
    "deletion_over": Words(
        "info",
        lazy("This deletion does not wait any more"),
        lazy("It was sent, kept or changed meanwhile. Nothing was changed."),
    ),
    "bad_date": Words(
        "bad",
        lazy("This date cannot be used"),
        lazy("Nothing was changed."),
        lazy("Choose a day from today on, at most ten years ahead."),
    ),
    "bad_grace": Words("bad", lazy("A deletion waits 0 to 7 days"), lazy("Nothing was changed.")),
    "all_sent": Words(
        "warn",
        lazy("Nothing is left to cancel"),
        lazy("The last step was sent already and cannot be called back. It is followed to its end."),
    ),
    "job_over": Words(
        "info",
        lazy("This has ended already"),
        lazy("Nothing was changed: see below how far it came."),
    ),
    "nothing_selected": Words(
        "warn",
        lazy("Nothing is selected"),
        lazy("Nothing was sent."),
        lazy("Tick at least one server or snapshot."),
    ),
    "too_many": Words(
        "warn",
        lazy("Too much is selected at once"),
        lazy("Nothing was sent."),
        lazy("Select at most 50 servers or snapshots, and do the rest afterwards."),
    ),
    "count_mismatch": Words(
        "bad",
        lazy("The number you typed is not the number of snapshots"),
        lazy("Nothing was sent."),
        lazy("Read the list again, then type how many snapshots it has."),
    ),
    "server_renamed": Words(
        "warn",
        lazy("The server has another name than the page showed"),
        lazy("What you confirmed differs from what is there now. Nothing was sent."),
        lazy("Read the page again and confirm again."),
    ),
    "already_retried": Words(
        "info",
        lazy("This was tried again already"),
        lazy("Another form or another person did that meanwhile. Nothing was sent by this form."),
        lazy("Its page shows how far it came."),
    ),
    "unknown_too_long": Words(
        "warn",
        lazy("Its result is unknown"),
        lazy("No evidence showed in time whether it happened, so nothing further was done."),
        lazy("Look at the server, and resolve the operation manually."),
    ),
    "being_checked": Words(
        "info",
        lazy("This form is already being processed"),
        lazy(
            "Another request from the same form is checking with the provider that nothing has changed. "
            "Nothing has been sent yet."
        ),
        lazy("Send it again in a moment: it is done once, however often it is sent."),
    ),
    "still_open": Words(
        "warn",
        lazy("This is still in progress"),
        lazy("It can be resolved manually only once it has taken longer than it should."),
    ),
    "already_closed": Words(
        "info",
        lazy("This has been resolved already"),
        lazy("Nothing was changed: see below what was found."),
    ),
    **schedule_refusals.SCHEDULE_REFUSALS,
    **review_refusals.REVIEW_REFUSALS,
}
_REFUSED = Words("bad", lazy("This was not sent"), lazy("The portal's own rules do not allow it."))
FIELD_CODES = frozenset(
    {
        "bad_date",
        "bad_receiver",
        "bad_grace",
        "room_missing",
        "room_is_needed",
        "nothing_selected",
        "too_many",
        "count_mismatch",
        "name_mismatch",
        "bad_name",
        "reason_missing",
        "finding_missing",
        *schedule_refusals.FIELD_CODES,
    }
)


UNAVAILABLE_CODES = frozenset({"not_confirmed_live", "told_to_wait", "list_incomplete"})


def refusal_words(code: str, *, retry_after_seconds: int = 0, wait_until: datetime | None = None) -> Words:
    words = REFUSAL_WORDS.get(code, _REFUSED)
    if code == "told_to_wait" and wait_until:
        return replace(words, title=wait_title(wait_until))
    if not retry_after_seconds:
        return words
    advice = ngettext(
        "Send it again in %d second: it is done once, however often it is sent.",
        "Send it again in %d seconds: it is done once, however often it is sent.",
        retry_after_seconds,
    )
    return replace(words, advice=advice % retry_after_seconds)


def refusal_status(code: str) -> int:
    """The HTTP status of a page that shows this refusal."""
    if code in UNAVAILABLE_CODES:
        return 503
    if code in {"not_allowed_any_more", "not_on_this_server", "not_own_snapshot", "token_limited"}:
        return 403
    return 422 if code in FIELD_CODES else 409
