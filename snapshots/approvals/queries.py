"""Which requests a person may see, and what became of one."""

from django.db.models import Q, QuerySet

from snapshots.approvals.models import ApprovalRequest
from snapshots.connection import Person
from snapshots.deletions.models import PlannedDeletion
from snapshots.inventory.shown_servers import shown_to
from snapshots.jobs.models import Job
from snapshots.operations.models import Operation


def visible_to(user: Person) -> QuerySet[ApprovalRequest]:
    """A person's own, and those of servers that the person's tokens show."""
    return ApprovalRequest.objects.filter(Q(person_id=user.pk) | shown_to(user))


def begun_of(asked: ApprovalRequest) -> Operation | Job | PlannedDeletion | None:
    """The operation, the job or the planned deletion that it became: they have the same one-time key."""
    key = asked.form_key
    return (
        PlannedDeletion.objects.filter(form_key=key).first()
        or Job.objects.filter(idempotency_key=key).first()
        or Operation.objects.filter(idempotency_key=key).first()
    )
