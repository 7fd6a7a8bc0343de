"""The sandbox's two example accounts as rows that are prepared once: thousands of tests begin with them."""

import secrets
from datetime import UTC, datetime
from functools import lru_cache

from django.conf import settings

from snapshots import sql
from snapshots.sandbox import demo_data
from snapshots.sandbox.demo_data import EXAMPLES
from snapshots.sandbox.models import Account, Token, hash_token
from snapshots.sandbox.provider import PERMISSIONS
from tests.support.prepared_rows import PreparedRows


@lru_cache
def _prepared(speed: float) -> list[PreparedRows]:
    """Servers, snapshots and tokens, with 1 and 2 for the accounts' ids and as digests. Snapshots take as long as the speed
    says."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    servers, snapshots = [], []
    for pk, example in enumerate(EXAMPLES, 1):
        account = Account(pk=pk, email=example.email)
        for server_id, machine in enumerate(example.machines, example.first_id):
            servers.append(demo_data._server(account, machine, now, server_id))
            snapshots += demo_data._snapshots(servers[-1], machine, now)
    tokens = [
        Token(account_id=pk, name="tests", digest=str(pk), permissions=[*PERMISSIONS], created_at=now)
        for pk, _example in enumerate(EXAMPLES, 1)
    ]
    return [PreparedRows(rows, now) for rows in (servers, snapshots, tokens)]


def fill() -> tuple[Account, str, str]:
    """What `demo_data` does, in a fraction of the time: the team's account, and a token of each of the two."""
    if sql.run("SELECT 1 FROM sandbox_account LIMIT 1"):
        account = demo_data.fill()
        return account, *(demo_data.issue_token(one.email, "tests") for one in EXAMPLES)
    now = datetime.now(UTC)
    accounts = [Account(email=one.email, **one.account_fields(now)) for one in EXAMPLES]
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
