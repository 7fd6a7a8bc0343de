"""Events as sentences, for the portal's pages, e-mails and messages."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from snapshots.notifications.models import Event, Kind
from snapshots.operations.models import Action

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

_OPERATIONS: Final[dict[tuple[str, str], "StrPromise"]] = {
    (Kind.COMPLETED, Action.CREATE): lazy("Snapshot %(snapshot)s of %(server)s is ready"),
    (Kind.COMPLETED, Action.RESTORE): lazy("%(server)s was restored from %(snapshot)s"),
    (Kind.COMPLETED, Action.DELETE): lazy("Snapshot %(snapshot)s of %(server)s was deleted"),
    (Kind.FAILED, Action.CREATE): lazy("Snapshot %(snapshot)s of %(server)s was not created"),
    (Kind.FAILED, Action.RESTORE): lazy("%(server)s was not restored from %(snapshot)s"),
    (Kind.FAILED, Action.DELETE): lazy("Snapshot %(snapshot)s of %(server)s was not deleted"),
    (Kind.UNKNOWN, Action.CREATE): lazy("Unknown whether snapshot %(snapshot)s of %(server)s was created"),
    (Kind.UNKNOWN, Action.RESTORE): lazy("Unknown whether %(server)s was restored from %(snapshot)s"),
    (Kind.UNKNOWN, Action.DELETE): lazy("Unknown whether snapshot %(snapshot)s of %(server)s was deleted"),
    (Kind.RESOLVED, Action.CREATE): lazy("Resolved: the creation of snapshot %(snapshot)s of %(server)s"),
    (Kind.RESOLVED, Action.RESTORE): lazy("Resolved: the restore of %(server)s from %(snapshot)s"),
    (Kind.RESOLVED, Action.DELETE): lazy("Resolved: the deletion of snapshot %(snapshot)s of %(server)s"),
    (Kind.OVERDUE, Action.CREATE): lazy("Creating snapshot %(snapshot)s of %(server)s takes too long"),
    (Kind.OVERDUE, Action.RESTORE): lazy("Restoring %(server)s from %(snapshot)s takes too long"),
    (Kind.OVERDUE, Action.DELETE): lazy("Deleting snapshot %(snapshot)s of %(server)s takes too long"),
}
_OBSERVED: Final[dict[str, "StrPromise"]] = {
    "appeared": lazy("Snapshot %(snapshot)s of %(server)s appeared, not made through this portal"),
    "vanished": lazy("Snapshot %(snapshot)s of %(server)s vanished, not deleted through this portal"),
    "vanished_with_server": lazy(
        "Snapshot %(snapshot)s vanished, and its server %(server)s is not listed either"
    ),
    "renamed": lazy("A snapshot of %(server)s is named %(snapshot)s now, not renamed through this portal"),
    "resized": lazy("The size of snapshot %(snapshot)s of %(server)s changed, not through this portal"),
}
_OTHERS: Final[dict[str, "StrPromise"]] = {
    Kind.OBSERVED: lazy("Snapshot %(snapshot)s of %(server)s changed, not through this portal"),
    Kind.SILENT: lazy("No snapshot of %(server)s was completed for too long"),
    Kind.JOB_STOPPED: lazy("A job for %(server)s stopped before its end"),
    Kind.SCHEDULE_FAILED: lazy("A run of the schedule %(target)s failed"),
    Kind.SCHEDULE_STOPPED: lazy("The schedule %(target)s stopped"),
    Kind.DELETION_DUE: lazy("Snapshot %(snapshot)s of %(server)s will be deleted soon"),
    Kind.TOKEN_REFUSED: lazy("VPS.org refuses the token %(token)s"),
    Kind.PROVIDER_DOWN: lazy("VPS.org has not answered for 5 minutes"),
    Kind.WORKER_DOWN: lazy("The portal's worker did not run for 5 minutes or longer"),
    Kind.MAIL_DOWN: lazy("The portal could not send e-mails for 5 minutes or longer"),
    Kind.TARGET_DOWN: lazy("The target %(target)s of notifications took nothing for 5 minutes or longer"),
    Kind.CLOCK_WRONG: lazy("The portal's clock differs from that of VPS.org by more than 2 minutes"),
    Kind.AUDIT_BROKEN: lazy("The audit log does not verify"),
    Kind.NEW_DEVICE: lazy("Somebody signed in as you with a device that was not used before"),
    Kind.FACTORS: lazy("Somebody entered too many wrong codes for your account"),
    Kind.API_KEY: lazy("An API key was made in your name"),
    Kind.SERVER_LOCK: lazy("%(server)s was locked"),
    Kind.FREEZE: lazy("The freeze %(target)s was placed: nothing is restored or deleted while it holds"),
    Kind.APPROVAL: lazy("Somebody asks for approval on %(server)s"),
    Kind.REVIEW: lazy("A reviewer of the audit log asks you about row %(target)s"),
    Kind.TEST: lazy("This is a test: notifications arrive here"),
}
_ACTIONS: Final[dict[str, "StrPromise"]] = {
    "api_key.revoke": lazy("An API key was revoked that was made in your name"),
    "server.ask_unlock": lazy("Somebody wants to lift the lock of %(server)s: agree, or keep the lock"),
    "server.keep_lock": lazy("The lock of %(server)s is kept"),
    "server.unlock": lazy("The lock of %(server)s was lifted"),
    "deletion.ask_shorten": lazy("Somebody wants to shorten the grace time of %(server)s: agree, or keep it"),
    "deletion.shorten": lazy("The grace time of %(server)s was shortened"),
    "deletion.keep_grace": lazy("The grace time of %(server)s stays as it is"),
    "freeze.ask_lift": lazy("Somebody wants to lift the freeze %(target)s: agree, or keep it"),
    "freeze.keep": lazy("The freeze %(target)s is kept"),
    "freeze.lift": lazy("The freeze %(target)s was lifted"),
    "approval.approve": lazy("A request on %(server)s was approved"),
    "approval.deny": lazy("A request on %(server)s was denied"),
    "approval.break_glass": lazy("The glass was broken on %(server)s: it was begun without approval"),
    "approval.expire": lazy("A request on %(server)s expired: nobody decided it in time"),
    "approval.void": lazy("A request on %(server)s is void: it cannot begin any more"),
    "temporary_role.ask": lazy("Somebody asks for a temporary role on %(server)s"),
    "temporary_role.grant": lazy("A temporary role on %(server)s was granted"),
    "temporary_role.deny": lazy("A temporary role on %(server)s was denied"),
    "temporary_role.expire": lazy("Nobody decided in time about a temporary role on %(server)s"),
    "temporary_role.end": lazy("A temporary role on %(server)s has ended"),
    "policy.place": lazy("The approval policy %(target)s was placed"),
    "policy.ask_lift": lazy("Somebody wants to lift the approval policy %(target)s: agree, or keep it"),
    "policy.keep": lazy("The approval policy %(target)s is kept"),
    "policy.lift": lazy("The approval policy %(target)s was lifted"),
    "person.add": lazy("A person was added, who may approve requests after a while"),
    "person.add_service_account": lazy("A service account was added"),
    "person.change_role": lazy("The role of a person was changed"),
    "person.change_keeper": lazy("Somebody else looks after a service account"),
    "team.add": lazy("The team %(target)s was added"),
    "team.change": lazy("The team %(target)s was changed"),
    "team.add_member": lazy("A person was put into a team"),
    "factor.add": lazy("A second factor was added to your account"),
    "factor.remove": lazy("A second factor was removed from your account"),
    "factor.reset": lazy("Your second factors were reset"),
    "factor.make_recovery_codes": lazy("New recovery codes were made for your account"),
    "factor.use_recovery_code": lazy("A recovery code of your account was used"),
    "person.invite": lazy("An admin made a link with which a password of your account can be set"),
    "person.set_password": lazy("The password of your account was set"),
    "person.link_identity": lazy(
        "An account at your identity provider was linked to yours, and can sign you in from now on"
    ),
    "person.unlink_identity": lazy("An account at your identity provider was unlinked from yours"),
    "review.answer": lazy("Your question about an entry of the audit log was answered"),
    "audit.stream_stop": lazy("The stream %(target)s of the audit log stopped"),
    "schedule.silent": lazy("Nothing has come of the schedule %(target)s for too long"),
    "deletion.plan": lazy("Somebody has planned the deletion of snapshot %(snapshot)s of %(server)s"),
    "deletion.refuse": lazy("The planned deletion of snapshot %(snapshot)s of %(server)s was refused"),
}
"""Sentences for one action of a kind that has several."""
_JOBS: Final[dict[str, "StrPromise"]] = {
    "safe_restore": lazy("The restore of %(server)s with a safety snapshot stopped before its end"),
    "replace": lazy("Replacing a snapshot of %(server)s stopped before its end"),
    "create_many": lazy("Creating snapshots of several servers stopped: not done on %(server)s"),
    "delete_many": lazy("Deleting several snapshots stopped: not done on %(server)s"),
    "restore_many": lazy("Going back to a restore point stopped: not done on %(server)s"),
}
"""Code of a job that stopped, which is its kind → sentence."""
_STOPS: Final[dict[str, "StrPromise"]] = {
    "five_failures": lazy("The schedule %(target)s is paused: five runs in a row failed"),
    "owner_gone": lazy("The schedule %(target)s stopped: its owner is no longer active"),
    "owner_lacks_right": lazy("The schedule %(target)s stopped: its owner may no longer do what it does"),
    "token_gone": lazy("The schedule %(target)s stopped: its token was removed or replaced"),
    "token_limited": lazy(
        "The schedule %(target)s stopped: the limits of its token do not allow what it does"
    ),
    "token_refused": lazy("The schedule %(target)s stopped: VPS.org refuses the token %(token)s"),
}
"""Code of a schedule's stop → sentence."""
_RUN_PARTLY: Final = lazy(
    "A run of the schedule %(target)s was completed only in part: it failed on %(server)s"
)
_RUN_FAILED: Final = lazy("A run of the schedule %(target)s failed on %(server)s")
SERVERS_NAMED: Final = 3
"""More than these are counted."""
SEVERITIES: Final[dict[str, str]] = {
    Kind.COMPLETED: "ok",
    Kind.RESOLVED: "neutral",
    Kind.TEST: "neutral",
    Kind.UNKNOWN: "warn",
    Kind.OVERDUE: "warn",
    Kind.OBSERVED: "warn",
    Kind.DELETION_DUE: "warn",
    Kind.NEW_DEVICE: "warn",
    Kind.FACTORS: "warn",
    Kind.API_KEY: "warn",
    Kind.SERVER_LOCK: "warn",
    Kind.FREEZE: "warn",
    Kind.APPROVAL: "warn",
    Kind.REVIEW: "warn",
}
"""The kind of badge; 'bad' for the others."""
_KIND_NAMES: Final[dict[str, "StrPromise"]] = {
    Kind.COMPLETED: lazy("Completed"),
    Kind.FAILED: lazy("Failed"),
    Kind.UNKNOWN: lazy("Unknown"),
    Kind.RESOLVED: lazy("Resolved"),
    Kind.OVERDUE: lazy("Too long"),
    Kind.OBSERVED: lazy("Observed"),
    Kind.SILENT: lazy("Silence"),
    Kind.JOB_STOPPED: lazy("Stopped"),
    Kind.SCHEDULE_FAILED: lazy("Schedule"),
    Kind.SCHEDULE_STOPPED: lazy("Schedule"),
    Kind.DELETION_DUE: lazy("Deletion"),
    Kind.TOKEN_REFUSED: lazy("Token"),
    Kind.PROVIDER_DOWN: lazy("Provider"),
    Kind.WORKER_DOWN: lazy("Worker"),
    Kind.MAIL_DOWN: lazy("E-mail"),
    Kind.TARGET_DOWN: lazy("Target"),
    Kind.CLOCK_WRONG: lazy("Clock"),
    Kind.AUDIT_BROKEN: lazy("Audit log"),
    Kind.NEW_DEVICE: lazy("Sign-in"),
    Kind.FACTORS: lazy("Sign-in"),
    Kind.API_KEY: lazy("API key"),
    Kind.SERVER_LOCK: lazy("Lock"),
    Kind.FREEZE: lazy("Safeguards"),
    Kind.APPROVAL: lazy("Approval"),
    Kind.REVIEW: lazy("Review"),
    Kind.TEST: lazy("Test"),
}


def title(event: Event, show: Callable[[str], str] = str) -> str:
    """What happened, in one sentence on one line. `show` formats a name."""
    names = {
        "server": _servers(event, show),
        "snapshot": show(event.snapshot_name) if event.snapshot_name else _("(no name)"),
        "token": show(event.token_label),
        "target": show(event.target),
    }
    return " ".join((str(_sentence(event)) % names).split())


def _servers(event: Event, show: Callable[[str], str]) -> str:
    """The server, or of several those on which something was not completed, such as 'db-1, web-1 and 4 more'."""
    failed = [one["name"] for one in event.covered if one["is_failed"]]
    names = failed or [event.server_name or _("a server")]
    shown = ", ".join(show(name) if name else _("(no name)") for name in names[:SERVERS_NAMED])
    more = len(names) - SERVERS_NAMED
    if more <= 0:
        return shown
    return ngettext("%(names)s and %(more)d more", "%(names)s and %(more)d more", more) % {
        "names": shown,
        "more": more,
    }


def _sentence(event: Event) -> "StrPromise | str":
    kind = Kind(event.kind)
    if (kind, event.action) in _OPERATIONS:
        return _OPERATIONS[kind, event.action]
    if kind == Kind.OBSERVED and event.code in _OBSERVED:
        return _OBSERVED[event.code]
    if kind == Kind.JOB_STOPPED and event.code in _JOBS:
        return _JOBS[event.code]
    if event.action == "schedule.stop" and event.code in _STOPS:
        return _STOPS[event.code]
    if kind == Kind.SCHEDULE_FAILED and any(one["is_failed"] for one in event.covered):
        return _RUN_PARTLY if event.is_partial else _RUN_FAILED
    return _ACTIONS.get(event.action) or _OTHERS.get(kind, kind.label)


def badge_text(event: Event) -> "StrPromise | str":
    return _KIND_NAMES.get(event.kind, event.kind)


def severity(event: Event) -> str:
    return "warn" if event.is_partial else SEVERITIES.get(event.kind, "bad")


def actor_names(events: list[Event]) -> dict[int, str]:
    """Person's number → name as it is now, of everybody who did what these events tell."""
    numbers = {event.actor_id for event in events if event.actor_id is not None}
    return {person.pk: str(person) for person in get_user_model().objects.filter(pk__in=numbers)}
