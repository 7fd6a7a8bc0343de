"""Requests for approval, and what people decided of them."""

import uuid
from typing import Any, Final

from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from snapshots.audit.journal import Actor, EntryData
from snapshots.jobs.room import room_id
from snapshots.operations.guarded_models import Policy, PolicyAction
from snapshots.operations.models import Action
from snapshots.operations.ownership import owned_by
from snapshots.operations.policies import matching
from snapshots.operations.rights import DELETE, DELETE_OWN, Right


class Kind(models.TextChoices):
    RESTORE = "restore", _("Restore")
    SAFE_RESTORE = "safe_restore", _("Restore with a safety snapshot")
    DELETE = "delete", _("Delete")
    REPLACE = "replace", _("Create in place of another snapshot")
    UNPROTECT = "unprotect", _("Lift a protection")
    CREATE_MANY = "create_many", _("Create on several servers")
    DELETE_MANY = "delete_many", _("Delete several snapshots")
    RESTORE_MANY = "restore_many", _("Go back to a restore point")
    CREATE_SCHEDULE = "create_schedule", _("Make a schedule")
    CHANGE_SCHEDULE = "change_schedule", _("Change a schedule")
    RESUME_SCHEDULE = "resume_schedule", _("Resume a schedule")

    @property
    def action(self) -> str:
        """What the form of one snapshot or server confirms."""
        return _ACTIONS[self]

    @property
    def is_schedule(self) -> bool:
        return self in _SCHEDULES

    @property
    def may_be_of_owner(self) -> bool:
        """Whether what it deletes may be the own snapshots of whoever asks, which takes less of them."""
        return not self.is_schedule and self != Kind.UNPROTECT

    @property
    def is_batch(self) -> bool:
        return self in {Kind.CREATE_MANY, Kind.DELETE_MANY, Kind.RESTORE_MANY}


_ACTIONS: Final[dict[Kind, str]] = {
    Kind.RESTORE: Action.RESTORE,
    Kind.SAFE_RESTORE: Action.RESTORE,
    Kind.DELETE: Action.DELETE,
    Kind.REPLACE: Action.CREATE,
    Kind.UNPROTECT: PolicyAction.UNPROTECT,
    Kind.CREATE_MANY: Action.CREATE,
    Kind.DELETE_MANY: Action.DELETE,
    Kind.RESTORE_MANY: Action.RESTORE,
}
_SCHEDULES: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.CREATE_SCHEDULE: ("schedules.manage", "snapshots.create", "snapshots.delete"),
    Kind.CHANGE_SCHEDULE: ("schedules.manage", "snapshots.create", "snapshots.delete"),
    Kind.RESUME_SCHEDULE: ("schedules.pause",),
}
"""Kinds of requests about schedules, and the rights that they take."""


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

    title = models.CharField(max_length=300, blank=True)
    """The name of the schedule, of the restore point, or of the snapshots that are created."""
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
        indexes = [
            models.Index(fields=["state", "expires_at"], name="approval_request_open"),
            models.Index(fields=["-created_at"], name="approval_request_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"

    @cached_property
    def items(self) -> "list[RequestedItem]":
        """What it is about. Set before it is saved, else as stored."""
        return list(self.stored_items.all())

    @property
    def item(self) -> "RequestedItem | None":
        """The only one; None if there are several."""
        return self.items[0] if len(self.items) == 1 else None

    @property
    def rights(self) -> list[Right]:
        """What it takes to do it, and so to approve it, each once."""
        return list(dict.fromkeys((one, item.server_id) for item, one in self._needs))

    @property
    def rights_of_asker(self) -> list[Right]:
        """What it takes to ask for it: less than to approve it, where what is deleted is the asker's own."""
        servers = [server_id for permission, server_id in self.rights if permission == DELETE]
        if not servers or not Kind(self.kind).may_be_of_owner:
            return self.rights
        owned = owned_by(self.person_id, servers)
        found = [
            (DELETE_OWN if one == DELETE and self._deleted_of(item) in owned else one, item.server_id)
            for item, one in self._needs
        ]
        return list(dict.fromkeys(found))

    @property
    def policies(self) -> list[Policy]:
        """Those that ask for approval of any of it now."""
        return matching(
            (item.server_id, action) for item in self.items for action in self._policy_actions(item)
        )

    @property
    def _needs(self) -> "list[tuple[RequestedItem, str]]":
        return [(item, one) for item in self.items for one in self._permissions(item)]

    def _deleted_of(self, item: "RequestedItem") -> tuple[int | None, int | None]:
        """Server and snapshot: the item's own, or the one that makes room."""
        room = self.arguments.get("make_room", "")
        return item.server_id, room_id(room) if item.also_deletes else item.snapshot_id

    def _permissions(self, item: "RequestedItem") -> list[str]:
        kind = Kind(self.kind)
        if kind.is_schedule:
            return list(_SCHEDULES[kind])
        first = DELETE if kind == Kind.UNPROTECT else Action(kind.action).permission
        return [first, DELETE] if item.also_deletes else [first]

    def _policy_actions(self, item: "RequestedItem") -> list[str]:
        kind = Kind(self.kind)
        if kind.is_schedule:
            return [PolicyAction.SCHEDULE]
        several = [PolicyAction.BATCH] if kind.is_batch and len(self.items) > 1 else []
        return [kind.action, *([Action.DELETE] if item.also_deletes else []), *several]

    def entry(self, actor: Actor, verb: str, *, code: str = "", **more: Any) -> EntryData:
        """A row of the log about it, with the server and the token if all of it is about the same."""
        servers = {item.server_id: item.server_name for item in self.items}
        (server_id, server_name), *more_servers = servers.items() or [(None, "")]
        tokens = {item.token_fingerprint: item.token_label for item in self.items}
        (fingerprint, label), *more_tokens = tokens.items() or [("", "")]
        return actor.entry(
            action=f"approval.{verb}",
            code=code,
            target=str(self.pk),
            server_id=None if more_servers else server_id,
            server_name="" if more_servers else server_name,
            snapshot_id=self.item.snapshot_id if self.item else None,
            snapshot_name=self.item.snapshot_name if self.item else "",
            token_label="" if more_tokens else label,
            token_fingerprint="" if more_tokens else fingerprint,
            **more,
        )


class RequestedItem(models.Model):
    """A server, and mostly one of its snapshots, that a request is about, as the person who asked saw it."""

    request = models.ForeignKey(ApprovalRequest, on_delete=models.CASCADE, related_name="stored_items")
    token_id = models.CharField(max_length=12, blank=True)
    token_label = models.CharField(max_length=80, blank=True)
    token_fingerprint = models.CharField(max_length=64, blank=True)
    server_id = models.BigIntegerField(null=True)
    """None for all servers of the token."""
    server_name = models.CharField(max_length=300, blank=True)
    snapshot_id = models.BigIntegerField(null=True)
    snapshot_name = models.CharField(max_length=300, blank=True)
    snapshot_created_at = models.DateTimeField(null=True)
    fingerprint = models.CharField(max_length=64, blank=True)
    """Of the snapshot, as it was when it was asked."""
    also_deletes = models.CharField(max_length=330, blank=True)
    """The name and ID of the snapshot that is deleted first to make room, if one is."""
    is_without_way_back = models.BooleanField(default=False)
    """Whether it is restored without a snapshot of the present state."""

    class Meta:
        db_table = "approval_item"
        ordering = ["pk"]
        indexes = [models.Index(fields=["server_id"], name="approval_item_server")]

    def __str__(self) -> str:
        return f"{self.snapshot_name} of {self.server_name}"


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
