"""Operations go on to their end with no page open, and the provider is asked no more often than a page would ask."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from snapshots.operations.following import follow_open
from snapshots.operations.models import Operation, State
from snapshots.vault.models import StoredToken

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def clock(settings):
    settings.SNAPPORTAL_SANDBOX_SPEED = 1
    with time_machine.travel(datetime.now(UTC), tick=True) as traveller:
        yield traveller


def test_a_create_and_a_restore_end_without_a_page(desk, clock):
    view = desk.server()
    desk.create(view)
    other = next(
        one for one in desk.views() if one.server_id != view.server_id and not one.is_moving and one.snapshots
    )
    desk.restore(other, desk.snapshot(other))
    for _ in range(60):
        clock.shift(30)
        follow_open()
    assert {one.state for one in Operation.objects.all()} == {State.COMPLETED}


def test_nothing_is_read_while_nothing_is_open(far_desk, http_sandbox):
    http_sandbox.clear()
    follow_open()
    assert http_sandbox.calls == []


def test_the_provider_is_asked_at_the_interval_of_the_page(far_desk, http_sandbox, clock):
    far_desk.create(far_desk.server())
    http_sandbox.clear()
    for _ in range(20):
        clock.shift(1)
        follow_open()
    reads = [path for method, path in http_sandbox.calls if method == "GET" and "snapshots" in path]
    assert 3 <= len(reads) <= 8


def test_two_people_with_one_token_cost_one_reading(far_desk, http_sandbox, cast, clock):
    from tests.support.desk import make_desk

    view = far_desk.server()
    make_desk(cast.ada, http_sandbox.sandbox.token, label="Copy")
    far_desk.create(view)
    http_sandbox.clear()
    clock.shift(10)
    follow_open()
    assert StoredToken.objects.count() == 2
    assert len([path for _, path in http_sandbox.calls if "snapshots" in path]) == 1


def test_abandoned_operations_are_closed_once_in_each_run(desk, clock):
    desk.create(desk.server())
    clock.shift(900)
    with CaptureQueriesContext(connection) as seen:
        follow_open()
    never_sent = [one["sql"] for one in seen.captured_queries if "created_at <" in one["sql"]]
    assert Operation.objects.get().state == State.COMPLETED  # its list was read
    assert len(never_sent) == 1, never_sent
