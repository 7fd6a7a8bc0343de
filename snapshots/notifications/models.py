"""Events, what was told of them to whom, and who wants to know what. See outbox.py and delivery.py for who writes these."""

import uuid
from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

LOG_CURSOR: Final = "log"


class Kind(models.TextChoices):
    """What can be told. A change by a colleague is the same operation as the colleague's own, told to others."""

    COMPLETED = "operation.completed", _("An operation ended well")
    FAILED = "operation.failed", _("An operation failed")
    UNKNOWN = "operation.unknown", _("The result of an operation is unknown")
    RESOLVED = "operation.resolved", _("An operation with an unknown result was resolved")
    OVERDUE = "operation.overdue", _("An operation takes longer than it should")
    COLLEAGUE = "colleague.changed", _("Somebody else restored a server or deleted a snapshot")
    OBSERVED = "snapshot.observed", _("A snapshot changed past this portal")
    SILENT = "snapshot.silent", _("No snapshot of a server was completed for too long")
    JOB_STOPPED = "job.stopped", _("A job stopped before its end")
    SCHEDULE_FAILED = "schedule.failed", _("A run of a schedule failed")
    SCHEDULE_STOPPED = "schedule.stopped", _("A schedule stopped, or nothing came of it for too long")
    DELETION_DUE = "deletion.due", _("A snapshot will be deleted soon, or its planned deletion was refused")
    TOKEN_REFUSED = "token.refused", _("VPS.org refuses a token")
    PROVIDER_DOWN = "provider.down", _("VPS.org did not answer for 5 minutes")
    WORKER_DOWN = "worker.down", _("The portal's worker did not run for 5 minutes")
    MAIL_DOWN = "mail.down", _("E-mails could not be sent for 5 minutes")
    TARGET_DOWN = "target.down", _("A target of notifications took nothing for 5 minutes")
    CLOCK_WRONG = "clock.wrong", _("The portal's clock differs from that of VPS.org")
    AUDIT_BROKEN = "audit.broken", _("The audit log does not verify, or one of its streams stopped")
    NEW_DEVICE = "person.new_device", _("Somebody signed in as me with a device that was not used before")
    FACTORS = (
        "person.factors",
        _("My password, second factors or single sign-on were changed, or somebody guessed codes"),
    )
    API_KEY = "person.api_key", _("An API key was made or revoked in my name")
    SERVER_LOCK = (
        "server.lock",
        _("A server was locked, or somebody wants to lift its lock or shorten its grace time"),
    )
    FREEZE = "freeze", _("A freeze or an approval policy was placed, or somebody wants to lift one")
    APPROVAL = "approval", _("Somebody asks for approval, or a request was decided")
    REVIEW = "review", _("A reviewer of the audit log asks me, or my question was answered")
    TEST = "test", _("A test")


class Scope(models.TextChoices):
    """Of which servers a person is told. `FOLLOWED` includes what the person did on any server."""

    OFF = "off", _("Never")
    FOLLOWED = "followed", _("My own, and servers I follow")
    ALL = "all", _("All servers I see")


class DeliveryState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    SENT = "sent", _("Sent")
    GIVEN_UP = "given_up", _("Given up")


class Cursor(models.Model):
    """Up to which row the log was read for events. `checked_at` is when a worker last looked: the worker's pulse."""

    name = models.CharField(max_length=20, primary_key=True)
    sequence = models.BigIntegerField()
    checked_at = models.DateTimeField()

    class Meta:
        db_table = "notification_cursor"

    def __str__(self) -> str:
        return f"{self.name} {self.sequence}"


class Trouble(models.Model):
    """Something that lasts, such as a provider that does not answer, and whether it was told already."""

    name = models.CharField(max_length=80, primary_key=True)
    since = models.DateTimeField()
    is_told = models.BooleanField(default=False)

    class Meta:
        db_table = "notification_trouble"

    def __str__(self) -> str:
        return self.name


class Event(models.Model):
    """Something that happened, once. `key` is unique for it: a second attempt to make it does nothing.

    Holds no name of a person and no token: `actor_id` is joined with the name when the event is shown.
    """

    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=20, choices=Kind)
    at = models.DateTimeField()
    sequence = models.BigIntegerField(null=True)
    """The row of the log that it was read from."""
    action = models.CharField(max_length=60, blank=True)
    code = models.CharField(max_length=60, blank=True)
    operation_id = models.UUIDField(null=True)
    actor_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    """The person whom it is about, if that is not who did it."""
    server_id = models.BigIntegerField(null=True)
    server_name = models.CharField(max_length=300, blank=True)
    snapshot_name = models.CharField(max_length=300, blank=True)
    token_label = models.CharField(max_length=80, blank=True)
    token_fingerprint = models.CharField(max_length=64, blank=True)
    target = models.CharField(max_length=300, blank=True)
    """What the row names besides: a job's ID, a schedule's or a stream's name."""
    covered = models.JSONField(default=list)
    """The servers of a job or a schedule: see coverage.CoveredServer."""
    page_id = models.UUIDField(null=True)
    """The ID of what the page about it shows, if neither `operation_id` nor `target` is that."""
    is_partial = models.BooleanField(default=False)
    """Whether something was completed of what failed."""

    class Meta:
        db_table = "notification_event"
        ordering = ["-pk"]
        indexes = [models.Index(fields=["at"], name="notification_event_at")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    @property
    def server_ids(self) -> set[int]:
        """Every server that it concerns; none if it concerns no server, or nobody knows which."""
        own = set() if self.server_id is None else {self.server_id}
        return own | {one["id"] for one in self.covered}

    @property
    def token_fingerprints(self) -> set[str]:
        return {self.token_fingerprint, *(one["token_fingerprint"] for one in self.covered)} - {""}


class Notification(models.Model):
    """An event that one person sees in the portal."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="notifications")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications"
    )
    is_colleagues = models.BooleanField(default=False)
    """Whether it is told because somebody else changed a server that the person follows."""
    read_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "notification"
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["person", "event"], name="notification_once")]
        indexes = [
            models.Index(fields=["person"], name="notification_unread", condition=Q(read_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.event_id}"


class PersonalRule(models.Model):
    """A person's choice for one kind of event. Without a row the defaults of rules.py hold."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind)
    portal = models.CharField(max_length=10, choices=Scope)
    email = models.CharField(max_length=10, choices=Scope)

    class Meta:
        db_table = "notification_rule"
        constraints = [models.UniqueConstraint(fields=["person", "kind"], name="notification_rule_once")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.kind}"


class Follow(models.Model):
    """A person follows a server."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    server_id = models.BigIntegerField()

    class Meta:
        db_table = "notification_follow"
        constraints = [
            models.UniqueConstraint(fields=["person", "server_id"], name="notification_follow_once")
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.server_id}"


class TargetKind(models.TextChoices):
    WEBHOOK = "webhook", _("Signed webhook")
    APPRISE = "apprise", _("Messenger or alarm service")


class Target(models.Model):
    """An address of the team. `sealed` holds its address and secret (targets.py); only `shown` is ever displayed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=TargetKind)
    label = models.CharField(max_length=80, unique=True)
    shown = models.CharField(max_length=200)
    """The host of a webhook, or the name of a service."""
    sealed = models.BinaryField()
    key_id = models.CharField(max_length=16)
    kinds = models.JSONField(default=list)
    server_ids = models.JSONField(default=list)
    """Of which servers it is told; empty for all."""
    created_at = models.DateTimeField()

    class Meta:
        db_table = "notification_target"
        ordering = ["label"]

    def __str__(self) -> str:
        return self.label


class Delivery(models.Model):
    """One message to a target or to a person's e-mail address. It is repeated under the same ID until it is taken."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    target = models.ForeignKey(Target, null=True, on_delete=models.CASCADE, related_name="deliveries")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+"
    )
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    attempts = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        db_table = "notification_delivery"
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["due_at"], name="notification_delivery_due", condition=Q(state="waiting")),
            models.Index(fields=["target", "-created_at"], name="notification_delivery_target"),
            models.Index(fields=["person", "-created_at"], name="notification_delivery_person"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"


class OutboxItem(models.Model):
    """An event for one receiver. `delivery` is the message that holds it; None until the message is made."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="items")
    target = models.ForeignKey(Target, null=True, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+"
    )
    delivery = models.ForeignKey(Delivery, null=True, on_delete=models.CASCADE, related_name="items")
    created_at = models.DateTimeField()

    class Meta:
        db_table = "notification_item"
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["created_at"], name="notification_item_new", condition=Q(delivery__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {self.delivery_id}"
