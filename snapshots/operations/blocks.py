"""What must not be done on a server now, in whatever channel: a lock, a freeze or an approval policy forbids it."""

from collections.abc import Iterable

from snapshots.operations import freezes, policies, server_locks
from snapshots.operations.approval import NEEDED, Approval
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.guarded_models import Guarded


def check_not_blocked(
    server_id: int, action: str, *, approval: Approval | None = None, of_schedule: bool = False
) -> None:
    """Raises OperationRefusedError (server_locked, frozen, approval_needed).

    `approval`: of the confirmation. `of_schedule`: a schedule deletes what it made, which no policy about deletions is for.
    """
    if action in freezes.DANGEROUS:
        _check("frozen", freezes.freezing_all(server_id), approval)
    check_may_be_planned(server_id, action, approval=approval, of_schedule=of_schedule)


def check_may_be_planned(
    server_id: int, action: str, *, approval: Approval | None = None, of_schedule: bool = False
) -> None:
    """The same without freezes: what is planned waits until one is over. Raises OperationRefusedError."""
    lock = server_locks.lock_of(server_id)
    if lock is not None and lock.covers(action):
        _check("server_locked", [lock], approval)
    if not of_schedule:
        check_approved([(server_id, action)], approval)


def check_approved(about: Iterable[policies.About], approval: Approval | None) -> None:
    """What policies about any of this ask for. Raises OperationRefusedError "approval_needed"."""
    _check(NEEDED, policies.matching(about), approval)


def _check(code: str, found: Iterable[Guarded], approval: Approval | None) -> None:
    if any(approval is None or not approval.covers(code, one.created_at) for one in found):
        raise OperationRefusedError(code)


def blocked_servers(server_ids: Iterable[int], action: str) -> set[int]:
    """Those of these servers on which a lock or a freeze forbids this action now."""
    numbers = list(server_ids)
    locked = server_locks.locked_servers(numbers, action)
    return locked | freezes.frozen_servers(numbers) if action in freezes.DANGEROUS else locked
