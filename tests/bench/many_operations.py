"""A portal with a long history: completed operations of the servers that its pages show."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from django.utils import timezone

from snapshots.operations.models import Action, Operation, State
from snapshots.vault.models import StoredToken
from tests.bench.nodes import Place

ACCOUNTS = ("small", "medium", "large")
"""Each has a third of the operations, so that the one server of the smallest has very many."""
BATCH = 5_000
YEARS = 3


def fill(count: int, where: Place) -> None:
    """Append `count` operations of the last years until yesterday."""
    for account in ACCOUNTS:
        rows = _operations(account, count // len(ACCOUNTS), where)
        while batch := list(islice(rows, BATCH)):
            Operation.objects.bulk_create(batch)


def _operations(account: str, count: int, where: Place) -> Iterator[Operation]:
    servers = where.ask_provider("GET", "/api/v1/servers/", account)["results"]
    fingerprint = StoredToken.objects.get(user__username=account).fingerprint
    last = timezone.now() - timedelta(days=1)
    step = timedelta(days=365 * YEARS) / count
    for number in range(count):
        server, at = servers[number % len(servers)], last - step * number
        yield Operation(
            idempotency_key=f"bench-{account}-{number}",
            action=Action.CREATE,
            state=State.COMPLETED,
            actor_id=1,
            actor_name="Mia",
            actor_role="manager",
            token_id="1",
            token_label=account,
            token_fingerprint=fingerprint,
            server_id=server["id"],
            server_name=server["name"],
            snapshot_id=10_000_000 + number,
            snapshot_name="nightly",
            created_at=at,
            sent_at=at,
            accepted_at=at,
            ended_at=at + timedelta(minutes=3),
        )
