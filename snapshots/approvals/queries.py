"""Which requests a person may see, and what became of one."""

from django.db.models import Q, QuerySet

from snapshots.approvals.asking import Begun
from snapshots.approvals.models import ApprovalRequest, Decision, RequestedItem, State
from snapshots.connection import Person
from snapshots.deletions.models import PlannedDeletion
from snapshots.inventory.shown_servers import shown_to
from snapshots.jobs.models import Job
from snapshots.operations.models import Operation
from snapshots.operations.policies import naming
from snapshots.schedules.models import Schedule


def visible_to(user: Person) -> QuerySet[ApprovalRequest]:
    """A person's own, those of servers that the person's tokens show or a policy asks the person about, and those that the
    person decided."""
    items = RequestedItem.objects.filter(shown_to(user) | _asked_about(user)).values("request_id")
    decided = Decision.objects.filter(person_id=user.pk or 0).values("request_id")
    return ApprovalRequest.objects.filter(Q(person_id=user.pk) | Q(pk__in=items) | Q(pk__in=decided))


def _asked_about(user: Person) -> Q:
    found = Q(pk__in=[])
    for policy in naming(user.pk):
        numbers = [number for number, _name in policy.servers]
        about = Q(server_id__in=numbers) | Q(server_id=None)
        found |= Q(pk__isnull=False) if policy.covers_all else about
    return found


def begun_of(asked: ApprovalRequest) -> Begun:
    """What it became: with the same one-time key, or the schedule that it changed."""
    key, schedule_id = asked.form_key, asked.arguments.get("schedule_id")
    if schedule_id and asked.state == State.BEGUN:
        return Schedule.objects.present().filter(pk=schedule_id).first()
    return (
        PlannedDeletion.objects.filter(form_key=key).first()
        or Job.objects.filter(idempotency_key=key).first()
        or Operation.objects.filter(idempotency_key=key).first()
        or Schedule.objects.present().filter(form_key=key).first()
    )
