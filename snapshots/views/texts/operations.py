"""Texts of an operation's state: what happened, what it means, what to do next."""

from dataclasses import replace
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from snapshots.operations.models import Action, Finding, Operation, State
from snapshots.views.texts.base import Badge, Words
from snapshots.views.texts.expectations import usual_sentence

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

OPERATION_BADGES = {
    State.PENDING: "moving",
    State.SENT: "moving",
    State.ACCEPTED: "moving",
    State.COMPLETED: "ok",
    State.FAILED: "bad",
    State.UNKNOWN: "warn",
    State.RECONCILED: "neutral",
}


def operation_badge(operation: Operation) -> Badge:
    if operation.is_far_too_long:
        return Badge("warn", State.ACCEPTED.label)
    return Badge(OPERATION_BADGES[State(operation.state)], State(operation.state).label)


IN_PROGRESS = {
    Action.CREATE: Words(
        "info",
        lazy("The snapshot is being created"),
        lazy("The provider has started."),
        lazy("You can close this page: it continues without you."),
    ),
    Action.RESTORE: Words(
        "info",
        lazy("The server is being restored"),
        lazy("The provider has started. The server cannot be used meanwhile."),
        lazy(
            "Do not use or change the server until it has ended. You can close this page: it continues without you."
        ),
    ),
    Action.DELETE: Words(
        "info",
        lazy("The snapshot is being deleted"),
        lazy("The provider accepted it. It is deleted once the provider's list no longer shows it."),
        lazy("This takes a few seconds."),
    ),
}
_FAR_TOO_LONG = lazy("The provider has started, but it takes far longer than it should. It may never end.")
FAR_TOO_LONG_ADVICE = {
    Action.CREATE: lazy(
        "Check the snapshot at the provider's site, or ask its support. It can be deleted on the server's page, which "
        "frees its slot."
    ),
    Action.RESTORE: lazy(
        "Check the server at the provider's site, or ask its support. If it has ended there, resolve it manually here."
    ),
    Action.DELETE: lazy("Check the snapshot at the provider's site, or ask its support."),
}
COMPLETED = {
    Action.CREATE: Words(
        "good",
        lazy("The snapshot is ready"),
        lazy("The server can now be restored to this point."),
        lazy("You can go ahead with your change. Delete the snapshot when you no longer need it."),
    ),
    Action.RESTORE: Words(
        "good",
        lazy("The server was restored"),
        lazy("Everything on it is as it was when the snapshot was created. Later changes are lost."),
        lazy("Check that your site and your programs work as expected."),
    ),
    Action.DELETE: Words(
        "good",
        lazy("The snapshot was deleted"),
        lazy("It cannot be recovered. Its slot is free."),
    ),
}
ALREADY_GONE = Words(
    "good",
    lazy("The snapshot was already gone"),
    lazy("It had been deleted before this request reached the provider. Its slot is free."),
)
NOT_COMPLETED = {
    Action.CREATE: lazy("The snapshot was not created"),
    Action.RESTORE: lazy("The server was not restored"),
    Action.DELETE: lazy("The snapshot was not deleted"),
}
_NOTHING_SENT = lazy("The provider could not be reached, so nothing was sent. Nothing was changed.")
_TRY_LATER = lazy("Try again in a few minutes.")
FAILED_WORDS: dict[str, tuple["StrPromise", "StrPromise"]] = {
    "unreachable": (_NOTHING_SENT, _TRY_LATER),
    "not_sent": (_NOTHING_SENT, _TRY_LATER),
    "busy": (
        lazy("Too many requests were in progress, so this one was not sent. Nothing was changed."),
        _TRY_LATER,
    ),
    "never_sent": (
        lazy("The portal was stopped before it was sent. Nothing was changed."),
        lazy("Request it again."),
    ),
    "server_locked": (
        lazy("The server was locked before it was sent. Nothing was changed."),
        lazy("The server's page says why and until when it is locked."),
    ),
    "frozen": (
        lazy("A freeze began before it was sent. Nothing was changed."),
        lazy("Request it again when the freeze is over."),
    ),
    "bad_call": (
        lazy("The portal found the request invalid and did not send it. Nothing was changed."),
        lazy("Tell your admin."),
    ),
    "invalid": (
        lazy("The provider refused it. Nothing was changed."),
        lazy(
            "See the provider's message below. A restore requires that no other operation runs on the server."
        ),
    ),
    "limit_reached": (
        lazy(
            "The provider allows no more snapshots, although its list showed a free slot: this token may not see all "
            "snapshots, some may still be deleting, or the plan may allow fewer. Nothing was changed."
        ),
        lazy("Delete a snapshot that you no longer need, then create the new one."),
    ),
    "token_refused": (
        lazy("The provider refused the token. Nothing was changed."),
        lazy("Create a new token at the provider's site, replace the old one here, and try again."),
    ),
    "sealed": (
        lazy("The stored token could not be decrypted, so nothing was sent. Nothing was changed."),
        lazy("Tell your admin. If the key cannot be restored, store the token again."),
    ),
    "forbidden": (
        lazy("The token lacks the permission for this. Nothing was changed."),
        lazy("Give it that permission at the provider's site, or use another token."),
    ),
    "not_found": (
        lazy("The provider does not know this server or snapshot any more. Nothing was changed."),
        lazy("See the server's page for what exists."),
    ),
    "rate_limited": (
        lazy("The provider limited the rate of requests and did not do it. Nothing was changed."),
        lazy("Try again when the wait is over: until then nothing is sent with this token."),
    ),
}
LIMIT_WITHOUT_SNAPSHOTS = Words(
    "bad",
    NOT_COMPLETED[Action.CREATE],
    lazy(
        "The provider allows no more snapshots, although its list shows no snapshot of this server: this token may not see "
        "all snapshots, some may still be deleting, or the plan may allow none. Nothing was changed."
    ),
    lazy("Look at the server's snapshots at VPS.org, or ask its support why it allows none."),
)
"""For a create refused with limit_reached when there is no listed snapshot that could be deleted."""
_REFUSED_BY_PROVIDER = (lazy("The provider did not do it. Nothing was changed."), _TRY_LATER)
PROVIDER_FAILED = {
    Action.CREATE: (
        lazy("The provider started but could not finish."),
        lazy("Delete the failed snapshot to free its slot, and create another."),
    ),
    Action.RESTORE: (
        lazy("The provider started but could not finish. The server may be partly restored."),
        lazy("Check the server now. You can restore again, or ask the provider's support for help."),
    ),
    Action.DELETE: (lazy("The provider started but could not finish."), _TRY_LATER),
}
UNKNOWN_TITLES = {
    Action.CREATE: lazy("We do not know whether the snapshot was created"),
    Action.RESTORE: lazy("We do not know whether the server was restored"),
    Action.DELETE: lazy("We do not know whether the snapshot was deleted"),
}
UNKNOWN_TITLES_BY_CODE = {
    "already_gone": lazy("The snapshot may be gone already"),
    "still_listed": lazy("The snapshot is still listed"),
}
_LOST = lazy("The request was sent but the answer was lost. It may or may not have happened.")
UNKNOWN_WORDS = {
    "not_running": lazy(
        "The provider answered that the restore began, but then reported that the server is not being restored."
    ),
    "end_not_seen": lazy("The provider started the restore, but never reported that it ran or ended."),
    "vanished": lazy("The provider started to create it, but it is no longer in the list."),
    "interrupted": lazy("The portal was stopped before the answer arrived. It may or may not have happened."),
    "contradictory": lazy(
        "The provider answered with a success status, but its message says that it failed. It may or may not have happened."
    ),
    "server_fault": lazy(
        "The provider answered that it failed. What was requested may or may not have happened."
    ),
    "unreadable": lazy("The provider's answer could not be understood. It may or may not have happened."),
    "other_answer": lazy(
        "The provider's answer is about something other than what was requested. It may or may not have happened."
    ),
    "other_snapshot": lazy(
        "The snapshot that the provider named as the new one is a different one. It may or may not have been created."
    ),
    "already_gone": lazy(
        "The provider does not know this snapshot any more: it may have been deleted by somebody else. "
        "This is certain once its list no longer shows it either."
    ),
    "still_listed": lazy("The provider answered that it is deleted, but still lists it."),
}
_WAIT = lazy("The portal keeps checking. Do not request it again until this is resolved.")


ABOUT_TO_SEND = Words("info", lazy("Sending"), lazy("It is recorded, and is being sent to the provider."))
SENT = Words("info", lazy("Sent: waiting for an answer"), lazy("The provider has not answered yet."), _WAIT)


def operation_words(operation: Operation) -> Words:
    action = Action(operation.action)
    if operation.is_far_too_long:
        return Words("warn", IN_PROGRESS[action].title, _FAR_TOO_LONG, FAR_TOO_LONG_ADVICE[action])
    match operation.state:
        case State.FAILED:
            return _failed_words(action, operation.code)
        case State.UNKNOWN:
            return _unknown_words(action, operation.code)
        case State.RECONCILED:
            return _reconciled_words(action, operation.finding, operation.code)
        case State.ACCEPTED if action != Action.DELETE:
            words = IN_PROGRESS[action]
            return replace(words, meaning=f"{words.meaning} {usual_sentence(operation.expectation)}")
    return {
        State.PENDING: ABOUT_TO_SEND,
        State.SENT: SENT,
        State.ACCEPTED: IN_PROGRESS[action],
        State.COMPLETED: COMPLETED[action],
    }[State(operation.state)]


def _failed_words(action: Action, code: str) -> Words:
    if code == "provider_failed":
        return Words("bad", NOT_COMPLETED[action], *PROVIDER_FAILED[action])
    return Words("bad", NOT_COMPLETED[action], *FAILED_WORDS.get(code, _REFUSED_BY_PROVIDER))


def _unknown_words(action: Action, code: str) -> Words:
    title = UNKNOWN_TITLES_BY_CODE.get(code, UNKNOWN_TITLES[action])
    return Words("warn", title, UNKNOWN_WORDS.get(code, _LOST), _WAIT)


def _reconciled_words(action: Action, finding: str, code: str) -> Words:
    match finding:
        case Finding.HAPPENED if code == "already_gone":
            return ALREADY_GONE
        case Finding.HAPPENED:
            completed = COMPLETED[action]
            return Words(
                "good",
                completed.title,
                _("The result was unknown for a while. Evidence now shows that it happened."),
                completed.advice,
            )
        case Finding.NOT_HAPPENED:
            return Words(
                "bad",
                NOT_COMPLETED[action],
                _("The result was unknown for a while. It is now known that it did not happen."),
            )
        case _:
            return Words(
                "warn",
                _("Resolved without proof"),
                _(
                    "Nobody could find out whether it happened. A person resolved it manually; see the reason below."
                ),
            )
