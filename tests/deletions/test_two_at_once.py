"""Two people, or a person and two workers, act on one planned deletion at the same moment: one of them comes first."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from snapshots.audit.models import Entry
from snapshots.deletions import due, keeping
from snapshots.deletions.models import PlannedDeletion, State
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Operation
from snapshots.sandbox.demo_data import issue_token
from tests.support.deletions import plan
from tests.support.desk import Desk, make_desk


@pytest.fixture
def two_desks(far_desk, cast, http_sandbox, settings) -> list[Desk]:
    """Mia and Ada, each with an own token for the same account."""
    settings.SNAPPORTAL_DELETE_GRACE_DAYS = 1
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = 10
    token = issue_token(http_sandbox.sandbox.account.email, "Ada's")
    return [far_desk, make_desk(cast.ada, token)]


def at_once(*calls: Callable[[], object]) -> list[object]:
    """What each call returned, or the code with which it was refused."""
    barrier = threading.Barrier(len(calls))
    found: list[object] = [None] * len(calls)

    def run(place: int, call: Callable[[], object]) -> None:
        try:
            barrier.wait(20)
            found[place] = call()
        except OperationRefusedError as error:
            found[place] = error.code
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=one) for one in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def test_of_two_plans_for_one_snapshot_one_waits(two_desks):
    views = [desk.server("web-server-01") for desk in two_desks]
    snapshot = two_desks[0].snapshot(views[0])
    made = at_once(
        lambda: plan(two_desks[0], views[0], snapshot), lambda: plan(two_desks[1], views[1], snapshot)
    )
    assert made.count("deletion_planned") == 1
    assert PlannedDeletion.objects.count() == 1
    assert Entry.objects.filter(action="deletion.plan").count() == 1


def make_due(planned: PlannedDeletion) -> None:
    PlannedDeletion.objects.filter(pk=planned.pk).update(due_at=timezone.now() - timedelta(seconds=1))
    planned.refresh_from_db()


def test_two_workers_send_a_due_deletion_once(two_desks, http_sandbox):
    view = two_desks[0].server("web-server-01")
    make_due(plan(two_desks[0], view))
    assert None not in at_once(due.run_due, due.run_due)
    assert len([path for method, path in http_sandbox.calls if method == "DELETE"]) == 1
    assert Operation.objects.count() == 1


@pytest.mark.parametrize("round_number", range(5))
def test_of_keeping_and_sending_at_the_same_moment_one_happens(two_desks, http_sandbox, round_number):
    view = two_desks[0].server("web-server-01")
    planned = plan(two_desks[0], view)
    make_due(planned)
    keeper = two_desks[1].actor
    kept, _sent = at_once(lambda: keeping.keep(actor=keeper, planned=planned), due.run_due)
    planned.refresh_from_db()
    calls = [path for method, path in http_sandbox.calls if method == "DELETE"]
    if kept == "deletion_over":
        assert (planned.state, len(calls)) == (State.SENT, 1)
    else:
        assert (kept, planned.state, calls) == (None, State.KEPT, [])
        assert not Operation.objects.exists()
