"""Which requests a person may see."""

from uuid import UUID

from django.db.models import Q, QuerySet

from snapshots.approvals.models import ApprovalRequest
from snapshots.connection import Person
from snapshots.inventory.shown_servers import shown_to


def visible_to(user: Person) -> QuerySet[ApprovalRequest]:
    """A person's own, and those of servers that the person's tokens show."""
    return ApprovalRequest.objects.filter(Q(person_id=user.pk) | shown_to(user))


def request_of(begun_id: UUID) -> ApprovalRequest | None:
    """The request that became this operation, job or planned deletion."""
    return ApprovalRequest.objects.filter(begun_id=begun_id).first()
