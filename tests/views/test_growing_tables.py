"""No page, no operation and no frequent task of the worker reads all rows of a table that grows with what people do.

With 300,000 operations the list of servers took 0.4 s without an index for what it asks, and a server's page 0.9 s.
"""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from snapshots.operations.models import Operation
from snapshots.worker.tasks import HOUR, TASKS
from tests.support.desk import Desk
from tests.support.query_plans import plan, whole_scans

pytestmark = [pytest.mark.django_db, pytest.mark.only_sqlite]
GROWING = [
    "approval_decision",
    "approval_item",
    "approval_request",
    "job",
    "job_step",
    "notification",
    "notification_event",
    "observed_change",
    "observed_snapshot",
    "operation",
    "planned_deletion",
    "schedule_run",
    "sign_in_failure",
    "snapshot_ownership",
]


def addresses(desk: Desk) -> list[str]:
    view = desk.server()
    token, snapshot = desk.token.pk, desk.snapshot(view)
    of_server = ["server_detail", "server_status", "server_history", "snapshot_create", "snapshot_replace"]
    of_snapshot = ["snapshot_restore", "snapshot_delete", "snapshot_keeping"]
    return [
        *(reverse(name, args=[token, view.server_id]) for name in of_server),
        *(reverse(name, args=[token, snapshot.id]) for name in of_snapshot),
        *(reverse(name) for name in ("server_list", "operation_attention", "request_list", "deletion_list")),
        *(reverse(name) for name in ("schedule_list", "restore_point_list", "notification_list")),
        f"{reverse('find_page')}?q=web",
        reverse("operation_detail", args=[Operation.objects.latest("created_at").pk]),
    ]


def test_no_page_reads_a_whole_table(desk, signed_in):
    desk.create(desk.server(), "before-the-upgrade")
    browser = signed_in(desk.user)
    found = {}
    for address in addresses(desk):
        found |= whole_scans(lambda: browser.get(address), GROWING)  # noqa: B023
    assert found == {}


def test_no_page_of_an_admin_reads_a_whole_table(cast, desk, signed_in):
    browser = signed_in(cast.ada)
    for address in (f"{reverse('find_page')}?q=web", reverse("request_list"), reverse("person_list")):
        assert whole_scans(lambda: browser.get(address), GROWING) == {}  # noqa: B023


def test_no_sign_in_reads_a_whole_table(cast, client):
    form = {"username": "mia", "password": "wrong"}
    assert whole_scans(lambda: client.post(reverse("sign_in"), form), GROWING) == {}


def test_the_operations_of_a_page_are_found_by_their_state_and_by_when_they_ended(desk):
    """Not by their servers: of one server there may be thousands."""
    with CaptureQueriesContext(connection) as seen:
        desk.views()
    (query,) = {one["sql"] for one in seen.captured_queries if "ended_at >" in one["sql"]}
    steps = plan(query)
    for index in ("operation_state (state=? AND server_id=?)", "operation_ended (ended_at>?)"):
        assert any(index in step for step in steps), steps


def test_no_operation_reads_a_whole_table(desk):
    def operate() -> None:
        full, roomy = desk.server("db-server-01"), desk.server("web-server-01")
        desk.create(desk.server("mail-01"), "before-the-upgrade")
        desk.delete(full, desk.snapshot(full))
        desk.restore(roomy, desk.snapshot(roomy))

    assert whole_scans(operate, GROWING) == {}


@pytest.mark.parametrize(
    "task", [task for task in TASKS if task.every_seconds < HOUR], ids=lambda task: task.name
)
def test_no_frequent_task_of_the_worker_reads_a_whole_table(desk, task):
    desk.create(desk.server(), "before-the-upgrade")
    assert whole_scans(task.run, GROWING) == {}
