"""Creating on many servers and deleting many snapshots: one confirmation, one job, each item by itself."""

import httpx
import pytest

from snapshots.audit.models import Entry
from snapshots.deletions.models import PlannedDeletion
from snapshots.jobs import engine, service
from snapshots.jobs.models import Job, JobState, StepState
from snapshots.jobs.outcomes import Outcome
from snapshots.operations.models import Action, Operation, State
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from tests.support.batches import create_many, outcomes_of, roomy
from tests.support.jobs import run_to_end, states

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]


def test_a_snapshot_of_one_name_is_created_on_each_server(desk, clock):
    views = roomy(desk)
    job = run_to_end(create_many(desk, views), desk, clock)
    assert job.state == JobState.COMPLETED
    made = SandboxSnapshot.objects.filter(name="before-maintenance")
    assert sorted(made.values_list("server_id", flat=True)) == sorted(view.server_id for view in views)
