"""What must not be done on a server now, whoever asks and in whatever channel: a lock or a freeze forbids it."""

from collections.abc import Iterable

from snapshots.operations.freezes import DANGEROUS, check_not_frozen, frozen_servers
from snapshots.operations.server_locks import check_unlocked, locked_servers


def check_not_blocked(server_id: int, action: str) -> None:
    """Raises OperationRefusedError (server_locked, frozen)."""
    check_unlocked(server_id, action)
    check_not_frozen(server_id, action)


def blocked_servers(server_ids: Iterable[int], action: str) -> set[int]:
    """Those of these servers on which this action is forbidden now."""
    numbers = list(server_ids)
    locked = locked_servers(numbers, action)
    return locked | frozen_servers(numbers) if action in DANGEROUS else locked
