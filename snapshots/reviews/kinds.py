"""What matters in a review, by kinds of rows: each with the indexes that find its rows.

An entry may be of several kinds, such as a refused deletion.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from snapshots.audit import chain
from snapshots.audit.models import Entry
from snapshots.audit.search.listing import Count, IndexedListing, Listing, SourcedListing
from snapshots.audit.search.sources import ColumnSource
from snapshots.operations.models import Action

EVERYTHING: Final = "everything"
MATTERS: Final = "matters"
_SIGN_INS: Final = ("action", ("person.sign_in", "person.prove"))
"""Compared with the few refused rows: to compare the result of all sign-ins would be to read a part of the log."""


def _actions(*names: str) -> ColumnSource:
    return ColumnSource("action", names)


KINDS: Final[dict[str, tuple[ColumnSource, ...]]] = {
    "unknown": (ColumnSource("result", ("unknown", "reconciled")),),
    "failed": (ColumnSource("result", ("failed",)),),
    "emergency": (
        _actions(
            "approval.break_glass",
            "factor.reset",
            "factor.use_recovery_code",
            "audit.stream_stop",
            "audit.stream_restart",
            chain.ACCEPT_CHANGED_ROWS,
            chain.ACCEPT_LOST_ANCHORS,
            chain.ACCEPT_RESTORED_LOG,
            chain.KEY_CHANGE,
        ),
    ),
    "refused": (ColumnSource("result", ("refused",)),),
    "sign_in": (ColumnSource("result", ("refused",), also=_SIGN_INS),),
    "destroyed": (_actions(Action.RESTORE, Action.DELETE),),
    "observed": (_actions("snapshot.observed"),),
    "guard": (
        _actions(
            *("server.ask_unlock", "server.unlock", "freeze.ask_lift", "freeze.lift"),
            *("policy.ask_lift", "policy.lift", "deletion.ask_shorten", "deletion.shorten"),
            "snapshot.unprotect",
        ),
    ),
    "rights": (
        _actions(
            *(
                "person.add",
                "person.invite",
                "person.change_role",
                "person.change_details",
                "person.activate",
            ),
            *("person.add_service_account", "person.change_keeper", "person.link_identity"),
            *("team.add", "team.change", "team.add_member", "temporary_role.grant"),
            *("api_key.create", "token.store", "token.replace", "token.limit"),
        ),
    ),
    "given_away": (_actions("audit.export", "person.erase", "address.erase", "audit.lift_hold"),),
}
"""Name → what finds its rows."""
SHOWN_KINDS: Final = (MATTERS, EVERYTHING, *KINDS)


@dataclass(frozen=True)
class Figure:
    """How many entries of a kind are not reviewed yet."""

    kind: str
    count: Count


def listing_of(kind: str, first: int) -> Listing:
    """The entries of a kind from row `first` on: the newest row of each operation, and each event."""
    end = (Entry.objects.numbered().last_sequence() or 0) + 1
    lines = Entry.objects.numbered().newest_per_operation()
    if kind == EVERYTHING:
        return IndexedListing(lines, first, end)
    return SourcedListing(lines, first, end, sources=_sources(KINDS if kind == MATTERS else [kind]))


def _sources(kinds: Iterable[str]) -> tuple[ColumnSource, ...]:
    return tuple(source for kind in kinds for source in KINDS[kind])


def figures(first: int) -> list[Figure]:
    """Those of which there are any, in the order of KINDS."""
    found = (Figure(kind, listing_of(kind, first).count()) for kind in KINDS)
    return [one for one in found if one.count.number]
