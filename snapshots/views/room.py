"""The choice of a snapshot that is deleted to make room on a full server."""

from django.forms import Form
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from snapshots.contract import Snapshot
from snapshots.jobs.plans import room_key
from snapshots.operations.server_views import ServerView
from snapshots.templatetags.portal import ago, id_text, with_names


def _label(snapshot: Snapshot, view: ServerView) -> SafeString:
    """'nightly-2026-11-24 (#801), created 3 days ago'."""
    sentence = _("%(name)s (%(id)s), created %(at)s")
    named = with_names(sentence.replace("%(at)s", "%%(at)s"), name=snapshot.name, id=id_text(snapshot.id))
    return SafeString(named % {"at": ago(snapshot.created_at)})


def _can_go(snapshot: Snapshot, view: ServerView, needed: Snapshot | None) -> bool:
    if snapshot.id in view.deleted_ids | view.protected_ids:
        return False
    is_settled = not snapshot.is_moving or view.is_stuck(snapshot)
    return is_settled and (needed is None or snapshot.id != needed.id)


def room_choices(view: ServerView, needed: Snapshot | None = None) -> list[tuple[str, SafeString]]:
    """What may be deleted to make room, oldest first: its `room_key` and its label."""
    return [
        (room_key(one), _label(one, view)) for one in reversed(view.snapshots) if _can_go(one, view, needed)
    ]


def offer_room(form: Form, view: ServerView, *, needed: Snapshot | None = None) -> None:
    """Give the form's `make_room` its choices, oldest first and chosen; take it off where there is room or no choice."""
    choices = room_choices(view, needed)
    if not view.is_full or not choices:
        del form.fields["make_room"]
        return
    field = form.fields["make_room"]
    field.required = True  # display only: the rule is in jobs.plans
    field.widget.choices = choices
    form.initial["make_room"] = choices[0][0]
