"""Fills the sandbox with two example accounts, and issues tokens for them."""

import secrets
import string
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from snapshots.sandbox.models import FAIL_WORD, Account, Server, Snapshot, Token, hash_token, new_stamp
from snapshots.sandbox.provider import PERMISSIONS, draft_snapshot

TEAM_EMAIL = "ops@example.com"
OTHER_EMAIL = "mara@example.org"
_ALPHABET = string.ascii_letters + string.digits


class _Machine(NamedTuple):
    name: str
    power: str
    location: str
    plan: int
    os: str
    age_days: int
    snapshots: tuple[tuple[str, timedelta, str], ...]


_PLANS = {
    1: {"id": 1, "name": "Standard VPS", "vcpus": 2, "memory": 4096, "storage": 80},
    2: {"id": 2, "name": "Performance VPS", "vcpus": 4, "memory": 8192, "storage": 160},
    3: {"id": 3, "name": "Large VPS", "vcpus": 8, "memory": 16384, "storage": 320},
}
_SYSTEMS = {"Debian 12": 3, "Ubuntu 22.04 LTS": 5, "Rocky Linux 9": 8}

_TEAM = (
    _Machine(
        "web-server-01",
        "active",
        "us-west",
        1,
        "Ubuntu 22.04 LTS",
        420,
        (
            ("pre-migration", timedelta(days=6, hours=3), "Before the move to the new payment provider"),
            ("before-nginx-upgrade", timedelta(days=1, hours=5), "nginx 1.24 to 1.26"),
            ("before-release-2-14", timedelta(minutes=42), ""),
        ),
    ),
    _Machine(
        "db-server-01",
        "active",
        "us-east",
        2,
        "Debian 12",
        415,
        (
            ("quarter-end", timedelta(days=131), "Books closed, agreed with finance"),
            ("before-postgres-16", timedelta(days=58), "pg_upgrade from 15, database stopped"),
            ("weekly-1", timedelta(days=15), "Weekly snapshot"),
            ("weekly-2", timedelta(days=8), "Weekly snapshot"),
            ("weekly-3", timedelta(days=1), "Weekly snapshot"),
        ),
    ),
    _Machine(
        "mail-01",
        "active",
        "eu-central",
        1,
        "Debian 12",
        230,
        (
            ("before-dovecot-config", timedelta(days=21), "Before the new quota rules"),
            ("spam-filter-tuning", timedelta(days=2), f"Made to fail, to show how that looks ({FAIL_WORD})"),
        ),
    ),
    _Machine(
        "shop-staging",
        "stopped",
        "us-west",
        1,
        "Ubuntu 22.04 LTS",
        90,
        (("clean-install", timedelta(days=88), "Fresh system, nothing set up yet"),),
    ),
    _Machine(
        "build-runner-02",
        "active",
        "eu-central",
        3,
        "Rocky Linux 9",
        34,
        (("toolchain-ready", timedelta(days=30), "Compilers and caches in place"),),
    ),
    _Machine("vpn-gateway", "active", "us-east", 1, "Debian 12", 12, ()),
)
_OTHER = (
    _Machine(
        "mara-blog",
        "active",
        "eu-central",
        1,
        "Debian 12",
        300,
        (("before-theme-change", timedelta(days=40), "The old look"),),
    ),
)


class Example(NamedTuple):
    """An account, its servers with IDs from `first_id` on, and their snapshots."""

    email: str
    first_name: str
    last_name: str
    company_name: str
    machines: tuple[_Machine, ...]
    first_id: int

    def account_fields(self, now: datetime) -> dict[str, Any]:
        """Of the account, besides its address."""
        return {
            "first_name": self.first_name,
            "last_name": self.last_name,
            "company_name": self.company_name,
            "created_at": now - timedelta(days=max(machine.age_days for machine in self.machines) + 3),
        }


EXAMPLES = (
    Example(TEAM_EMAIL, "Tess", "Keller", "Example Team", _TEAM, 12345),
    Example(OTHER_EMAIL, "Mara", "Lindt", "", _OTHER, 22001),
)


def fill(now: datetime | None = None) -> Account:
    """Create the two accounts if they are missing; return the team's. Existing data is not changed."""
    now = now or datetime.now(UTC)
    team, _other = (_fill_account(one, now) for one in EXAMPLES)
    return team


def issue_token(account_email: str, name: str, permissions: Sequence[str] = PERMISSIONS) -> str:
    """Create and return a token of an account. Only its hash is stored, so it cannot be shown again."""
    token = "sbx_" + "".join(secrets.choice(_ALPHABET) for _ in range(40))
    Token.objects.create(
        account=Account.objects.get(email=account_email),
        name=name,
        digest=hash_token(token),
        permissions=list(permissions),
        created_at=datetime.now(UTC),
    )
    return token


def _fill_account(example: Example, now: datetime) -> Account:
    account, made = Account.objects.get_or_create(email=example.email, defaults=example.account_fields(now))
    if made:
        servers = [
            _server(account, one, now, pk) for pk, one in enumerate(example.machines, example.first_id)
        ]
        Server.objects.bulk_create(servers)
        Snapshot.objects.bulk_create(
            row
            for server, one in zip(servers, example.machines, strict=True)
            for row in _snapshots(server, one, now)
        )
    return account


def _server(account: Account, machine: _Machine, now: datetime, server_id: int) -> Server:
    return Server(
        pk=server_id,
        account=account,
        name=machine.name,
        hostname=f"{machine.name}.{account.email.partition('@')[2]}",
        power=machine.power,
        ip_address=f"203.0.113.{server_id % 200 + 10}",
        location=machine.location,
        plan=_PLANS[machine.plan],
        os={"id": _SYSTEMS[machine.os], "name": machine.os},
        created_at=now - timedelta(days=machine.age_days),
        updated_at=now - timedelta(hours=server_id % 50),
    )


def _snapshots(server: Server, machine: _Machine, now: datetime) -> list[Snapshot]:
    rows = [
        draft_snapshot(server, name, description, now - age, earlier)
        for earlier, (name, age, description) in enumerate(machine.snapshots)
    ]
    for row in rows:
        row.state_stamp = new_stamp()  # the disk changed after the snapshot
    if machine.name == "build-runner-02":
        rows.append(draft_snapshot(server, "before-kernel-update", "Kernel 5.14 to 6.6", now, len(rows)))
    return rows
