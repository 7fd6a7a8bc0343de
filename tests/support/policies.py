"""Places approval policies, asks for approval, and gives it."""

from functools import partial

from snapportal.accounts.models import User
from snapshots.approvals import deciding
from snapshots.approvals.asking import begin
from snapshots.approvals.models import ApprovalRequest, Kind
from snapshots.audit.journal import Actor
from snapshots.operations import policies
from snapshots.operations.guarded_models import Policy
from snapshots.operations.models import Action
from snapshots.operations.policies import PolicyDefinition
from tests.support.desk import Desk


def actor(person: User, **more) -> Actor:
    return Actor(id=person.pk, name=str(person), role=person.role, **more)


def place(by: User, *views, **more) -> Policy:
    """On these servers, or on all: restores and deletions take the approval of one other person."""
    fields = {
        "name": "Production",
        "servers": {one.server_id: one.name for one in views} or None,
        "actions": [Action.RESTORE, Action.DELETE],
        "needed": 1,
        "hours": 4,
        "approvers": (),
        "reason": "agreed by the team",
    }
    return policies.place(actor=actor(by), definition=PolicyDefinition(**fields | more))


def wish(desk: Desk, view, kind: Kind = Kind.RESTORE, *, confirmation: str = "", snapshot=None, **more):
    """What the page of a restore or a deletion calls; nothing is called yet."""
    snapshot = snapshot or desk.snapshot(view)
    fields = {"reason": "the upgrade went wrong"}
    if kind != Kind.DELETE:
        fields["typed_name"] = view.name
    return partial(
        begin,
        kind,
        actor=desk.actor,
        token=desk.token,
        confirmation=confirmation or desk.confirm(kind.action, view, snapshot),
        **fields | more,
    )


def approve(person: User, asked: ApprovalRequest):
    return partial(deciding.approve, actor=actor(person), pk=asked.pk)


def only() -> ApprovalRequest:
    return ApprovalRequest.objects.get()
