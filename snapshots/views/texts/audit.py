"""Texts of the audit log: actions, results and actors. An unknown action or code is shown as recorded."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from snapshots.audit.chain import UNREADABLE
from snapshots.audit.erasure_rows import row_that_erased
from snapshots.audit.masking import read_masked
from snapshots.audit.models import Entry, Phase
from snapshots.contract import Server
from snapshots.inventory.servers import Address
from snapshots.templatetags.erased import erased_link, erased_text
from snapshots.templatetags.portal import as_name, id_text, with_names
from snapshots.views.texts.base import Badge
from snapshots.views.texts.refusals import REFUSAL_WORDS

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

INTENT_TIMEOUT = timedelta(minutes=5)
"""An intent without an outcome after this time was interrupted."""

ACTIONS: dict[str, tuple["StrPromise", "StrPromise"]] = {
    "snapshot.create": (lazy("Create a snapshot"), lazy("Create snapshot %(snapshot)s of %(server)s")),
    "snapshot.restore": (lazy("Restore a server"), lazy("Restore %(server)s from %(snapshot)s")),
    "snapshot.delete": (lazy("Delete a snapshot"), lazy("Delete snapshot %(snapshot)s of %(server)s")),
    "token.store": (lazy("Store a token"), lazy("Store token %(token)s for %(target)s")),
    "token.replace": (lazy("Replace a token"), lazy("Replace token %(token)s of %(target)s")),
    "token.remove": (lazy("Remove a token"), lazy("Remove token %(token)s of %(target)s")),
    "token.check": (lazy("Check a token"), lazy("Check token %(token)s of %(target)s")),
    "token.rotate_keys": (lazy("Re-encrypt the tokens"), lazy("Re-encrypt the stored tokens with a new key")),
    "person.sign_in": (lazy("Sign in"), lazy("Sign in as %(target)s")),
    "person.sign_out": (lazy("Sign out"), lazy("Sign out")),
    "person.add": (lazy("Add a person"), lazy("Add %(target)s")),
    "person.invite": (lazy("Invite a person"), lazy("Invite %(target)s")),
    "person.set_password": (lazy("Set a password"), lazy("Set the password of %(target)s")),
    "person.change_role": (lazy("Change a role"), lazy("Change the role of %(target)s")),
    "person.change_details": (lazy("Change a person's details"), lazy("Change the details of %(target)s")),
    "person.activate": (lazy("Activate a person"), lazy("Activate %(target)s")),
    "person.deactivate": (lazy("Deactivate a person"), lazy("Deactivate %(target)s")),
    "person.erase": (lazy("Erase a person"), lazy("Erase person %(target)s")),
    "address.erase": (lazy("Erase addresses"), lazy("Erase old addresses")),
    "access.refuse": (lazy("Access denied"), lazy("Access denied: %(target)s")),
    "audit.export": (lazy("Export the audit log"), lazy("Export the audit log as %(target)s")),
    "audit.verify": (lazy("Verify the audit log"), lazy("Verify the audit log")),
    "audit.anchor": (lazy("Anchor the audit log"), lazy("Anchor the audit log")),
    "audit.accept_restored_log": (
        lazy("Accept a restored audit log"),
        lazy("Accept that a backup of the audit log was restored"),
    ),
    "audit.accept_lost_anchors": (
        lazy("Accept lost anchors"),
        lazy("Accept that the file of anchors lost lines"),
    ),
    "audit.accept_changed_rows": (
        lazy("Accept changed rows"),
        lazy("Accept that rows of the audit log were changed in the database"),
    ),
    "audit.stream_stop": (
        lazy("Stop a stream of the audit log"),
        lazy("Stop the stream %(target)s of the audit log"),
    ),
    "audit.stream_restart": (
        lazy("Restart a stream of the audit log"),
        lazy("Restart the stream %(target)s of the audit log"),
    ),
    "audit.archive": (lazy("Archive the audit log"), lazy("Archive the audit log up to row %(target)s")),
    "audit.hold": (lazy("Place a legal hold"), lazy("Place a legal hold on %(target)s")),
    "audit.lift_hold": (lazy("Lift a legal hold"), lazy("Lift the legal hold on %(target)s")),
    "audit.key_change": (lazy("Change the audit log's key"), lazy("Sign the audit log with key %(target)s")),
}
"""Action → label in the filter, and headline with names."""

RESULTS: dict[str, Badge] = {
    "pending": Badge("warn", lazy("No result recorded")),
    "accepted": Badge("moving", lazy("Accepted")),
    "completed": Badge("ok", lazy("Completed")),
    "failed": Badge("bad", lazy("Failed")),
    "unknown": Badge("warn", lazy("Unknown")),
    "reconciled": Badge("neutral", lazy("Resolved")),
    "refused": Badge("bad", lazy("Refused")),
}
REQUESTED = Badge("moving", lazy("Requested"))
SPECIAL_RESULTS = {
    (UNREADABLE, UNREADABLE): Badge("bad", lazy("Changed")),
    ("audit.verify", "completed"): Badge("ok", lazy("Verified")),
    ("audit.verify", "failed"): Badge("bad", lazy("Broken")),
}
STEPS: dict[str, "StrPromise"] = {
    "pending": lazy("Requested. This was recorded before anything was sent to the provider."),
    "accepted": lazy("The provider accepted it and had not finished yet."),
    "completed": lazy("It completed."),
    "failed": lazy("It failed."),
    "unknown": lazy("No clear answer arrived: it may or may not have happened."),
    "reconciled": lazy("Evidence showed the result, or a person resolved it."),
    "refused": lazy("It was refused. Nothing was sent to the provider."),
}
CODES: dict[str, "StrPromise"] = {
    "wrong_password": lazy("Wrong name or password"),
    "braked": lazy("Wrong name or password, too many times: further attempts are blocked for a while"),
    "held_back": lazy("Tried again while blocked; further such attempts are not recorded"),
    "invitation_over": lazy("The link had been used, replaced or withdrawn a moment before"),
    "password_changed": lazy("The password had been changed a moment before"),
    "unreachable": lazy("The provider could not be reached"),
    "busy": lazy("Too many requests were in progress"),
    "invalid": lazy("The provider found it invalid"),
    "token_changed": lazy("The stored token was removed or replaced meanwhile"),
    "token_refused": lazy("The provider refused the token"),
    "key": lazy("The portal's own encryption key is missing or a different one"),
    "sealed": lazy("The stored token could not be decrypted"),
    "forbidden": lazy("The token lacks the permission"),
    "not_found": lazy("The provider does not know it any more"),
    "rate_limited": lazy("The provider limited the rate of requests"),
    "deadline": lazy("The provider did not answer in time"),
    "broken": lazy("The connection was lost"),
    "unreadable": lazy("The answer could not be read"),
    "contradictory": lazy("The answer had a success status but said that it failed"),
    "other_answer": lazy("The answer was about something else"),
    "other_snapshot": lazy("The snapshot that the provider named is a different one"),
    "already_gone": lazy("The provider did not know the snapshot any more"),
    "still_listed": lazy("The provider still lists the snapshot"),
    "vanished": lazy("The new snapshot is no longer listed"),
    "not_running": lazy("The server was not being restored, though the provider had accepted it"),
    "end_not_seen": lazy("The end of the restore was never seen"),
    "provider_failed": lazy("The provider could not finish it"),
    "server_fault": lazy("The provider had an internal error"),
    "interrupted": lazy("The portal was stopped before the answer arrived"),
    "never_sent": lazy("The portal was stopped before it was sent"),
}
COLUMNS: dict[str, "StrPromise"] = {
    "evidence": lazy("Evidence"),
    "provider_message": lazy("Provider's message"),
    "reason": lazy("Reason"),
    "server_id": lazy("Server's ID"),
    "server_name": lazy("Server's name"),
    "snapshot_id": lazy("Snapshot's ID"),
    "snapshot_name": lazy("Snapshot's name"),
    "target": lazy("Target"),
    "token_label": lazy("Token's label"),
    "actor_subject": lazy("Name of the person who acted"),
    "address_subject": lazy("Address"),
    "evidence_subject": lazy("Evidence that names a person"),
    "settled_by_subject": lazy("Name of the person who resolved it"),
    "target_subject": lazy("Target that is a person"),
}
"""Columns that an export can leave out."""
CHANNELS: dict[str, "StrPromise"] = {
    "browser": lazy("Browser"),
    "api": lazy("API"),
    "schedule": lazy("Schedule"),
    "command": lazy("Command line"),
    "evidence": lazy("The portal (evidence)"),
}


def headline(entry: Entry) -> str:
    """What was requested, with names: 'Restore web-server-01 from weekly-snapshot'."""
    return _headline(entry, str)


def headline_html(entry: Entry) -> SafeString:
    """Like `headline`, as markup with marked names."""
    return SafeString(_headline(entry, as_name))


def _headline(entry: Entry, show: Callable[[str], str]) -> str:
    """`show` formats a name."""
    if not entry.is_readable:
        return _("A row that cannot be read: it was changed in the database")
    if entry.action not in ACTIONS:
        return show(f"{entry.action} {entry.full_target}".strip())
    if entry.action == "person.sign_in" and not entry.full_target:
        return str(ACTIONS[entry.action][0])
    names = {
        "server": _name_or_id(entry.server_name, entry.server_id, _("a server"), show),
        "snapshot": _name_or_id(entry.snapshot_name, entry.snapshot_id, _("a snapshot"), show),
        "token": show(entry.token_label),
        "target": target_words(entry) if read_masked(entry.target) else show(target_words(entry)),
    }
    return (str(ACTIONS[entry.action][1]) % names).strip()


def _name_or_id(name: str, number: int | None, neither: str, show: Callable[[str], str]) -> str:
    if not name and not number:
        return neither
    return show(name or id_text(number or 0))


def missing_words(entry: Entry, column: str) -> str:
    """Why a name or an address cannot be shown; '' if the row has none."""
    if not getattr(entry, column):
        return ""
    erased = entry.erased_in(column)
    return _("Unknown: changed in the database") if erased is None else erased_text(erased)


def missing_html(entry: Entry, column: str) -> str:
    """Like `missing_words`, with a link to the row that records the erasure."""
    erased = entry.erased_in(column)
    return missing_words(entry, column) if erased is None else erased_link(erased)


def target_html(entry: Entry) -> str:
    """Like `target_words`, with a link where the target was erased."""
    return target_words(entry) if entry.full_target else missing_html(entry, "target_subject")


def target_words(entry: Entry) -> str:
    """The target as recorded; a masked name as text."""
    masked = read_masked(entry.target)
    if masked is None:
        return entry.full_target or missing_words(entry, "target_subject")
    length, hashed = masked
    words = ngettext(
        "an unknown name (%(length)s character, %(hash)s)",
        "an unknown name (%(length)s characters, %(hash)s)",
        length,
    )
    return words % {"length": length, "hash": hashed}


def server_address_text(address: Address, servers: Sequence[Server]) -> str:
    """Which servers are at an address, as far as the portal knows."""
    if not servers:
        return _("%(address)s: no server is known at this address") % {"address": address}
    names = ", ".join(f"{one.name or one.hostname} ({id_text(one.id)})" for one in servers)
    return _("%(address)s: %(servers)s, as last read from the provider") % {
        "address": address,
        "servers": names,
    }


def who(entry: Entry) -> str:
    """The person's name at that time; or what acted if no person did."""
    if entry.actor_subject:
        return entry.actor_name or missing_words(entry, "actor_subject")
    if entry.actor_id is not None:  # an operation that ended after the person was erased
        return erased_text(row_that_erased(entry.actor_id))
    if not entry.is_readable:
        return _("Unknown")
    if entry.channel == "command":
        return _("Command line")
    return _("The portal") if entry.action.startswith("audit.") else _("Nobody signed in")


def who_html(entry: Entry, who: str) -> str:
    """`who`, the text for the actor, as markup: marked as a name if it is one."""
    if entry.actor_name:
        return as_name(who)
    return missing_html(entry, "actor_subject") or who


def is_unanswered(entry: Entry) -> bool:
    """Whether `entry`, the last row of its operation, is an intent whose request was interrupted."""
    return entry.phase == Phase.INTENT and timezone.now() - entry.at > INTENT_TIMEOUT


def result_badge(entry: Entry) -> Badge:
    """The badge of the last row of an operation or event."""
    if entry.phase == Phase.INTENT and not is_unanswered(entry):
        return REQUESTED
    special = SPECIAL_RESULTS.get((entry.action, entry.result))
    return special or RESULTS.get(entry.result) or Badge("neutral", entry.result)


def step_badge(entry: Entry) -> Badge:
    """The badge of one row in a history: an intent reads “Requested”, and no badge shows progress."""
    badge = REQUESTED if entry.phase == Phase.INTENT else result_badge(entry)
    return Badge("neutral", badge.text) if badge.kind == "moving" else badge


def step_words(entry: Entry) -> "StrPromise | str":
    """The meaning of one row in a history; '' for a successful event, whose headline says it."""
    if entry.phase == Phase.EVENT and entry.result != "refused":
        return ""
    return STEPS.get(entry.result, "")


def code_words(entry: Entry) -> "StrPromise | str":
    """The reason of the result as text; an unknown code as recorded; '' if there is none."""
    if entry.action == "access.refuse":
        return with_names(_("Requires the permission %(right)s"), right=entry.code)
    if entry.code in REFUSAL_WORDS:
        return REFUSAL_WORDS[entry.code].title
    return CODES.get(entry.code, entry.code)
