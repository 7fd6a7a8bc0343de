"""Events, targets and turns of the worker for tests of notifications."""

from datetime import timedelta

import time_machine
from django.utils import timezone

from snapshots.audit.journal import Actor
from snapshots.notifications import delivery, outbox, targets
from snapshots.notifications.models import Kind, Notification, Target, TargetKind
from snapshots.notifications.targets import Address, Wishes
from snapshots.operations.models import Action, Operation, State
from snapshots.operations.transitions import transition
from tests.support.desk import Desk
from tests.support.evidence import open_operation
from tests.support.notification_receivers import SECRET

ADA = Actor(id=1005, name="Ada", role="admin")
ALL_KINDS = tuple(kind.value for kind in Kind if kind != Kind.TEST)


def end_operation(
    desk: Desk, state: State = State.COMPLETED, action: Action = Action.RESTORE, key: str = "k", **fields
) -> Operation:
    """An operation that reaches `state`, with its outcome row in the log."""
    operation = open_operation(desk, action, idempotency_key=key, state=State.SENT)
    transition(operation, state, expect=[State.SENT], **fields)
    return operation


def add_webhook(url: str, label: str = "Ops", kinds: tuple[str, ...] = ALL_KINDS, servers=()) -> Target:
    return targets.add(
        actor=ADA,
        kind=TargetKind.WEBHOOK,
        label=label,
        shown="127.0.0.1",
        address=Address(url, SECRET),
        wishes=Wishes(kinds, tuple(servers)),
    )


def deliver_after(seconds: float) -> int:
    """A turn of the worker so much later."""
    with time_machine.travel(timezone.now() + timedelta(seconds=seconds), tick=True):
        return delivery.deliver_due()


def read_log() -> int:
    """Read all rows that are new."""
    total = 0
    while read := outbox.read_log():
        total += read
    return total


def told(person) -> list[str]:
    """The kinds of a person's notifications, the oldest first."""
    own = Notification.objects.filter(person=person).order_by("pk")
    return [str(one.event.kind) for one in own.select_related("event")]
