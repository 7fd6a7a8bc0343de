"""Rows of snapshots and progress bars, prepared for templates: texts, URLs and decisions are computed here."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from snapshots.contract import Snapshot
from snapshots.inventory.clocks import clocks_differ, is_ahead
from snapshots.inventory.progress import Expectation
from snapshots.operations.models import Action, Operation, State
from snapshots.operations.server_views import ServerView, taken_at
from snapshots.templatetags.portal import (
    ago,
    duration,
    icon,
    id_text,
    iso_text,
    megabytes,
    moment,
    named,
    with_names,
)
from snapshots.views import kept_html
from snapshots.views.links import link
from snapshots.views.marks import Mark
from snapshots.views.picks import pick_of
from snapshots.views.texts.base import Badge
from snapshots.views.texts.expectations import late_text, usual_text
from snapshots.views.texts.statuses import (
    DELETING,
    delete_obstacle,
    restore_obstacle,
    snapshot_badge,
    stuck_text,
)

ESTIMATE_CAP = 95
"""Per cent. An estimate is never shown as finished."""


@dataclass(frozen=True)
class Estimate:
    """An estimated progress bar. `value` is in per cent; `since` and `until` are ISO times for static/app.js."""

    value: int
    since: str
    until: str
    elapsed: SafeString | str
    text: str


@dataclass(frozen=True, kw_only=True)
class Buttons:
    """A URL is '' if the person or the snapshot's status does not allow the action.

    `no_restore` and `no_delete` give the reason if it is the snapshot's status and the badge does not say so already.
    What the person's role does not allow is said once on the page, not in each row.
    """

    restore_url: str = ""
    delete_url: str = ""
    no_restore: str = ""
    no_delete: str = ""

    @property
    def why(self) -> str:
        return " · ".join(dict.fromkeys(filter(None, (self.no_restore, self.no_delete))))


@dataclass(frozen=True, kw_only=True)
class Row(Buttons):
    """One snapshot. `namesakes` says that other names look the same; `spoken_name` names it in labels for screen readers.

    Its texts are prepared here, because each tag of a template that translates or includes costs more than a whole row.
    """

    snapshot_id: int
    id_html: SafeString
    name: str
    spoken_name: str
    namesakes: str
    description: str
    badge: Badge
    size: str
    age: SafeString | str
    at: SafeString | str
    estimate: Estimate | None
    warning: str
    marks: tuple[Mark, ...]
    owner: SafeString | str
    """Whose it is, on pages that say so."""
    keeping_url: str
    pick: str = ""
    """What the URL of a batch names it by, where it can be selected."""
    pick_label: SafeString | str = ""

    @property
    def has_form(self) -> bool:
        return any(mark.keep_url for mark in self.marks)

    @property
    def key(self) -> str:
        """Of what the row shows, and of its HTML if it has no form."""
        return kept_html.key_of(self)


def estimate(since: datetime | None, expected: Expectation) -> Estimate | None:
    """Progress of something that began at `since`. None if that is not known."""
    if since is None:
        return None
    until = since + timedelta(seconds=max(expected.high_seconds, 1))
    now = timezone.now()
    share = (now - since) / (until - since)
    return Estimate(
        value=max(2, min(ESTIMATE_CAP, round(100 * share))),
        since=iso_text(since),
        until=iso_text(until),
        elapsed=ago(since),
        text=late_text(expected) if now > until else usual_text(expected),
    )


def operation_estimate(operation: Operation) -> Estimate | None:
    """None unless the operation is accepted and in progress; None for a delete too, which takes seconds."""
    if operation.state != State.ACCEPTED or operation.action == Action.DELETE:
        return None
    return estimate(operation.accepted_at or operation.created_at, operation.expectation)


def make_row(
    snapshot: Snapshot,
    view: ServerView,
    *,
    may_restore: bool,
    may_delete: bool,
    marks: tuple[Mark, ...] = (),
    owner: SafeString | str = "",
) -> Row:
    name, namesakes = named(snapshot.name), view.namesakes(snapshot)
    has_namesakes = namesakes > 1
    is_stuck = view.is_stuck(snapshot)
    spoken_name = f"{name}, {id_text(snapshot.id)}" if has_namesakes else name
    return Row(
        snapshot_id=snapshot.id,
        id_html=with_names(_("ID %(id)s"), id=snapshot.id),
        name=name,
        spoken_name=spoken_name,
        namesakes=_("One of %d snapshots of this name") % namesakes if has_namesakes else "",
        description=snapshot.description,
        badge=_badge(snapshot, view),
        size=megabytes(snapshot.size_mb),
        age=_age(snapshot, view),
        at=moment(snapshot.created_at),
        estimate=estimate(view.began_at(snapshot), view.expectation(snapshot))
        if snapshot.is_moving and not is_stuck
        else None,
        warning=stuck_text(snapshot.status, view.moving_since(snapshot)) if is_stuck else "",
        marks=marks,
        owner=owner,
        keeping_url=link("snapshot_keeping", view.token.pk, snapshot.id)
        if may_delete and snapshot.id not in view.deleted_ids
        else "",
        **vars(_buttons(snapshot, view, may_restore=may_restore, may_delete=may_delete)),
        pick=pick_of(view, snapshot) if may_delete else "",
        pick_label=with_names(_("Select the snapshot %(name)s"), name=spoken_name),
    )


def _badge(snapshot: Snapshot, view: ServerView) -> Badge:
    if snapshot.id in view.deleted_ids:
        return DELETING
    badge = snapshot_badge(snapshot.status)
    return replace(badge, kind="warn") if view.is_stuck(snapshot) else badge


def _buttons(snapshot: Snapshot, view: ServerView, *, may_restore: bool, may_delete: bool) -> Buttons:
    if snapshot.id in view.deleted_ids:
        return Buttons()
    ids = (view.token.pk, snapshot.id)
    is_stuck = view.is_stuck(snapshot)
    can_restore = snapshot.is_completed and not view.is_gone
    is_protected = snapshot.id in view.protected_ids
    can_delete = (is_stuck or not snapshot.is_moving) and not is_protected
    no_restore = "" if is_stuck else restore_obstacle(snapshot)
    no_delete = "" if is_stuck else delete_obstacle(snapshot)
    if is_protected:
        no_delete = _("Protected: it cannot be deleted here")
    return Buttons(
        restore_url=link("snapshot_restore", *ids) if may_restore and can_restore else "",
        delete_url=link("snapshot_delete", *ids) if may_delete and can_delete else "",
        no_restore=str(no_restore) if may_restore else "",
        no_delete=str(no_delete) if may_delete else "",
    )


def _age(snapshot: Snapshot, view: ServerView) -> SafeString | str:
    """'' if the provider's clock differs from ours, so that the age is not known."""
    created_at = snapshot.created_at
    return "" if clocks_differ(view.reading) and not is_ahead(created_at) else ago(created_at)


def lost_time(view: ServerView, snapshot: Snapshot) -> str:
    """The period whose changes a restore loses; '' if it is not known, for example because clocks differ."""
    since = taken_at(view, snapshot)
    now = timezone.now()
    return duration(now - since) if since and since <= now else ""


def row_labels() -> dict[str, str]:
    """Labels that every row repeats, translated once per page."""
    return {
        "status": _("Status"),
        "size": _("Size"),
        "created": _("Created"),
        "restore": _("Restore"),
        "delete": _("Delete"),
        "keep": _("Keep"),
        "keeping": _("Protect or set a date"),
        "restore_icon": icon("restore"),
        "delete_icon": icon("trash"),
        "keeping_icon": icon("shield"),
    }
