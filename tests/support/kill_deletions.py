"""Kill the worker with SIGKILL at named points of a planned deletion, and let another one continue.

    .venv/bin/python -m tests.support.kill_deletions

For each point: plan a deletion, let its time come, kill a worker there, and run another. The snapshot must be deleted by one
call, with one intent for each operation, and the planned deletion must end as done.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta

from tests.support.kill_writers import fetch_json, kill_self, make_manager_desk, portal_and_provider

POINTS = ("before_intent", "in_intent", "after_intent", "before_send", "after_send", "in_outcome")


def set_kill_point(point: str) -> None:
    """Make this process kill itself at a named point of `run_due`."""
    from snapshots.audit import journal
    from snapshots.operations import dispatch, service
    from snapshots.upstream.client import SnapshotClient

    places: dict[str, tuple[object, str, bool]] = {
        "before_intent": (service, "_commit_intent", True),
        "in_intent": (service, "check_unprotected", False),
        "after_intent": (dispatch, "mark_sent", True),
        "before_send": (SnapshotClient, "delete_snapshot", True),
        "after_send": (SnapshotClient, "delete_snapshot", False),
        "in_outcome": (journal, "conclude", False),
    }
    target, name, is_before = places[point]
    original: Callable[..., object] = getattr(target, name)

    def killing(*args: object, **kwargs: object) -> None:
        if not is_before:
            original(*args, **kwargs)
        kill_self()

    setattr(target, name, killing)


def run_killed(point: str) -> bool:
    """Whether a forked worker was killed at the point."""
    from django.db import connections

    from snapshots import connection

    connections.close_all()
    child = os.fork()
    if child == 0:
        connection._http.cache_clear()
        try:
            set_kill_point(point)
            run_worker()
        finally:
            os._exit(3)  # reached only if the worker was not killed
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def run_worker() -> None:
    from snapshots.deletions import due

    due.run_due()


def run_point(desk: object, point: str, address: str) -> dict[str, object]:
    """The figures of one point. Its planned deletion is due at once."""
    from django.utils import timezone

    from snapshots.audit.models import Entry
    from snapshots.deletions.models import PlannedDeletion
    from snapshots.inventory.models import Lease
    from snapshots.operations.models import Operation
    from tests.support.deletions import plan

    used = set(PlannedDeletion.objects.values_list("snapshot_id", flat=True))
    fresh = [
        (view, snapshot)
        for view in desk.views()  # type: ignore[attr-defined]
        for snapshot in view.snapshots
        if snapshot.is_completed and snapshot.id not in used
    ]
    planned = plan(desk, *fresh[0])  # type: ignore[arg-type]
    PlannedDeletion.objects.filter(pk=planned.pk).update(due_at=timezone.now() - timedelta(seconds=1))
    was_killed = run_killed(point)
    Lease.objects.all().delete()  # as if they had expired
    for _turn in range(4):
        run_worker()
        desk.views()  # type: ignore[attr-defined]
    # Without an answer the operation is closed as unknown once its worker must be dead, and the list settles it.
    Operation.objects.filter(state="sent").update(sent_at=timezone.now() - timedelta(minutes=4))
    for _turn in range(3):
        desk.views()  # type: ignore[attr-defined]
        run_worker()
    planned.refresh_from_db()
    path = f"/{planned.snapshot_id}"
    writes = fetch_json(f"{address}/_calls")["writes"]
    return {
        "point": point,
        "killed": was_killed,
        "calls": sum(one[0] == "DELETE" and one[1].rstrip("/").endswith(path) for one in writes),
        "intents": Entry.objects.filter(snapshot_id=planned.snapshot_id, phase="intent").count(),
        "state": str(planned.state),
    }


def main() -> None:
    with portal_and_provider() as (address, token):
        from django.conf import settings

        settings.SNAPPORTAL_DELETE_GRACE_DAYS = 1
        desk = make_manager_desk(token)
        for point in POINTS:
            print(json.dumps(run_point(desk, point, address)), flush=True)


if __name__ == "__main__":
    main()
    sys.exit(0)
