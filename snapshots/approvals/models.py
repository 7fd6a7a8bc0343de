"""Requests for approval, and what people decided of them."""

import uuid
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from snapshots.audit.journal import Actor, EntryData
from snapshots.operations.models import Action


class Kind(models.TextChoices):
    RESTORE = "restore", _("Restore")
    SAFE_RESTORE = "safe_restore", _("Restore with a safety snapshot")
    DELETE = "delete", _("Delete")

    @property
    def action(self) -> Action:
        return Action.DELETE if self == Kind.DELETE else Action.RESTORE


class State(models.TextChoices):
    """waiting → denied | withdrawn | expired | void, or → approved → begun | void."""

    WAITING = "waiting", _("Waiting")
    APPROVED = "approved", _("Approved")
    BEGUN = "begun", _("Begun")
    VOID = "void", _("Void")
    DENIED = "denied", _("Denied")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    EXPIRED = "expired", _("Expired")


OPEN = (State.WAITING, State.APPROVED)


class Verdict(models.TextChoices):
    APPROVE = "approve", _("Approved")
    DENY = "deny", _("Denied")
    BREAK_GLASS = "break_glass", _("Glass broken")


class ApprovalRequest(models.Model):
    """What a person wants to do and confirmed, exactly. Nothing is sent before it is approved."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    form_key = models.CharField(max_length=64, unique=True)
    """The one-time key of the confirmed form, which becomes that of the operation or job."""
    kind = models.CharField(max_length=20, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    code = models.CharField(max_length=60, blank=True)
    """Why it is void: a code of OperationRefusedError."""
    lifts = models.JSONField(default=list)
    """What the approval lifts: codes of refusals. Locks and freezes only for whoever asked for that."""
    needed = models.IntegerField()

    token_id = models.CharField(max_length=12)
    token_label = models.CharField(max_length=80)
    token_fingerprint = models.CharField(max_length=64)
    server_id = models.BigIntegerField()
    server_name = models.CharField(max_length=300)
    snapshot_id = models.BigIntegerField()
    snapshot_name = models.CharField(max_length=300)
    snapshot_created_at = models.DateTimeField(null=True)
    fingerprint = models.CharField(max_length=64)
    """Of the snapshot, as it was when it was asked."""
    also_deletes = models.CharField(max_length=330, blank=True)
    """The name and ID of the snapshot that is deleted first to make room, if one is."""
    arguments = models.JSONField(default=dict)
    """Of the call that begins it."""
    reason = models.TextField(blank=True)

    person_id = models.BigIntegerField()
    role = models.CharField(max_length=20)
    channel = models.CharField(max_length=10)
    api_key_id = models.CharField(max_length=12, blank=True)
    """Of the API key that asked, if one did: it must still be valid when it begins."""
    asked_under = models.JSONField(default=list)
    """The IDs of the temporary roles under which it was asked: it is void as soon as one has ended."""
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    tries = models.IntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    """When it is tried again, if it was approved and could not begin for a passing reason."""

    class Meta:
        db_table = "approval_request"
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["state", "expires_at"], name="approval_request_open")]

    def __str__(self) -> str:
        return f"{self.kind} {self.server_name} {self.state}"

    @property
    def action(self) -> Action:
        """What was confirmed."""
        return Kind(self.kind).action

    @property
    def actions(self) -> list[Action]:
        """All that is done: a restore may have to delete a snapshot first."""
        return [self.action, Action.DELETE] if self.also_deletes else [self.action]

    def entry(self, actor: Actor, verb: str, **more: Any) -> EntryData:
        """A row of the log about it."""
        return actor.entry(
            action=f"approval.{verb}",
            target=str(self.pk),
            server_id=self.server_id,
            server_name=self.server_name,
            snapshot_id=self.snapshot_id,
            snapshot_name=self.snapshot_name,
            token_label=self.token_label,
            token_fingerprint=self.token_fingerprint,
            **more,
        )


class Decision(models.Model):
    """What one person decided of a request."""

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="decisions")
    person_id = models.BigIntegerField()
    verdict = models.CharField(max_length=12, choices=Verdict)
    reason = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "approval_decision"
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["request", "person_id"], name="one_decision_of_each_person")
        ]

    def __str__(self) -> str:
        return f"{self.verdict} {self.person_id}"
