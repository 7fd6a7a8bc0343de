"""Texts of refusals because of a lock, a freeze or another job, of lifting one, and of what other people decide."""

from django.utils.translation import gettext_lazy as lazy

from snapshots.views.texts.base import Words

BLOCK_REFUSALS = {
    "job_began": Words(
        "warn",
        lazy("A job has begun since you opened this page: it is going to restore this server"),
        lazy("Nothing was sent."),
        lazy("Read this page again and confirm again."),
    ),
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
    "approval_needed": Words(
        "warn",
        lazy("This takes the approval of other people"),
        lazy("Nothing was sent. Approval is asked for on the page on which it is done."),
    ),
    "policy_over": Words("info", lazy("This policy does not hold any more"), lazy("Nothing was changed.")),
    "bad_policy": Words(
        "bad",
        lazy("This policy cannot be met"),
        lazy("Nothing was changed."),
        lazy("Choose what it is about, and at least as many approvers as are needed."),
    ),
    "too_many_requests": Words(
        "warn",
        lazy("Too many of your requests wait for approval"),
        lazy("Nothing was sent."),
        lazy("Withdraw some of them, or wait until they are decided."),
    ),
    "request_over": Words(
        "info", lazy("This request is over"), lazy("Somebody decided it already, or its time has passed.")
    ),
    "already_decided": Words("info", lazy("You have decided this already"), lazy("Nothing was changed.")),
    "not_an_approver": Words("warn", lazy("You may not decide this request"), lazy("Nothing was changed.")),
    "rights_too_new": Words(
        "warn",
        lazy("Your right to do this is too new"),
        lazy(
            "Nothing was changed. Whoever was given a right, or a link to an account, approves nothing for a while."
        ),
    ),
    "asker_lost_right": Words(
        "warn", lazy("Who asked may not do this any more"), lazy("Nothing was changed.")
    ),
    "asker_too_new": Words(
        "warn",
        lazy("The account that asks is too new"),
        lazy(
            "Nothing was changed. What an account asks for that was made or given a right a moment ago is approved later."
        ),
    ),
    "approval_lost": Words(
        "warn", lazy("The approval does not hold any more"), lazy("Who gave it may not do so any more.")
    ),
    "only_temporary": Words(
        "warn",
        lazy("A temporary role does not allow this"),
        lazy(
            "Locks, freezes, the lifting of a protection, grace times, handing over, and the schedules of others are for "
            "people who have the right for good. "
            "Nothing was changed."
        ),
    ),
    "nothing_to_ask": Words(
        "info", lazy("You have this role on these servers already"), lazy("Nothing was asked.")
    ),
    "asked_already": Words(
        "warn",
        lazy("A request of yours waits already"),
        lazy("Nothing was asked. Withdraw the other request first."),
    ),
    "bad_wish": Words(
        "bad", lazy("This cannot be asked for"), lazy("Choose servers and how long it shall last.")
    ),
    "already_locked": Words("info", lazy("This server is locked already"), lazy("Nothing was changed.")),
    "not_locked": Words("info", lazy("This server is not locked any more"), lazy("Nothing was changed.")),
    "lock_ended": Words("bad", lazy("This day is over"), lazy("Nothing was changed. Enter a later day.")),
    "lift_asked": Words("info", lazy("Somebody wants to lift it already"), lazy("Nothing was changed.")),
    "lift_not_asked": Words(
        "info",
        lazy("Nobody wants to lift it any more"),
        lazy("Somebody called it back. Nothing was changed."),
    ),
    "grace_changed": Words(
        "info",
        lazy("Somebody has just changed this grace time"),
        lazy("Nothing was changed. See below how it is now."),
    ),
    "second_person": Words(
        "warn",
        lazy("Somebody else must agree"),
        lazy("You asked for it yourself. Nothing was changed."),
    ),
}
