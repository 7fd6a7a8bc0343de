"""Operations: what people requested from the provider, and the current state of each request."""

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from snapshots import contract
from snapshots.contract import Snapshot
from snapshots.inventory.progress import Expectation, is_far_too_long


class Action(models.TextChoices):
    CREATE = "snapshot.create", _("Create")
    RESTORE = "snapshot.restore", _("Restore")
    DELETE = "snapshot.delete", _("Delete")

    @property
    def permission(self) -> str:
        """The permission that it requires, such as 'snapshots.restore'."""
        return self.value.replace("snapshot.", "snapshots.")


class State(models.TextChoices):
    """pending → sent → accepted → completed | failed; or unknown, which evidence or a person reconciles (promise 9)."""

    PENDING = "pending", _("Pending")
    SENT = "sent", _("Sent")
    ACCEPTED = "accepted", _("In progress")
    COMPLETED = "completed", _("Completed")
    FAILED = "failed", _("Failed")
    UNKNOWN = "unknown", _("Unknown")
    RECONCILED = "reconciled", _("Resolved")


class Finding(models.TextChoices):
    """What the evidence, or the person who closed it, says of an unknown operation."""

    NONE = "", ""
    HAPPENED = "happened", _("It happened")
    NOT_HAPPENED = "not_happened", _("It did not happen")
    UNDECIDED = "undecided", _("Resolved by a person without proof")


EXPECTED_MINUTES = {
    Action.CREATE: contract.CREATE_MINUTES,
    Action.RESTORE: contract.RESTORE_MINUTES,
    Action.DELETE: contract.DELETE_MINUTES,
}
OPEN_STATES = (State.PENDING, State.SENT, State.ACCEPTED, State.UNKNOWN)


class OperationQuerySet(models.QuerySet["Operation"]):
    def open(self) -> "OperationQuerySet":
        return self.filter(state__in=OPEN_STATES)

    def unknown(self) -> "OperationQuerySet":
        return self.filter(state=State.UNKNOWN)

    def holding(self, server_id: int) -> "OperationQuerySet":
        """Restores of this server that run or may run: they block other writes to it (promise 12)."""
        return self.open().filter(server_id=server_id, action=Action.RESTORE)

    def forget_person(self, person_id: int) -> None:
        """Blank the person's name in every operation; the number stays."""
        self.filter(actor_id=person_id).update(actor_name="")
        self.filter(settled_by_id=person_id).update(settled_by="")


class Operation(models.Model):
    """A create, restore or delete. This row has its current state; the audit log has its history."""

    is_outcome_lost = False
    """Set on an instance by whoever called the provider and could not write what came of it; not stored."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    idempotency_key = models.CharField(max_length=64, unique=True)
    action = models.CharField(max_length=20, choices=Action)
    state = models.CharField(max_length=12, choices=State, default=State.PENDING)
    finding = models.CharField(max_length=14, choices=Finding, default=Finding.NONE, blank=True)
    code = models.CharField(max_length=60, blank=True)

    actor_id = models.BigIntegerField()
    actor_name = models.CharField(max_length=150)
    actor_role = models.CharField(max_length=20)
    token_id = models.CharField(max_length=12)
    token_label = models.CharField(max_length=80)
    token_fingerprint = models.CharField(max_length=64)

    server_id = models.BigIntegerField()
    server_name = models.CharField(max_length=300)
    snapshot_id = models.BigIntegerField(null=True)
    snapshot_name = models.CharField(max_length=300)
    snapshot_created_at = models.DateTimeField(null=True)
    snapshot_size_mb = models.BigIntegerField(null=True)
    """Of a create: once it is completed."""
    known_snapshot_ids = models.JSONField(default=list)
    """All snapshots that the token listed before the operation, of any server."""
    knew_all_snapshots = models.BooleanField(default=True)
    """False if the list before the operation could not be read to its end."""
    was_restoring = models.BooleanField(default=True)
    """Whether the server may have been restoring before the operation: True unless a fresh list ruled it out."""
    said_restoring = models.BooleanField(default=False)
    """Whether the provider's answer to the restore gave the server's status as restoring."""
    reason = models.TextField(blank=True)

    provider_status = models.IntegerField(null=True)
    provider_message = models.TextField(blank=True)
    evidence = models.TextField(blank=True)
    settled_by = models.CharField(max_length=200, blank=True)
    settled_by_id = models.BigIntegerField(null=True)

    learned_low_seconds = models.IntegerField(null=True)
    learned_high_seconds = models.IntegerField(null=True)
    learned_count = models.IntegerField(null=True)
    """From how many operations the two times were learned before it began (see expectations.py); None if from none."""

    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    seen_moving_at = models.DateTimeField(null=True)
    """When the last reading began that showed the create or restore in progress."""
    ended_at = models.DateTimeField(null=True)

    objects = OperationQuerySet.as_manager()

    class Meta:
        db_table = "operation"
        ordering = ["-created_at"]
        indexes = [
            # SQLite uses no index under a condition for a list of states: it does not look at the values.
            models.Index(fields=["state", "server_id"], name="operation_state"),
            models.Index(fields=["ended_at"], name="operation_ended"),
            models.Index(fields=["server_id", "-created_at"], name="operation_server"),
            models.Index(fields=["snapshot_id"], name="operation_snapshot"),
            models.Index(
                fields=["server_id", "action", "-ended_at"],
                name="operation_completed",
                condition=Q(state="completed"),
            ),
            models.Index(fields=["token_fingerprint", "-created_at"], name="operation_token"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.server_name} {self.state}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    def could_have_created(self, snapshot: Snapshot) -> bool:
        """For a create: whether the snapshot has the requested server and name, and was not listed before."""
        return (
            snapshot.server.id == self.server_id
            and snapshot.name == self.snapshot_name
            and snapshot.id not in self.known_snapshot_ids
        )

    @property
    def expectation(self) -> Expectation:
        """How long it usually takes, as pages say it."""
        if (
            self.learned_count
            and self.learned_low_seconds is not None
            and self.learned_high_seconds is not None
        ):
            return Expectation(self.learned_low_seconds, self.learned_high_seconds, self.learned_count)
        low, high = EXPECTED_MINUTES[Action(self.action)]
        return Expectation(60 * low, 60 * high)

    @property
    def expected_minutes(self) -> tuple[int, int]:
        """How long it is waited for: the documented times, or the longest time learned if that is longer; never less."""
        low, high = EXPECTED_MINUTES[Action(self.action)]
        return low, max(high, self.expectation.minutes[1])

    @property
    def expected_by(self) -> datetime:
        """When it should have ended at the latest."""
        return self.began_at + timedelta(minutes=self.expected_minutes[1])

    @property
    def began_at(self) -> datetime:
        return self.accepted_at or self.created_at

    @property
    def is_far_too_long(self) -> bool:
        """Whether it is accepted and has run much longer than documented."""
        return self.state == State.ACCEPTED and is_far_too_long(self.began_at, self.expected_minutes)


class Protection(models.Model):
    """A snapshot that the portal does not delete. The row of a snapshot that is no longer listed has no effect."""

    server_id = models.BigIntegerField()
    snapshot_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "snapshot_protection"
        constraints = [
            models.UniqueConstraint(fields=["server_id", "snapshot_id"], name="protection_of_snapshot")
        ]

    def __str__(self) -> str:
        return f"{self.server_id}/{self.snapshot_id}"


class Ownership(models.Model):
    """Whose a snapshot is. The row of a snapshot that is no longer listed, or whose ID another one has now, has no effect."""

    server_id = models.BigIntegerField()
    snapshot_id = models.BigIntegerField()
    snapshot_created_at = models.DateTimeField(null=True)
    """As the provider lists it. What has another time is another snapshot; without one nobody owns it (see ownership.py)."""
    person_id = models.BigIntegerField()
    since = models.DateTimeField()
    operation_id = models.UUIDField(null=True)
    """The create that made it; None if it was made past the portal, and then given to somebody."""

    class Meta:
        db_table = "snapshot_ownership"
        constraints = [models.UniqueConstraint(fields=["server_id", "snapshot_id"], name="owner_of_snapshot")]
        indexes = [models.Index(fields=["person_id"], name="snapshots_of_person")]

    def __str__(self) -> str:
        return f"{self.server_id}/{self.snapshot_id}: {self.person_id}"


class PlaceReservation(models.Model):
    """A place of a full server that a job empties for a snapshot of its own: nobody else creates one there meanwhile."""

    server_id = models.BigIntegerField(unique=True)
    idempotency_key = models.CharField(max_length=64, unique=True)
    """Of the create that the place is for."""
    until = models.DateTimeField()

    class Meta:
        db_table = "place_reservation"

    def __str__(self) -> str:
        return f"{self.server_id}"


from snapshots.operations.guarded_models import Freeze, Guarded, Policy, ServerLock  # noqa: E402, F401 - models of this app
