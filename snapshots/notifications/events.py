"""Which rows of the audit log are events, and of which kind."""

from collections.abc import Mapping
from typing import Any, Final

from snapshots.audit import chain
from snapshots.audit.subjects import Subject
from snapshots.notifications.coverage import coverage_of
from snapshots.notifications.models import Event, Kind
from snapshots.operations.models import Action
from snapshots.operations.policies import current

Row = Mapping[str, Any]

_OPERATION_RESULTS: Final = {
    "completed": Kind.COMPLETED,
    "failed": Kind.FAILED,
    "unknown": Kind.UNKNOWN,
    "reconciled": Kind.RESOLVED,
}
_FAILED: Final = {
    "audit.verify": Kind.AUDIT_BROKEN,
    "audit.stream_stop": Kind.AUDIT_BROKEN,
    "job.end": Kind.JOB_STOPPED,
    "server.silent": Kind.SILENT,
}
_SCHEDULES: Final = {
    "schedule.run": Kind.SCHEDULE_FAILED,
    "schedule.stop": Kind.SCHEDULE_STOPPED,
    "schedule.silent": Kind.SCHEDULE_STOPPED,
}
_ALWAYS: Final = {
    "snapshot.observed": Kind.OBSERVED,
    "deletion.plan": Kind.DELETION_DUE,
    "deletion.remind": Kind.DELETION_DUE,
    "deletion.refuse": Kind.DELETION_DUE,
    "api_key.create": Kind.API_KEY,
    "api_key.revoke": Kind.API_KEY,
    "server.lock": Kind.SERVER_LOCK,
    "server.ask_unlock": Kind.SERVER_LOCK,
    "server.keep_lock": Kind.SERVER_LOCK,
    "server.unlock": Kind.SERVER_LOCK,
    "deletion.ask_shorten": Kind.SERVER_LOCK,
    "deletion.shorten": Kind.SERVER_LOCK,
    "deletion.keep_grace": Kind.SERVER_LOCK,
    "freeze.place": Kind.FREEZE,
    "freeze.ask_lift": Kind.FREEZE,
    "freeze.keep": Kind.FREEZE,
    "freeze.lift": Kind.FREEZE,
    "approval.request": Kind.APPROVAL,
    "approval.approve": Kind.APPROVAL,
    "approval.deny": Kind.APPROVAL,
    "approval.break_glass": Kind.APPROVAL,
    "approval.expire": Kind.APPROVAL,
    "approval.void": Kind.APPROVAL,
    "temporary_role.ask": Kind.APPROVAL,
    "temporary_role.grant": Kind.APPROVAL,
    "temporary_role.deny": Kind.APPROVAL,
    "temporary_role.expire": Kind.APPROVAL,
    "temporary_role.end": Kind.APPROVAL,
    "policy.place": Kind.FREEZE,
    "policy.ask_lift": Kind.FREEZE,
    "policy.keep": Kind.FREEZE,
    "policy.lift": Kind.FREEZE,
    "person.add": Kind.FREEZE,
    "person.add_service_account": Kind.FREEZE,
    "person.change_role": Kind.FREEZE,
    "person.change_keeper": Kind.FREEZE,
    "team.add": Kind.FREEZE,
    "team.change": Kind.FREEZE,
    "team.add_member": Kind.FREEZE,
    "factor.add": Kind.FACTORS,
    "factor.remove": Kind.FACTORS,
    "factor.reset": Kind.FACTORS,
    "factor.make_recovery_codes": Kind.FACTORS,
    "factor.use_recovery_code": Kind.FACTORS,
    "person.link_identity": Kind.FACTORS,
    "person.invite": Kind.FACTORS,
    "person.set_password": Kind.FACTORS,
    "person.unlink_identity": Kind.FACTORS,
    "review.question": Kind.REVIEW,
    "review.answer": Kind.REVIEW,
}
"""Actions that are told whatever their result, but for those that change what guards."""
_ABOUT_PEOPLE: Final = ("person.", "team.")
_NOT_TOLD_IF_REFUSED: Final = frozenset({Kind.SERVER_LOCK, Kind.FREEZE, Kind.APPROVAL, Kind.REVIEW})
"""Nothing changed, and nobody has to do anything."""
_EXPECTED: Final = frozenset(
    {
        ("job.end", "schedule"),
        ("schedule.run", "cancelled"),
        ("schedule.run", "paused"),
        ("schedule.run", "schedule_gone"),
    }
)
"""Action and code of failures that are told otherwise, or known: the run of a schedule tells of its job, and who cancels
the run, or pauses or removes the schedule before the run has begun, knows."""
NEW_DEVICE: Final = "new_device"
"""Code of a sign-in with a browser in which the person had not signed in before."""
CODES_STOPPED: Final = "codes_stopped"
"""Code of the wrong code of a second factor after which no more are accepted for a while."""
TEMPORARY_ROLE: Final = "temporary_role."
"""What the actions about temporary roles begin with. They are told to those whom the role concerns."""
ABOUT_TARGET: Final = frozenset({Kind.FACTORS, Kind.API_KEY})
"""Kinds about the person whom the target names, whoever did it."""
ABOUT_EVIDENCE: Final = frozenset({Kind.REVIEW})
"""Kinds about the person whom the evidence names: who is asked, or whose question was answered."""
_TROUBLE: Final = frozenset({"failed", "stopped", "unknown"})
COPIED: Final = (
    "at", "sequence", "action", "code", "operation_id", "actor_id", "server_id", "server_name", "snapshot_name",
    "token_label", "token_fingerprint", "target",
)  # fmt: skip


def kind_of(row: Row) -> Kind | None:
    """The kind of event that a row of the log records; None for a row that nobody is told of."""
    action, result = row["action"], row["result"]
    if row.get(chain.UNREADABLE) or (result == "refused" and _ALWAYS.get(action) in _NOT_TOLD_IF_REFUSED):
        return None
    if action in Action.values:
        return _OPERATION_RESULTS.get(result) if row["phase"] == "outcome" else None
    if action in _ALWAYS or row["code"] == CODES_STOPPED:
        return _ALWAYS.get(action, Kind.FACTORS)
    if (action, row["code"]) == ("person.sign_in", NEW_DEVICE):
        return Kind.NEW_DEVICE
    if result in _TROUBLE and (action, row["code"]) not in _EXPECTED:
        return (_SCHEDULES | _FAILED).get(action)
    return None


def _person_of(row: Row, kind: Kind) -> int | None:
    """The number of the person whom the event is about, if the row names one, which it holds only as a commitment."""
    if kind not in ABOUT_TARGET | ABOUT_EVIDENCE:
        return None
    commitment = row["target_subject" if kind in ABOUT_TARGET else "evidence_subject"]
    return Subject.objects.filter(commitment=commitment).values_list("person_id", flat=True).first()


def from_row(row: Row) -> Event | None:
    """The event, not yet saved; None for a row that is none, or tells what was told. Erased or erasable names are not copied."""
    kind = kind_of(row)
    if kind is None or (kind == Kind.FREEZE and row["action"].startswith(_ABOUT_PEOPLE) and not current()):
        return None  # who may be the second of two people matters where a policy asks for one
    coverage = coverage_of(row)
    if coverage.is_told:
        return None
    return Event(
        key=f"row-{row['sequence']}",
        kind=kind,
        covered=coverage.covered,
        page_id=coverage.page_id,
        is_partial=coverage.is_partial,
        person_id=_person_of(row, kind),
        **{name: row[name] for name in COPIED},
    )
