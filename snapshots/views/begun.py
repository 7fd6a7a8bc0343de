"""The page of what a form has begun: an operation, a job, a planned deletion, a schedule, or a request for approval."""

from typing import Final

from django.urls import reverse

from snapshots.approvals.asking import Begun
from snapshots.approvals.models import ApprovalRequest
from snapshots.deletions.models import PlannedDeletion
from snapshots.jobs.models import Job
from snapshots.operations.models import Operation
from snapshots.schedules.models import Schedule

_PAGES: Final[dict[type, str]] = {
    Operation: "operation_detail",
    Job: "job_detail",
    PlannedDeletion: "deletion_detail",
    Schedule: "schedule_detail",
    ApprovalRequest: "request_detail",
}


def begun_url(begun: Begun | ApprovalRequest) -> str:
    """'' for what has no page."""
    return reverse(_PAGES[type(begun)], args=[begun.pk]) if begun is not None else ""
