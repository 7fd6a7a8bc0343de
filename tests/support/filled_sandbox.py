"""The sandbox's two example accounts as rows that are prepared once: thousands of tests begin with them."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from django.conf import settings

from snapshots import sql
from snapshots.sandbox import demo_data
from snapshots.sandbox.demo_data import OTHER_EMAIL, TEAM_EMAIL
from snapshots.sandbox.models import Account, Token, hash_token
from snapshots.sandbox.provider import PERMISSIONS
from tests.support.prepared_rows import PreparedRows

MACHINES = ((TEAM_EMAIL, demo_data._TEAM, 12345), (OTHER_EMAIL, demo_data._OTHER, 22001))
"""Address, machines and first ID of each account, as `demo_data.fill` has them."""
NAMES = {TEAM_EMAIL: ("Tess", "Keller", "Example Team"), OTHER_EMAIL: ("Mara", "Lindt", "")}


@lru_cache
def _prepared(speed: float) -> list[PreparedRows]:
    """Servers, snapshots and tokens, with 1 and 2 for the accounts' ids and as digests. Snapshots take as long as the speed
    says."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    servers, snapshots = [], []
    for pk, (email, machines, first_id) in enumerate(MACHINES, 1):
        account = Account(pk=pk, email=email)
        for server_id, machine in enumerate(machines, first_id):
            servers.append(demo_data._server(account, machine, now, server_id))
            snapshots += demo_data._snapshots(servers[-1], machine, now)
    tokens = [
        Token(account_id=pk, name="tests", digest=str(pk), permissions=[*PERMISSIONS], created_at=now)
        for pk, _machines in enumerate(MACHINES, 1)
    ]
    return [PreparedRows(rows, now) for rows in (servers, snapshots, tokens)]


def fill() -> tuple[Account, str, str]:
    """What `demo_data` does, in a fraction of the time: the team's account, and a token of each of the two."""
    if sql.run("SELECT 1 FROM sandbox_account LIMIT 1"):
        account = demo_data.fill()
        return account, *(demo_data.issue_token(email, "tests") for email in NAMES)
    now = datetime.now(UTC)
    accounts = [_account(email, machines, now) for email, machines, _first_id in MACHINES]
    for account in accounts:
        account.save(force_insert=True)
    pks = {"account_id": {pk: account.pk for pk, account in enumerate(accounts, 1)}}
    servers, snapshots, tokens = _prepared(settings.SNAPPORTAL_SANDBOX_SPEED)
    servers.insert(now, pks)
    snapshots.insert(now)
    secret = ["sbx_" + secrets.token_hex(20) for _account in accounts]
    digests = {str(pk): hash_token(token) for pk, token in enumerate(secret, 1)}
    tokens.insert(now, {**pks, "digest": digests})
    return accounts[0], *secret


def _account(email: str, machines: Sequence[demo_data._Machine], now: datetime) -> Account:
    first_name, last_name, company_name = NAMES[email]
    return Account(
        email=email,
        first_name=first_name,
        last_name=last_name,
        company_name=company_name,
        created_at=now - timedelta(days=max(machine.age_days for machine in machines) + 3),
    )
