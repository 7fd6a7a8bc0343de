"""Cards of servers, prepared for templates: texts, URLs and decisions are computed here."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.utils.safestring import SafeString

from snapshots.contract import Snapshot
from snapshots.deletions.queries import waiting_in
from snapshots.inventory.readings import shows_server
from snapshots.operations.models import Operation, State
from snapshots.operations.rights import may
from snapshots.operations.server_views import ServerView, deletable_ids
from snapshots.templatetags.portal import ago, id_text, iso_text
from snapshots.views.links import link
from snapshots.views.marks import Planned, make_marks
from snapshots.views.owners import owner_texts
from snapshots.views.picks import pick_of
from snapshots.views.rows import Estimate, Row, make_row, operation_estimate
from snapshots.views.texts.base import Badge, Words
from snapshots.views.texts.operations import operation_words
from snapshots.views.texts.readings import reading_words
from snapshots.views.texts.statuses import (
    GONE,
    server_badge,
    stuck_text,
)

ENDED_NOTES = 2
OLD_AFTER = timedelta(minutes=2)
"""Twice as long as lists get old on an open page on which nothing is in progress (polls.REFRESH_SECONDS)."""


@dataclass(frozen=True)
class Note:
    """An operation on a server that is open or has just ended. `url` is '' if the person may not open it."""

    words: Words
    subject: str
    snapshot_id: int | None
    at: SafeString | str
    url: str
    estimate: Estimate | None = None
    is_over: bool = False


@dataclass(frozen=True)
class Card:
    """One server. `is_off` disables its actions; `is_held` says that a restore is the reason. If not `is_complete`
    there may be more snapshots than `used`.

    A card with a `poll_url` polls every `poll_seconds`; with 0 it rests: static/polls.js asks every five seconds.
    """

    element_id: str
    server_id: int
    name: str
    url: str
    badge: Badge | None
    facts: tuple[str, ...]
    token_label: str
    used: int
    limit: int
    is_full: bool
    is_complete: bool
    rows: tuple[Row, ...]
    notes: tuple[Note, ...]
    create_url: str
    is_gone: bool
    is_off: bool
    is_held: bool
    warning: str
    trouble: Words | None
    confirmed_at: SafeString | str
    old_from: str
    poll_url: str
    poll_seconds: int
    may_delete: bool
    """Some of its snapshots at least."""
    is_alone: bool
    has_protected: bool = False
    """Whether a snapshot that it shows is protected."""
    hidden_count: int = 0
    pick: str = ""
    """What the URL of a batch names the server by, where it can be selected."""
    version: str = ""
    """Of what a card that polls shows (see polls.version)."""

    @property
    def has_notes(self) -> bool:
        """Whether there is anything to say of the server beside its snapshots."""
        return bool(self.notes or self.is_gone or self.warning or self.is_held or self.trouble)

    @property
    def has_picks(self) -> bool:
        """Whether the server, or a snapshot of it, can be selected."""
        return not self.is_off and (bool(self.pick) or any(one.pick and one.delete_url for one in self.rows))


def _is_visible(operation: Operation, view: ServerView, user: AbstractBaseUser | AnonymousUser) -> bool:
    """As operations.attention.visible_to has it, without a query: whoever's lists show the server sees its operations."""
    return (
        operation.actor_id == user.pk
        or operation.token_fingerprint == view.token.fingerprint
        or shows_server(view.reading, view.server_id)
    )


def make_notes(view: ServerView, user: AbstractBaseUser | AnonymousUser) -> tuple[Note, ...]:
    """Open operations and the last ones that ended, without those whose snapshot's row shows the progress already."""
    listed = {one.id for one in view.snapshots if one.is_moving}
    has_row = [one.state == State.ACCEPTED and one.snapshot_id in listed for one in view.operations]
    opened = [one for one, shown in zip(view.operations, has_row, strict=True) if one.is_open and not shown]
    ended = [one for one in view.operations if not one.is_open][:ENDED_NOTES]
    return tuple(
        Note(
            words=operation_words(operation),
            subject=operation.snapshot_name,
            snapshot_id=operation.snapshot_id,
            at=ago(operation.ended_at or operation.accepted_at or operation.created_at),
            url=link("operation_detail", operation.pk) if _is_visible(operation, view, user) else "",
            estimate=operation_estimate(operation),
            is_over=not operation.is_open,
        )
        for operation in [*opened, *ended]
    )


def _is_held(view: ServerView, *, may_override: bool) -> bool:
    return view.is_held and not may_override


def _facts(view: ServerView) -> tuple[str, ...]:
    server = view.server
    known = (server.ip_address, server.location, server.os_name) if server else ()
    return (id_text(view.server_id), *filter(None, known))


def moving_parts(view: ServerView) -> str:
    """What is in progress, as a poll parameter, so that its end can be announced: 's801,o<uuid>'."""
    snapshots = [f"s{one.id}" for one in view.snapshots if one.is_moving]
    return ",".join(snapshots + [f"o{one.pk}" for one in view.operations if one.is_open])


def make_card(
    view: ServerView,
    user: AbstractBaseUser | AnonymousUser,
    *,
    shown: tuple[Snapshot, ...] | None = None,
    is_alone: bool = False,
    shows_token: bool = False,
    shows_trouble: bool = False,
    planned: Planned | None = None,
) -> Card:
    """`shown`: the snapshots that match a filter, None for all. `is_alone`: the card is on the server's own page and polls.

    In the list a card polls only while something is in progress and the list is fresh: a stale list polls as a whole.
    `shows_trouble`: the card says what is wrong with the reading; in the list a banner does. `planned`: the deletions that
    wait; None to read them here.
    """
    may_create, may_restore = (may(user, f"snapshots.{verb}", view) for verb in ("create", "restore"))
    deletable = deletable_ids(user, view)
    owners = owner_texts([view]) if is_alone else {}
    ids = (view.token.pk, view.server_id)
    reading = view.reading
    is_held = _is_held(view, may_override=is_alone and may_restore)
    is_in_trouble = reading.is_stale or not reading.is_complete
    must_poll = is_alone or (view.is_moving and not is_in_trouble)
    query = {"moving": moving_parts(view)} | ({"alone": "1"} if is_alone else {})
    rows = view.snapshots if shown is None else shown
    waiting = waiting_in([view]) if planned is None else planned
    return Card(
        element_id=f"server-{view.server_id}",
        server_id=view.server_id,
        name=view.name,
        url=link("server_detail", *ids),
        badge=GONE if view.is_gone else server_badge(view.status),
        facts=_facts(view),
        token_label=view.token.label if shows_token else "",
        used=view.used,
        limit=view.limit,
        is_full=view.is_full,
        is_complete=reading.is_complete,
        rows=tuple(
            make_row(
                one,
                view,
                may_restore=may_restore,
                may_delete=one.id in deletable,
                marks=make_marks(one, view, waiting, user),
                owner=owners.get(view.owners.get(one.id, 0), ""),
            )
            for one in rows
        ),
        notes=make_notes(view, user),
        create_url=link("snapshot_create", *ids) if may_create and not view.is_gone else "",
        is_gone=view.is_gone,
        is_off=is_held or reading.is_stale,
        is_held=is_held and (may_create or may_restore or bool(deletable)),
        warning=stuck_text(view.status, view.status_since) if view.is_status_stuck else "",
        trouble=reading_words(reading) if shows_trouble and is_in_trouble else None,
        confirmed_at=ago(reading.confirmed_at),
        old_from=old_from(reading.confirmed_at),
        poll_url=f"{link('server_status', *ids)}?{urlencode(query)}" if must_poll else "",
        poll_seconds=max(reading.poll_seconds, view.poll_seconds if view.is_moving else 0)
        if view.is_moving or is_in_trouble
        else 0,
        may_delete=bool(deletable),
        is_alone=is_alone,
        has_protected=any(one.id in view.protected_ids for one in rows),
        hidden_count=view.used - len(rows),
        pick=pick_of(view) if may_create and not is_alone and not view.is_gone and not view.is_full else "",
    )


def old_from(confirmed_at: datetime | None) -> str:
    """When a page that is not refreshed counts as outdated, as an ISO time; '' if its list was never confirmed."""
    return iso_text(confirmed_at + OLD_AFTER) if confirmed_at else ""
