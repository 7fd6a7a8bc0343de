"""Two people act on one server concurrently: the rules are checked again under the log's lock, so only one is allowed."""

import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.db import connection, connections

from snapshots.audit.models import Entry
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Operation
from snapshots.sandbox.demo_data import issue_token
from tests.support.desk import Desk, make_desk


@pytest.fixture
def two_desks(far_desk, cast, http_sandbox) -> list[Desk]:
    """Mia and Ada, each with an own token for the same account."""
    token = issue_token(http_sandbox.sandbox.account.email, "Ada's")
    return [far_desk, make_desk(cast.ada, token)]


def wait_after_reading_operations(barrier: threading.Barrier) -> Callable[..., object]:
    """A query wrapper that waits at the barrier once, after the query for the operations on the listed servers."""
    seen = SimpleNamespace(lists=False)

    def watch(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if not seen.lists and '"operation"."server_id" IN' in sql and sql.startswith("SELECT"):
            seen.lists = True
            barrier.wait(20)
        return result

    return watch


def restore_concurrently(desks: list[Desk], server: str) -> list[str]:
    """The outcomes of one restore for each desk; all have read the lists before any of them commits its intent."""
    barrier = threading.Barrier(len(desks))
    prepared = []
    for desk in desks:
        view = desk.server(server)
        prepared.append((desk, view, desk.snapshot(view)))
    outcomes: list[str] = []

    def restore(desk, view, snapshot) -> None:
        try:
            with connection.execute_wrapper(wait_after_reading_operations(barrier)):
                outcomes.append(desk.restore(view, snapshot).state)
        except OperationRefusedError as error:
            outcomes.append(error.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=restore, args=one) for one in prepared]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return sorted(outcomes)


def test_of_two_concurrent_restores_of_one_server_one_is_sent(two_desks, http_sandbox, settings):
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = 10
    assert restore_concurrently(two_desks, "web-server-01") == ["accepted", "server_held"]
    assert len([path for method, path in http_sandbox.calls if method == "POST"]) == 1
    assert Operation.objects.count() == 1
    assert [entry.code for entry in Entry.objects.filter(result="refused")] == ["server_held"]
