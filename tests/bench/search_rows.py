"""The rows of a portal with 400 servers, in which some words are rare, and one server is only in the older half."""

from collections.abc import Sequence
from typing import Any

from tests.bench import bulk_log

SERVERS = 400
ROLES = ("web", "db", "mail", "cache", "build")
FORMER_SHARE = 20
"""Every 20th operation of the older half is on the former server."""
RARE_OPERATIONS = 5
RARE_WORD, COMMON_WORD, FORMER_SERVER = "Quetzalcoatl", "rollback", "legacy-mail-99"
REASONS = (
    "Rückkehr zu „gestern“ nach dem Update der Anwendung",
    "before the update of the database to version 16",
    "rollback: the new release loses sessions of customers",
    "weekly maintenance window, agreed with the shop's team",
    "disk is nearly full after the import of the catalogue",
)
MESSAGES = ("Restore of the snapshot was started", "Snapshot is being created", "Snapshot was deleted")
ACTIONS = ("snapshot.restore", "snapshot.create", "snapshot.delete")
RARE_ACTION, RARE_RESULT = "snapshot.protect", "refused"


class Rows(Sequence[dict[str, Any]]):
    """The kind of each row of a log of `total` rows: a sign-in, and an operation's intent and outcome, in turn."""

    def __init__(self, total: int) -> None:
        self._operations = max(1, total // 3)

    def __len__(self) -> int:
        return 2**62

    def __getitem__(self, sequence: Any) -> dict[str, Any]:
        operation, part = divmod(sequence, 3)
        if part == 0:
            return bulk_log.SIGN_IN
        about = self._target(operation)
        return about | (self._intent() if part == 1 else self._outcome(operation))

    def _target(self, operation: int) -> dict[str, Any]:
        number = operation * 7919 % SERVERS
        name = f"{ROLES[number % len(ROLES)]}-server-{number:03}"
        if operation % FORMER_SHARE == 0 and operation < self._operations // 2:
            number, name = 99_000, FORMER_SERVER
        reason = f"{REASONS[operation % len(REASONS)]} (CHG-{operation * 31 % 1_000_000:06})"
        if operation % max(1, self._operations // RARE_OPERATIONS) == 1:
            reason += f" for {RARE_WORD}"
        return {
            "action": ACTIONS[operation % len(ACTIONS)],
            "server_id": 10_000 + number,
            "server_name": name,
            "snapshot_id": operation,
            "snapshot_name": f"before-update-{operation:07}",
            "reason": reason,
            "token_label": f"Shop, {ROLES[operation % 3]}",
            "token_fingerprint": bulk_log.TARGET["token_fingerprint"],
        }

    def _intent(self) -> dict[str, Any]:
        return {"phase": "intent", "result": "pending"}

    def _outcome(self, operation: int) -> dict[str, Any]:
        return {
            "phase": "outcome",
            "result": RARE_RESULT if operation % 1000 == 7 else "completed",
            "provider_status": 202,
            "provider_message": MESSAGES[operation % len(MESSAGES)],
            "evidence": f"the list shows snapshot {operation} as it should be",
            "duration_ms": 812,
        }
