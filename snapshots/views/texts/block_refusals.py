"""Texts of refusals because of a lock or a freeze, and of lifting one."""

from django.utils.translation import gettext_lazy as lazy

from snapshots.views.texts.base import Words

BLOCK_REFUSALS = {
    "server_locked": Words(
        "warn",
        lazy("This server is locked"),
        lazy("Nothing was sent. The server's page says why and until when it is locked."),
    ),
    "frozen": Words(
        "warn",
        lazy("A freeze holds on this server"),
        lazy("Nothing is restored or deleted meanwhile. Nothing was sent."),
        lazy("The page about freezes says why and until when."),
    ),
    "freeze_end": Words(
        "bad",
        lazy("This end is over, or not after its begin"),
        lazy("Nothing was changed."),
        lazy("Enter an end that is still to come and later than the begin."),
    ),
    "freeze_over": Words("info", lazy("This freeze is over"), lazy("Nothing was changed.")),
    "already_locked": Words("info", lazy("This server is locked already"), lazy("Nothing was changed.")),
    "not_locked": Words("info", lazy("This server is not locked any more"), lazy("Nothing was changed.")),
    "lock_ended": Words("bad", lazy("This day is over"), lazy("Nothing was changed. Enter a later day.")),
    "lift_asked": Words("info", lazy("Somebody wants to lift it already"), lazy("Nothing was changed.")),
    "lift_not_asked": Words(
        "info",
        lazy("Nobody wants to lift it any more"),
        lazy("Somebody called it back. Nothing was changed."),
    ),
    "second_person": Words(
        "warn",
        lazy("Somebody else must agree"),
        lazy("You asked for it yourself. Nothing was changed."),
    ),
}
