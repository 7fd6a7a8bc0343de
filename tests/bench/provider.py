"""A provider of its own process, with one account for each size: `python -m tests.bench.provider FOLDER`.

Prints one line of JSON, {"url": ..., "tokens": {size: token}}, and serves until it is terminated. Its processor time is
not the portal's, so it is not part of what the portal is measured by. GET /_calls tells what it was asked.
"""

import json
import os
import sys
from datetime import UTC, datetime, timedelta

import django

SIZES = {"small": (1, 5), "medium": (20, 5), "large": (200, 5), "roomy": (100, 0)}
"""Name of an account → its servers, and the snapshots of each."""


def fill(size: str) -> str:
    """Make the account of this size; returns a token of it."""
    from snapshots.sandbox.demo_data import issue_token
    from snapshots.sandbox.models import Account, Server, Snapshot

    now = datetime.now(UTC)
    account = Account.objects.create(
        email=f"{size}@example.com", first_name=size, last_name="Bench", created_at=now - timedelta(days=900)
    )
    count, snapshots_each = SIZES[size]
    servers = Server.objects.bulk_create(
        Server(
            account=account,
            name=f"{size}-server-{number:03}",
            hostname=f"{size}-{number:03}.example.com",
            ip_address=f"192.0.2.{number % 250 + 1}",
            location="us-west",
            plan={"id": 1, "name": "Standard VPS", "vcpus": 2, "memory": 4096, "storage": 80},
            os={"id": 3, "name": "Debian 12"},
            created_at=now - timedelta(days=400),
            updated_at=now - timedelta(days=40),
        )
        for number in range(count)
    )
    Snapshot.objects.bulk_create(
        Snapshot(
            server=server,
            name=f"weekly-{number}",
            description="Weekly snapshot, kept for a month" if number % 2 else "",
            full_size_mb=4000 + 100 * number,
            state_stamp=server.state_stamp,
            created_at=now - timedelta(days=7 * number + 1),
            ends_at=now - timedelta(days=7 * number + 1) + timedelta(minutes=5),
        )
        for server in servers
        for number in range(snapshots_each)
    )
    return issue_token(account.email, "bench")


def main() -> None:
    os.environ["SNAPPORTAL_DATA_DIR"] = sys.argv[1]
    os.environ["DJANGO_SETTINGS_MODULE"] = "snapportal.settings"
    django.setup()
    from django.core.management import call_command

    from snapshots.sandbox.http_server import SandboxServer

    call_command("migrate", verbosity=0)
    found = {size: fill(size) for size in SIZES}
    server = SandboxServer()
    print(json.dumps({"url": server.url, "tokens": found}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
