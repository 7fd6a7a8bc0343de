"""What a script gives as its reason, in the header or the body, is in the log: for every call that changes something."""

from collections.abc import Callable
from typing import Any

import pytest

from snapshots.api.endpoints.documents import RESOURCES
from snapshots.audit.models import Entry
from snapshots.schedules import service
from tests.support.api import script_of
from tests.support.deletions import put_grace
from tests.support.desk import Desk
from tests.support.policies import place
from tests.support.schedules import define

pytestmark = pytest.mark.django_db
REASON = "Ausfall um 3 Uhr"
Request = tuple[str, dict[str, Any]]


def create(desk: Desk) -> Request:
    return "snapshots/", {"server_id": desk.server().server_id, "name": "nightly"}


def restore(desk: Desk) -> Request:
    return f"snapshots/{desk.snapshot(desk.server()).id}/restore/", {}


def delete(desk: Desk) -> Request:
    return f"snapshots/{desk.snapshot(desk.server()).id}/", {}


def job(desk: Desk) -> Request:
    return "jobs/", {"kind": "safe_restore", "snapshot_id": desk.snapshot(desk.server()).id}


def pause(desk: Desk) -> Request:
    return f"schedules/{define(desk).pk}/pause/", {}


def resume(desk: Desk) -> Request:
    schedule = define(desk)
    service.pause(actor=desk.actor, schedule=schedule)
    return f"schedules/{schedule.pk}/resume/", {}


def run(desk: Desk) -> Request:
    return f"schedules/{define(desk).pk}/run/", {}


CALLS: dict[str, Callable[[Desk], Request]] = {
    "create_snapshot": create,
    "restore_snapshot": restore,
    "delete_snapshot": delete,
    "create_job": job,
    "pause_schedule": pause,
    "resume_schedule": resume,
    "run_schedule": run,
}
WRITES = {
    method.run.__name__: method for one in RESOURCES for method in one.by_method.values() if method.is_write
}
APPROVED = ("restore_snapshot", "delete_snapshot", "create_job")
"""What a policy can ask approval for."""


def send(desk: Desk, name: str, request: Request, *, in_body: bool) -> list[Entry]:
    """What it has written first: of an operation its intent, and not what became of it."""
    path, body = request
    newest = max(Entry.objects.values_list("sequence", flat=True), default=0)
    headers = {} if in_body else {"X_Reason": REASON}
    given = body | {"reason": f" {REASON} "} if in_body else body
    answer = script_of(desk).send(WRITES[name].name, path, given, **headers)
    assert answer.status_code in WRITES[name].answers, answer.content
    rows = Entry.objects.filter(sequence__gt=newest).exclude(action="api_key.create").exclude(phase="outcome")
    return list(rows.order_by("sequence"))


def test_every_call_that_changes_something_is_here():
    assert set(CALLS) == set(WRITES)


@pytest.mark.parametrize("in_body", [False, True], ids=["header", "body"])
@pytest.mark.parametrize("name", CALLS)
def test_the_reason_is_in_every_row(desk, name, in_body):
    rows = send(desk, name, CALLS[name](desk), in_body=in_body)
    assert rows
    assert {row.reason for row in rows} == {REASON}


@pytest.mark.parametrize("name", APPROVED)
def test_the_reason_of_what_waits_for_approval_too(desk, cast, name):
    place(cast.ada, desk.server())
    refused, asked = send(desk, name, CALLS[name](desk), in_body=False)
    assert (refused.code, asked.action) == ("approval_needed", "approval.request")
    assert (refused.reason, asked.reason) == (REASON, REASON)


def test_the_reason_of_a_deletion_that_is_planned_too(desk):
    put_grace(desk.server(), 2)
    (row,) = send(desk, "delete_snapshot", delete(desk), in_body=True)
    assert (row.action, row.reason) == ("deletion.plan", REASON)
