"""Servers and their snapshots made ready for the page: every text, address and decision is prepared here, in Python."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from snapshots import contract
from snapshots.contract import Snapshot
from snapshots.operations.models import Action, Operation, State
from snapshots.operations.server_views import ServerView
from snapshots.templatetags.portal import ago, iso_text, megabytes, moment
from snapshots.views.texts.base import Badge, Words
from snapshots.views.texts.operations import operation_words
from snapshots.views.texts.readings import reading_words
from snapshots.views.texts.statuses import server_badge, snapshot_badge

ESTIMATE_CAP = 95
"""Per cent: what is only estimated is never shown as finished."""
ENDED_NOTES = 2
OLD_AFTER = timedelta(minutes=2)
"""Twice the time after which an open page looks again by itself."""


@dataclass(frozen=True)
class Estimate:
    """A progress bar that admits to be a guess. `value` is per cent; `since` and `until` are ISO times for app.js."""

    value: int
    since: str
    until: str
    elapsed: SafeString | str
    text: str


@dataclass(frozen=True)
class Row:
    """One snapshot. An address is '' when the person may not do it or the snapshot's state does not allow it."""

    snapshot_id: int
    name: str
    description: str
    badge: Badge
    size: str
    age: SafeString | str
    at: SafeString | str
    estimate: Estimate | None
    restore_url: str
    delete_url: str


@dataclass(frozen=True)
class Note:
    """Something that goes on, or has just ended, on a server. `url` is '' for what the person may not open."""

    words: Words
    subject: str
    at: SafeString | str
    url: str
    estimate: Estimate | None = None
    is_over: bool = False


@dataclass(frozen=True)
class Card:
    """One server. `is_off` turns the acting buttons off; `is_held` says that a restore is why. If it is not `is_complete`
    there may be more snapshots than `used`.

    With a `poll_url` it polls every `poll_seconds`; if those are 0 it only looks again now and then (app.js).
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
    is_off: bool
    is_held: bool
    trouble: Words | None
    confirmed_at: SafeString | str
    old_from: str
    poll_url: str
    poll_seconds: int
    may_delete: bool
    is_alone: bool
    hidden_count: int = 0


def estimate(since: datetime | None, minutes: tuple[int, int]) -> Estimate | None:
    """How far something may be that began at `since` and usually takes from `minutes[0]` to `minutes[1]`."""
    if since is None:
        return None
    until = since + timedelta(minutes=minutes[1])
    now = timezone.now()
    share = (now - since) / (until - since)
    usual, longer = (
        _("usually %(low)d to %(high)d minutes"),
        _("longer than usual (%(low)d to %(high)d minutes)"),
    )
    text = longer if now > until else usual
    return Estimate(
        value=max(2, min(ESTIMATE_CAP, round(100 * share))),
        since=iso_text(since),
        until=iso_text(until),
        elapsed=ago(since),
        text=text % {"low": minutes[0], "high": minutes[1]},
    )


def operation_estimate(operation: Operation) -> Estimate | None:
    """None for what has no end to wait for: what is not accepted (yet), and a delete, which takes moments."""
    if operation.state != State.ACCEPTED or operation.action == Action.DELETE:
        return None
    return estimate(operation.accepted_at or operation.created_at, operation.expected_minutes)


def make_row(snapshot: Snapshot, token_id: str, *, may_restore: bool, may_delete: bool) -> Row:
    ids = (token_id, snapshot.id)
    return Row(
        snapshot_id=snapshot.id,
        name=snapshot.name or _("(no name)"),
        description=snapshot.description,
        badge=snapshot_badge(snapshot.status),
        size=megabytes(snapshot.size_mb),
        age=ago(snapshot.created_at),
        at=moment(snapshot.created_at),
        estimate=estimate(snapshot.created_at, contract.CREATE_MINUTES) if snapshot.is_moving else None,
        restore_url=reverse("snapshot_restore", args=ids) if may_restore and snapshot.is_completed else "",
        delete_url=reverse("snapshot_delete", args=ids) if may_delete and not snapshot.is_moving else "",
    )


def _is_visible(operation: Operation, view: ServerView, user: AbstractBaseUser | AnonymousUser) -> bool:
    return operation.actor_id == user.pk or operation.token_fingerprint == view.token.fingerprint


def make_notes(view: ServerView, user: AbstractBaseUser | AnonymousUser) -> tuple[Note, ...]:
    """What is open, and the last that ended; but for creates that run: their snapshot's own row tells that already."""
    listed = {one.id for one in view.snapshots if one.is_moving}
    is_told = [one.state == State.ACCEPTED and one.snapshot_id in listed for one in view.operations]
    opened = [one for one, told in zip(view.operations, is_told, strict=True) if one.is_open and not told]
    ended = [one for one in view.operations if not one.is_open][:ENDED_NOTES]
    return tuple(
        Note(
            words=operation_words(operation),
            subject=operation.snapshot_name,
            at=ago(operation.ended_at or operation.accepted_at or operation.created_at),
            url=reverse("operation_detail", args=[operation.pk])
            if _is_visible(operation, view, user)
            else "",
            estimate=operation_estimate(operation),
            is_over=not operation.is_open,
        )
        for operation in [*opened, *ended]
    )


def _is_held(view: ServerView, *, may_override: bool) -> bool:
    return view.is_held and not may_override


def moving_parts(view: ServerView) -> str:
    """What is under way, as the poll carries it back, so that its end can be announced: 's801,o<uuid>'."""
    snapshots = [f"s{one.id}" for one in view.snapshots if one.is_moving]
    return ",".join(snapshots + [f"o{one.pk}" for one in view.operations if one.is_open])


def make_card(
    view: ServerView,
    user: AbstractBaseUser | AnonymousUser,
    *,
    shown: tuple[Snapshot, ...] | None = None,
    is_alone: bool = False,
    tell_token: bool = False,
    tells_trouble: bool = False,
) -> Card:
    """`shown` leaves some snapshots out (a filter); `is_alone` is the server's own page, where the card polls for all.

    In the list a card polls only while it moves and the list is fresh: a list that is stale polls as a whole. `tells_trouble`
    lets the card say what is wrong: in the list a banner does.
    """
    may_create, may_restore, may_delete = (
        user.has_perm(f"snapshots.{verb}")  # type: ignore[union-attr]
        for verb in ("create", "restore", "delete")
    )
    ids = (view.token.pk, view.server_id)
    server, reading = view.server, view.reading
    is_held = _is_held(view, may_override=is_alone and may_restore)
    is_in_trouble = reading.is_stale or not reading.is_complete
    must_poll = is_alone or (view.is_moving and not is_in_trouble)
    query = {"moving": moving_parts(view)} | ({"alone": "1"} if is_alone else {})
    rows = view.snapshots if shown is None else shown
    return Card(
        element_id=f"server-{view.server_id}",
        server_id=view.server_id,
        name=view.name,
        url=reverse("server_detail", args=ids),
        badge=server_badge(view.status),
        facts=tuple(fact for fact in (server.ip_address, server.location, server.os_name) if fact)
        if server
        else (),
        token_label=view.token.label if tell_token else "",
        used=view.used,
        limit=view.limit,
        is_full=view.is_full,
        is_complete=reading.is_complete,
        rows=tuple(
            make_row(one, view.token.pk, may_restore=may_restore, may_delete=may_delete) for one in rows
        ),
        notes=make_notes(view, user),
        create_url=reverse("snapshot_create", args=ids) if may_create else "",
        is_off=is_held or reading.is_stale,
        is_held=is_held and (may_create or may_restore or may_delete),
        trouble=reading_words(reading) if tells_trouble and is_in_trouble else None,
        confirmed_at=ago(reading.confirmed_at),
        old_from=old_from(reading.confirmed_at),
        poll_url=f"{reverse('server_status', args=ids)}?{urlencode(query)}" if must_poll else "",
        poll_seconds=reading.poll_seconds if view.is_moving or is_in_trouble else 0,
        may_delete=may_delete,
        is_alone=is_alone,
        hidden_count=view.used - len(rows),
    )


def old_from(confirmed_at: datetime | None) -> str:
    """When a page that was not renewed since must be called old, as an ISO time; '' if it was never confirmed."""
    return iso_text(confirmed_at + OLD_AFTER) if confirmed_at else ""


def row_labels() -> dict[str, str]:
    """The words that every row repeats, translated once a page."""
    return {
        "status": _("Status"),
        "size": _("Size"),
        "taken": _("Created"),
        "restore": _("Restore"),
        "delete": _("Delete"),
    }
