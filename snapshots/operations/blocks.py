"""What must not be done on a server now, in whatever channel: a lock, a freeze or an approval policy forbids it."""

from collections.abc import Iterable

from snapshots.operations.freezes import DANGEROUS, check_not_frozen, frozen_servers
from snapshots.operations.policies import check_needs_no_approval
from snapshots.operations.server_locks import check_unlocked, locked_servers


def check_not_blocked(server_id: int, action: str, *, approval: str = "", of_schedule: bool = False) -> None:
    """Raises OperationRefusedError (server_locked, frozen, approval_needed).

    `approval`: of the confirmation; what was approved is blocked by none of them. `of_schedule`: a schedule deletes what it made,
    which no policy about deletions is for.
    """
    if not approval:
        check_not_frozen(server_id, action)
    check_may_be_planned(server_id, action, approval=approval, of_schedule=of_schedule)


def check_may_be_planned(
    server_id: int, action: str, *, approval: str = "", of_schedule: bool = False
) -> None:
    """The same without freezes: what is planned waits until one is over. Raises OperationRefusedError."""
    if approval:
        return
    check_unlocked(server_id, action)
    if not of_schedule:
        check_needs_no_approval(server_id, action)


def blocked_servers(server_ids: Iterable[int], action: str) -> set[int]:
    """Those of these servers on which a lock or a freeze forbids this action now."""
    numbers = list(server_ids)
    locked = locked_servers(numbers, action)
    return locked | frozen_servers(numbers) if action in DANGEROUS else locked
