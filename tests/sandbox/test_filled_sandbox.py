"""What most tests begin with is what a sandbox is filled with, and its parts do not change with how often it is used."""

from datetime import UTC, datetime

import pytest
import time_machine

from snapshots.sandbox import demo_data
from snapshots.sandbox.models import Account, Server, Snapshot, Token, hash_token
from tests.support.provider import fill_sandbox
from tests.support.undone import undone

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
RANDOM = {"id", "account_id", "state_stamp", "digest"}


def rows() -> list[tuple[str, dict[str, object]]]:
    """Without ids that the database gives and what is random."""
    return [
        (model.__name__, {key: value for key, value in row.items() if key not in RANDOM})
        for model in (Account, Server, Snapshot, Token)
        for row in model.objects.order_by("pk").values()
    ]


@pytest.mark.parametrize("speed", [1, 60])
def test_it_is_what_the_sandbox_is_filled_with(settings, speed):
    settings.SNAPPORTAL_SANDBOX_SPEED = speed
    with time_machine.travel(NOW, tick=False):
        with undone():
            team = demo_data.fill()
            for email in (team.email, demo_data.OTHER_EMAIL):
                demo_data.issue_token(email, "tests")
            expected, pks = rows(), [*Server.objects.order_by("pk").values_list("pk", "account__email")]
        fill_sandbox()
        assert rows() == expected
        assert [*Server.objects.order_by("pk").values_list("pk", "account__email")] == pks


def test_its_tokens_are_of_its_accounts_and_others_each_time():
    with undone():
        before = fill_sandbox()
    sandbox = fill_sandbox()
    emails = [
        Token.objects.get(digest=hash_token(one)).account.email
        for one in (sandbox.token, sandbox.other_token)
    ]
    assert emails == [sandbox.account.email, demo_data.OTHER_EMAIL]
    assert len({before.token, before.other_token, sandbox.token, sandbox.other_token}) == 4
