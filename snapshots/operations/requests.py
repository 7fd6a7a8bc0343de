"""What a person submitted to be done: its confirmation, its reason, and its row of the log if it is refused."""

from dataclasses import dataclass

from snapshots import contract
from snapshots.audit import journal
from snapshots.audit.entry_data import OVERRIDE
from snapshots.audit.journal import Actor
from snapshots.inventory.servers import find_snapshot
from snapshots.operations.approval import Approval
from snapshots.operations.confirmation import (
    Authorization,
    Confirmation,
    ConfirmationError,
    read_confirmation,
)
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.server_views import ServerView
from snapshots.vault.models import StoredToken


@dataclass(frozen=True)
class Request:
    """What a person submitted. `confirmation` is the signed text of the form, not yet verified, or stands for it."""

    action: str
    actor: Actor
    token: StoredToken
    confirmation: str | Authorization
    override_reason: str = ""
    reason: str = ""
    name: str = ""
    """Of the snapshot to create, as it was typed."""

    @property
    def override(self) -> str:
        """The reason to act on a server that a restore holds; '' if none was given or the actor may not override."""
        return contract.clean_reason(self.override_reason) if self.actor.may_override else ""

    @property
    def approval(self) -> Approval | None:
        """See Confirmation."""
        return (
            self.confirmation.confirmation.approval if isinstance(self.confirmation, Authorization) else None
        )

    @property
    def of_schedule(self) -> bool:
        return isinstance(self.confirmation, Authorization) and self.confirmation.of_schedule

    @property
    def begun_under(self) -> tuple[str, ...]:
        return self.confirmation.begun_under if isinstance(self.confirmation, Authorization) else ()

    @property
    def stored_reason(self) -> str:
        """Why, for the operation and the log, with a line for why it is done although a restore holds the server."""
        text = contract.clean_reason(self.reason)
        return contract.clean_text(f"{text}\n{OVERRIDE}{self.override}".strip()) if self.override else text

    def guard(self) -> None:
        """What an authorization depends on besides. Raises OperationRefusedError."""
        if isinstance(self.confirmation, Authorization):
            self.confirmation.guard()


def read_request(request: Request) -> Confirmation:
    """Step 1: the confirmation. Raises OperationRefusedError if the confirmation is invalid, expired, or for something else."""
    try:
        return read_confirmation(
            request.confirmation,
            actor_id=request.actor.id,
            action=request.action,
            token_id=request.token.pk,
        )
    except ConfirmationError as error:
        raise OperationRefusedError(error.code) from None


def record_refusal(
    request: Request, code: str, confirmed: Confirmation | None, view: ServerView | None
) -> None:
    """Write a "refused" row to the audit log with whatever is known so far of the server and the snapshot, and the reason."""
    snapshot = find_snapshot(view.reading, confirmed.snapshot_id or 0) if view and confirmed else None
    journal.record(
        request.actor.entry(
            action=request.action,
            result="refused",
            code=code,
            server_id=confirmed.server_id if confirmed else None,
            server_name=view.name if view else "",
            snapshot_id=confirmed.snapshot_id if confirmed else None,
            snapshot_name=snapshot.name if snapshot else contract.possible_name(request.name),
            reason=request.stored_reason,
            token_label=request.token.label,
            token_fingerprint=request.token.fingerprint,
        )
    )
