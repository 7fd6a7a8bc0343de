"""Confirmations: a signed record of what a person was shown, valid for one use (promises 13 and 14).

The signed text is a hidden field of the form. It contains the person, the operation, the token, the server, the snapshot
and its state as shown, and the one-time key that makes the operation unique in the database.
"""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import msgspec
from django.core import signing

from snapshots.contract import Snapshot
from snapshots.operations.approval import Approval

SALT = "snapshots.operations.confirmation"
MAX_AGE_SECONDS = 60 * 60
AS_FOUND = "as_found"
"""The fingerprint of a confirmation by somebody who was shown nothing: a script that names a snapshot by its ID means it as it
is found. No signed form has it."""


class ConfirmationError(Exception):
    """`code` is confirmation_invalid or confirmation_expired."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Confirmation:
    idempotency_key: str
    actor_id: int
    action: str
    token_id: str
    server_id: int
    snapshot_id: int | None
    fingerprint: str
    approval: Approval | None = None
    """None if nobody had to, as in every form that a page signs."""
    shown_jobs: Sequence[str] = ()
    """The IDs of the jobs of which the page said that they are going to restore the server."""


@dataclass(frozen=True)
class Authorization:
    """Takes the place of a form's signed confirmation where a person confirmed the operation earlier: in a job, for example.

    `guard` is called in the transaction of the intent, under the log's lock, and raises OperationRefusedError if the
    operation may not happen any more.
    """

    confirmation: Confirmation
    guard: Callable[[], object]
    of_schedule: bool = False
    """Whether a schedule deletes what it made."""
    begun_under: tuple[str, ...] = ()
    """The IDs of the temporary roles under which the work was begun that it belongs to."""


def snapshot_fingerprint(snapshot: Snapshot | None) -> str:
    """A digest of every field that the provider lists of the snapshot; '' without a snapshot."""
    return hashlib.sha256(msgspec.json.encode(snapshot)).hexdigest() if snapshot else ""


def sign_confirmation(
    *,
    actor_id: int,
    action: str,
    token_id: str,
    server_id: int,
    snapshot: Snapshot | None,
    shown_jobs: Sequence[str] = (),
) -> str:
    """The signed confirmation for a form."""
    confirmation = Confirmation(
        idempotency_key=secrets.token_hex(16),
        actor_id=actor_id,
        action=action,
        token_id=token_id,
        server_id=server_id,
        snapshot_id=snapshot.id if snapshot else None,
        fingerprint=snapshot_fingerprint(snapshot),
        shown_jobs=shown_jobs,
    )
    return signing.dumps(asdict(confirmation), salt=SALT)


def read_confirmation(
    text: str | Authorization, *, actor_id: int | None, action: str, token_id: str
) -> Confirmation:
    """The confirmation in `text`. Raises ConfirmationError if it is not for this person, operation and token."""
    try:
        if isinstance(text, Authorization):
            confirmation = text.confirmation
        else:
            confirmation = Confirmation(**signing.loads(text, salt=SALT, max_age=MAX_AGE_SECONDS))
    except signing.SignatureExpired:
        raise ConfirmationError("confirmation_expired") from None
    except (signing.BadSignature, TypeError, ValueError):
        raise ConfirmationError("confirmation_invalid") from None
    if (confirmation.actor_id, confirmation.action, confirmation.token_id) != (actor_id, action, token_id):
        raise ConfirmationError("confirmation_invalid")
    return confirmation
