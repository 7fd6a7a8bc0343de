"""Every step of a request is a row of the log, and so is every refusal of one (promises 7 and 39)."""

from collections.abc import Callable
from typing import Any

import pytest

from snapportal.accounts.models import User
from snapshots.approvals import deciding
from snapshots.audit.models import Entry
from snapshots.operations.errors import OperationRefusedError
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from snapshots.views.texts.audit_actions import ACTIONS
from tests.support.policies import actor, approve, only, place, wish

pytestmark = pytest.mark.django_db
Act = Callable[[Any], object]


def deny(by: User, reason: str = "not on a Friday") -> object:
    return deciding.deny(actor=actor(by), pk=only().pk, reason=reason)


def break_glass(by: User) -> object:
    return deciding.break_glass(actor=actor(by), pk=only().pk, reason="the shop is down")


def withdraw(by: User) -> object:
    return deciding.withdraw(actor=actor(by), pk=only().pk)


def approved(by: User) -> object:
    return approve(by, only())()


def twice(cast: Any) -> None:
    place(cast.ada, name="Two", needed=2)
    approved(cast.max_)
    approved(cast.max_)


def too_late(cast: Any) -> object:
    cast.clock.shift(5 * 3600)
    return approved(cast.max_)


def expire(cast: Any) -> object:
    cast.clock.shift(5 * 3600)
    return deciding.run_due()


def rename_and_approve(cast: Any) -> object:
    SandboxSnapshot.objects.filter(pk=only().item.snapshot_id).update(name="another")
    return approved(cast.max_)


# what somebody does: (action, result, code, who)
ROWS: dict[str, tuple[Act, str, str, str, str]] = {
    "approves": (lambda cast: approved(cast.max_), "approve", "completed", "", "max"),
    "denies": (lambda cast: deny(cast.ada), "deny", "completed", "", "ada"),
    "breaks the glass": (lambda cast: break_glass(cast.ada), "break_glass", "completed", "", "ada"),
    "withdraws": (lambda cast: withdraw(cast.mia), "withdraw", "completed", "", "mia"),
    "lets it expire": (expire, "expire", "failed", "expired", ""),
    "approves what cannot begin": (rename_and_approve, "void", "failed", "snapshot_changed", ""),
    "approves the own": (lambda cast: approved(cast.mia), "approve", "refused", "second_person", "mia"),
    "approves without the right": (
        lambda cast: approved(cast.omar),
        "approve",
        "refused",
        "not_an_approver",
        "omar",
    ),
    "approves twice": (twice, "approve", "refused", "already_decided", "max"),
    "approves too late": (too_late, "approve", "refused", "request_over", "max"),
    "denies without the right": (lambda cast: deny(cast.omar), "deny", "refused", "not_an_approver", "omar"),
    "breaks the glass without being admin": (
        lambda cast: break_glass(cast.max_),
        "break_glass",
        "refused",
        "not_an_approver",
        "max",
    ),
    "withdraws another's": (lambda cast: withdraw(cast.ada), "withdraw", "refused", "not_owner", "ada"),
}


@pytest.mark.parametrize("what", ROWS)
def test_each_leaves_its_row(cast, desk, view, max_, clock, what):
    act, verb, result, code, who = ROWS[what]
    cast.max_, cast.clock = max_, clock
    place(cast.ada, view)
    asked = wish(desk, view)()
    clock.shift(1)
    try:
        act(cast)
    except OperationRefusedError as error:
        assert (result, error.code) == ("refused", code)
    row = Entry.objects.filter(action=f"approval.{verb}", result=result).get()
    assert (row.code, row.target, row.server_id, row.snapshot_id) == (
        code,
        str(asked.pk),
        asked.item.server_id,
        asked.item.snapshot_id,
    )
    assert row.actor_id == (User.objects.get(username=who).pk if who else None)
    if verb in {"deny", "break_glass"}:
        assert row.reason


def test_every_action_about_approvals_has_such_a_row():
    shown = {one.removeprefix("approval.") for one in ACTIONS if one.startswith("approval.")}
    assert shown == {"request", *(verb for _act, verb, *_more in ROWS.values())}
    decisions = {verb for _act, verb, result, *_more in ROWS.values() if result == "refused"}
    assert decisions == {"approve", "deny", "break_glass", "withdraw"}
