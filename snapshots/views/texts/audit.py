"""Sentences of the audit log: headlines, people, results and reasons of its rows."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from snapshots.audit.entry_data import COMMAND_LINE_NAME
from snapshots.audit.erasure_rows import row_that_erased
from snapshots.audit.holds import SCANNED_ROWS, HeldRows
from snapshots.audit.masking import read_masked
from snapshots.audit.models import Entry, Phase
from snapshots.audit.queries import COUNT_LIMIT
from snapshots.audit.search.listing import Count, Limit
from snapshots.contract import Server
from snapshots.inventory.servers import Address
from snapshots.templatetags.erased import erased_link, erased_text
from snapshots.templatetags.portal import as_name, id_text, with_names
from snapshots.views.texts.audit_actions import ACTIONS
from snapshots.views.texts.audit_names import (
    CHANNELS,
    CODES,
    OBSERVED,
    REQUESTED,
    RESULTS,
    SPECIAL_RESULTS,
    STEPS,
)
from snapshots.views.texts.base import Badge
from snapshots.views.texts.refusals import REFUSAL_WORDS
from snapshots.views.texts.rights import right_words

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

NAMING = frozenset({"snapshot.create", "snapshot.delete"})
"""Actions whose headline is no sentence without a snapshot."""
INTENT_TIMEOUT = timedelta(minutes=5)
"""An intent without an outcome after this time was interrupted."""


def count_words(count: int) -> str:
    """A number of rows as text; it was counted up to COUNT_LIMIT + 1."""
    return _("more than 10,000") if count > COUNT_LIMIT else f"{count:,}"


def new_entries_words(count: int, *, has_more: bool) -> str:
    """How many entries are newer than those of an open list; '' if none is."""
    if has_more:
        return _("More than {count} new entries.").format(count=count)
    return ngettext("{count} new entry.", "{count} new entries.", count).format(count=count) if count else ""


def counted_words(count: Count) -> str:
    """The number of lines of a list as text."""
    if count.limit is Limit.NONE:
        return f"{count.number:,}"
    if count.limit is Limit.ENOUGH:
        return _("more than {count}").format(count=f"{count.number:,}")
    return _("at least {count}").format(count=f"{count.number:,}")


def held_words(held: HeldRows) -> str:
    """How many rows a hold keeps, as text."""
    if held.is_all or held.count > COUNT_LIMIT:
        return count_words(held.count)
    if not held.count:
        return _("none of the newest {rows}").format(rows=f"{SCANNED_ROWS:,}")
    return _("at least {count}").format(count=f"{held.count:,}")


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
    server = _name_or_id(entry.server_name, entry.server_id, _("a server"), show)
    if entry.action in NAMING and not (entry.snapshot_name or entry.snapshot_id):
        return _without_snapshot(entry, server)
    names = {
        "server": server,
        "snapshot": _name_or_id(entry.snapshot_name, entry.snapshot_id, _("a snapshot"), show),
        "token": show(entry.token_label),
        "target": target_words(entry) if read_masked(entry.target) else show(target_words(entry)),
    }
    observed = OBSERVED.get(entry.code) if entry.action == "snapshot.observed" else None
    return (str(observed or ACTIONS[entry.action][1]) % names).strip()


def _without_snapshot(entry: Entry, server: str) -> str:
    """Of what was refused before it was known which snapshot it is about, or with a name that no snapshot can have."""
    if entry.action == "snapshot.create" and (entry.server_name or entry.server_id):
        return _("Create a snapshot of %(name)s") % {"name": server}
    return str(ACTIONS[entry.action][0])


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


def period_text(name: "StrPromise", first: date | None, last: date | None) -> str:
    """A period that moves on, with the days that it means now."""
    return _("%(period)s (%(first)s to %(last)s, UTC)") % {"period": name, "first": first, "last": last}


def server_address_text(address: Address, servers: Sequence[Server]) -> str:
    """Which servers are at an address, as far as the portal knows."""
    if not servers:
        return _("%(address)s: no server is known at this address") % {"address": address}
    names = ", ".join(f"{one.name or one.hostname} ({id_text(one.id)})" for one in servers)
    return _("%(address)s: %(servers)s, as last read from the provider") % {
        "address": address,
        "servers": names,
    }


def _is_command_line(entry: Entry) -> bool:
    """Whether a command wrote the row and no person is in it; some commands write what acted as a name."""
    if entry.channel != "command" or not entry.is_readable:
        return False
    return entry.actor_name == COMMAND_LINE_NAME or not (entry.actor_subject or entry.actor_id is not None)


def name_in_log(shown: str) -> str:
    """The name in rows for what pages call so in the reader's language."""
    return COMMAND_LINE_NAME if shown.casefold() == _("Command line").casefold() else shown


def who(entry: Entry) -> str:
    """The person's name at that time; or what acted if no person did."""
    if _is_command_line(entry):
        return _("Command line")
    if entry.actor_subject:
        return entry.actor_name or missing_words(entry, "actor_subject")
    if entry.actor_id is not None:  # an operation that ended after the person was erased
        return erased_text(row_that_erased(entry.actor_id))
    if not entry.is_readable:
        return _("Unknown")
    is_own = entry.channel == "evidence" or entry.action.startswith("audit.")
    return _("The portal") if is_own else _("Nobody signed in")


def who_html(entry: Entry, who: str) -> str:
    """`who`, the text for the actor, as markup: marked as a name if it is one."""
    if _is_command_line(entry):
        return who
    return as_name(who) if entry.actor_name else missing_html(entry, "actor_subject") or who


def channel_words(channel: str) -> "StrPromise | str":
    """Through what it was done; an unknown channel as recorded."""
    kind, _colon, key_id = channel.partition(":")
    if kind == "api" and key_id:
        return with_names(_("API (key %(id)s)"), id=key_id)
    return CHANNELS.get(channel, channel)


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
    if entry.action == "access.refuse" and entry.code not in CODES:
        right = conditional_escape(right_words(entry.code))
        return SafeString(escape(_("Requires the permission “%(right)s”")) % {"right": right})
    if entry.action == "snapshot.observed":  # the headline says it
        return ""
    if entry.code in REFUSAL_WORDS:
        return REFUSAL_WORDS[entry.code].title
    return CODES.get(entry.code, entry.code)
