"""The confirmation of a batch: a signed record of all that a person was shown of it, valid for one use (promises 13, 14).

It is a hidden field of the form, like the confirmation of a single operation (operations.confirmation).
"""

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import msgspec
from django.core import signing

from snapshots.contract import Snapshot
from snapshots.jobs.models import Kind
from snapshots.operations.approval import Approval, Approved
from snapshots.operations.confirmation import MAX_AGE_SECONDS, Confirmation, snapshot_fingerprint
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action
from snapshots.operations.server_views import ServerView

SALT = "snapshots.jobs.selections"
MAX_ITEMS = 50
"""How many servers or snapshots one batch may have: more than a person reads through is not confirmed."""


@dataclass(frozen=True)
class Item:
    """A server, or one of its snapshots, as the person saw it."""

    token_id: str
    server_id: int
    server_name: str
    snapshot_id: int | None = None
    snapshot_name: str = ""
    fingerprint: str = ""


@dataclass(frozen=True)
class Selection:
    """`point_id`: the restore point to go back to. `retry_of`: the job of which the failed items are tried again."""

    idempotency_key: str
    actor_id: int
    kind: str
    items: tuple[Item, ...]
    point_id: str = ""
    retry_of: str = ""

    def confirmation(self, item: Item, action: Action, approval: Approval | None = None) -> Confirmation:
        """What the selection confirms of one item, for the checks of a single operation."""
        return Confirmation(
            idempotency_key=self.idempotency_key,
            actor_id=self.actor_id,
            action=action,
            token_id=item.token_id,
            server_id=item.server_id,
            snapshot_id=item.snapshot_id,
            fingerprint=item.fingerprint,
            approval=approval,
        )


def item_of(view: ServerView, snapshot: Snapshot | None = None) -> Item:
    return Item(
        token_id=view.token.pk,
        server_id=view.server_id,
        server_name=view.name,
        snapshot_id=snapshot.id if snapshot else None,
        snapshot_name=snapshot.name if snapshot else "",
        fingerprint=snapshot_fingerprint(snapshot),
    )


def new_selection(
    *, actor_id: int, kind: Kind, items: Sequence[Item], point_id: str = "", retry_of: str = ""
) -> Selection:
    """What a page shows, with a new one-time key."""
    return Selection(
        idempotency_key=secrets.token_hex(16),
        actor_id=actor_id,
        kind=kind.value,
        items=tuple(items),
        point_id=point_id,
        retry_of=retry_of,
    )


def sign_selection(selection: Selection) -> str:
    """The text for the form."""
    return signing.dumps(asdict(selection), salt=SALT, compress=True)


def read_selection(text: str | Approved[Selection], *, actor_id: int | None, kind: Kind) -> Selection:
    """The selection in `text`, or the one that other people approved.

    Raises OperationRefusedError: confirmation_expired, confirmation_invalid (also if it is of another person or kind),
    nothing_selected, too_many.
    """
    try:
        if isinstance(text, Approved):
            selection = text.confirmed
        else:
            selection = msgspec.convert(signing.loads(text, salt=SALT, max_age=MAX_AGE_SECONDS), Selection)
    except signing.SignatureExpired:
        raise OperationRefusedError("confirmation_expired") from None
    except (signing.BadSignature, msgspec.ValidationError, ValueError):
        raise OperationRefusedError("confirmation_invalid") from None
    if (selection.actor_id, selection.kind) != (actor_id, kind):
        raise OperationRefusedError("confirmation_invalid")
    check_size(len(selection.items))
    return selection


def check_size(items: int) -> None:
    """Raises OperationRefusedError (nothing_selected, too_many)."""
    if not items:
        raise OperationRefusedError("nothing_selected")
    if items > MAX_ITEMS:
        raise OperationRefusedError("too_many")
