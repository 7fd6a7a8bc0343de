"""The choice of a snapshot that is deleted to make room on a full server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.forms import Form
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from snapshots.connection import Person
from snapshots.contract import Snapshot
from snapshots.deletions.queries import waiting_in
from snapshots.jobs.room import NO_NEED, Need, needs_in, room_key
from snapshots.jobs.undo import ways_back
from snapshots.operations.server_views import ServerView, deletable_ids
from snapshots.templatetags.portal import ago, id_text, moment, with_names
from snapshots.views.marks import make_marks, restored_at
from snapshots.views.rows import Row, make_row


@dataclass(frozen=True)
class RoomChoice:
    """`key` is the snapshot's `room_key`. `is_needed`: it has a date, or is the way back from a restore."""

    key: str
    label: SafeString
    is_needed: bool


def _label(snapshot: Snapshot, need: Need) -> SafeString:
    """'nightly-2026-11-24 (#801), created 3 days ago, kept until 12 Dec 2026, 00:00 UTC'."""
    sentence = _("%(name)s (%(id)s), created %(at)s")
    named = with_names(sentence.replace("%(at)s", "%%(at)s"), name=snapshot.name, id=id_text(snapshot.id))
    parts = [named % {"at": ago(snapshot.created_at)}]
    if need.kept_until:
        parts.append(escape(_("kept until %(at)s")) % {"at": moment(need.kept_until)})
    if need.restore:
        parts.append(escape(_("the way back from the restore of %(at)s")) % {"at": restored_at(need.restore)})
    return SafeString(", ".join(parts))


def _can_go(snapshot: Snapshot, view: ServerView, needed: Snapshot | None) -> bool:
    """As far as it is up to the snapshot, not to the person."""
    if snapshot.id in view.deleted_ids | view.protected_ids:
        return False
    is_settled = not snapshot.is_moving or view.is_stuck(snapshot)
    return is_settled and (needed is None or snapshot.id != needed.id)


def room_choices(
    view: ServerView, user: Person, needs: Mapping[int, Need], needed: Snapshot | None = None
) -> list[RoomChoice]:
    """What the person may delete to make room, oldest first. `needs`: those of the server's snapshots."""
    deletable = deletable_ids(user, view)
    found = [(one, needs.get(one.id, NO_NEED)) for one in reversed(view.snapshots)]
    return [
        RoomChoice(room_key(one, need), _label(one, need), is_needed=need != NO_NEED)
        for one, need in found
        if one.id in deletable and _can_go(one, view, needed)
    ]


def deletable_rows(view: ServerView, user: Person) -> list[Row]:
    """The snapshots of a full server, of which one may be deleted, with what each is needed for."""
    planned, restores = waiting_in([view]), ways_back([view])
    deletable = deletable_ids(user, view)
    return [
        make_row(
            one,
            view,
            may_restore=False,
            may_delete=one.id in deletable,
            marks=make_marks(one, view, planned, user, restores),
        )
        for one in view.snapshots
    ]


def _first_choice(choices: Sequence[RoomChoice]) -> str:
    """The oldest that is not needed; '' if there is none, so that the person must choose."""
    return next((one.key for one in choices if not one.is_needed), "")


def offer_room(form: Form, view: ServerView, user: Person, *, needed: Snapshot | None = None) -> None:
    """Give the form's `make_room` its choices, one of them chosen; take it off where there is room or no choice."""
    choices = room_choices(view, user, needs_in([view]), needed) if view.is_full else []
    if not choices:
        del form.fields["make_room"]
        return
    field = form.fields["make_room"]
    field.required = True  # display only: the rule is in jobs.plans
    field.widget.choices = [(one.key, one.label) for one in choices]
    form.initial["make_room"] = _first_choice(choices)
