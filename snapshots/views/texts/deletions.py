"""Texts of planned deletions and protections: badges, and what each state means."""

from django.utils.translation import gettext_lazy as lazy

from snapshots.deletions.models import Kind, PlannedDeletion, State
from snapshots.views.texts.base import Badge, Words

PROTECTED = Badge("ok", lazy("Protected"))
WAY_BACK = Badge("warn", lazy("The way back from the restore of"))
WAITING_BADGES = {
    Kind.GRACE: Badge("warn", lazy("Will be deleted")),
    Kind.KEEP_UNTIL: Badge("neutral", lazy("Kept until")),
}
BADGES = {
    State.SENT: Badge("moving", lazy("Being deleted")),
    State.DONE: Badge("ok", lazy("Deleted")),
    State.FAILED: Badge("bad", lazy("Not deleted")),
    State.KEPT: Badge("ok", lazy("Kept")),
    State.REPLACED: Badge("neutral", lazy("Changed")),
    State.REFUSED: Badge("bad", lazy("Not deleted")),
}
_WAITING_WORDS = {
    Kind.GRACE: Words(
        "warn",
        lazy("This snapshot will be deleted"),
        lazy("Nothing has been sent to the provider yet. Until then the snapshot can be restored, and kept."),
    ),
    Kind.KEEP_UNTIL: Words(
        "info",
        lazy("This snapshot is kept until a date"),
        lazy(
            "After it the portal deletes the snapshot. The date can be moved or removed at any time before."
        ),
    ),
}
_WORDS = {
    State.SENT: Words(
        "moving",
        lazy("The deletion was sent"),
        lazy("The operation shows how it goes on. It cannot be called back."),
    ),
    State.DONE: Words("good", lazy("The snapshot was deleted"), lazy("The operation shows when and how.")),
    State.FAILED: Words(
        "bad",
        lazy("The snapshot was not deleted"),
        lazy("The deletion was sent once and failed. It is not repeated: the operation says why."),
        lazy("Delete the snapshot again if it should still go."),
    ),
    State.KEPT: Words(
        "good", lazy("The snapshot is kept"), lazy("Its deletion was called back. Nothing was sent.")
    ),
    State.REPLACED: Words(
        "info", lazy("The plan was changed"), lazy("Another date or deletion took its place.")
    ),
    State.REFUSED: Words(
        "bad",
        lazy("The snapshot was not deleted"),
        lazy("When it was due the portal's rules refused it. Nothing was sent."),
        lazy("Delete the snapshot again if it should still go."),
    ),
}


def deletion_badge(planned: PlannedDeletion) -> Badge:
    state = State(planned.state)
    return WAITING_BADGES[Kind(planned.kind)] if state == State.WAITING else BADGES[state]


def deletion_words(planned: PlannedDeletion) -> Words:
    state = State(planned.state)
    return _WAITING_WORDS[Kind(planned.kind)] if state == State.WAITING else _WORDS[state]
