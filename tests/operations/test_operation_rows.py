"""Queries and writes of operation rows affect exactly the rows that they name."""

from datetime import timedelta

import httpx
import pytest
from django.core.cache import cache
from django.db import IntegrityError
from django.utils import timezone

from snapshots.audit import journal
from snapshots.contract import SNAPSHOTS_PATH
from snapshots.operations.models import Action, Operation, State
from snapshots.operations.reconciliation import close_abandoned, read_and_reconcile, read_and_reconcile_all
from snapshots.operations.transitions import mark_sent, record_intent
from tests.support.evidence import open_operation


def test_unknown_selects_the_unknown_operations_only(desk):
    unknown = open_operation(desk, Action.DELETE, idempotency_key="a")
    open_operation(desk, Action.DELETE, idempotency_key="b", state=State.ACCEPTED)
    assert list(Operation.objects.unknown()) == [unknown]


def test_only_open_restores_of_the_server_hold_it(desk):
    restore = open_operation(desk, idempotency_key="a", server_id=1)
    open_operation(desk, Action.DELETE, idempotency_key="b", server_id=1)
    open_operation(desk, idempotency_key="c", server_id=1, state=State.COMPLETED)
    open_operation(desk, idempotency_key="d", server_id=2)
    assert list(Operation.objects.holding(1)) == [restore]


def test_marking_one_operation_as_sent_leaves_the_others_pending(desk):
    first = open_operation(desk, idempotency_key="a", state=State.PENDING, sent_at=None)
    second = open_operation(desk, idempotency_key="b", state=State.PENDING, sent_at=None)
    assert mark_sent(first, timezone.now())
    second.refresh_from_db()
    assert (second.state, second.sent_at) == (State.PENDING, None)


def test_the_intent_of_an_operation_that_exists_already_is_not_recorded(desk):
    operation = open_operation(desk, state=State.PENDING)
    with pytest.raises(IntegrityError), journal.committed():
        record_intent(operation, desk.actor)


def test_an_accepted_create_is_not_closed_as_an_unseen_restore(desk):
    long_ago = timezone.now() - timedelta(hours=2)
    create = open_operation(desk, Action.CREATE, state=State.ACCEPTED, accepted_at=long_ago, sent_at=long_ago)
    close_abandoned()
    create.refresh_from_db()
    assert create.state == State.ACCEPTED


@pytest.mark.parametrize(
    "read", [read_and_reconcile, lambda token: read_and_reconcile_all([token])], ids=["one", "all"]
)
def test_a_second_reading_within_two_seconds_comes_from_the_cache(desk, double, read):
    cache.clear()
    paths = []

    def answer(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path)
        return httpx.Response(200, json={"count": 0, "results": []})

    double.answer = answer
    read(desk.token)
    read(desk.token)
    assert paths.count(SNAPSHOTS_PATH) == 1
