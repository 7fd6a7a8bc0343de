"""Requests for a temporary role, and what became of them."""

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from snapportal.accounts.statements import TEMPORARY_ROLE
from snapportal.accounts.team_models import TeamRole
from snapshots.audit.journal import Actor, EntryData
from snapshots.operations.statements import BY_TEMPORARY_ROLE


class State(models.TextChoices):
    """waiting → denied | withdrawn | expired, or → granted → ended."""

    WAITING = "waiting", _("Waiting")
    GRANTED = "granted", _("Granted")
    DENIED = "denied", _("Denied")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    EXPIRED = "expired", _("Expired")
    ENDED = "ended", _("Ended")


class TemporaryRole(models.Model):
    """A role that a person asks for, and has on these servers from `decided_at` to `ends_at` if it was granted.

    The clock decides at each question whether it holds: the worker only writes down that it has ended.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="temporary_roles"
    )
    role = models.CharField(_("role"), max_length=20, choices=TeamRole)
    servers = models.JSONField(default=list)
    """[ID, name as last seen] of each server."""
    hours = models.IntegerField()
    reason = models.TextField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    asked_at = models.DateTimeField()
    waits_until = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by_id = models.BigIntegerField(null=True)
    denial = models.TextField(blank=True)
    """Why it was denied."""
    ends_at = models.DateTimeField(null=True)
    """When it ends by itself."""
    ended_at = models.DateTimeField(null=True)
    ended_by_id = models.BigIntegerField(null=True)
    """Who ended it early; None if it ended by itself."""
    end_reason = models.TextField(blank=True)

    class Meta:
        db_table = "temporary_role"
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(state="waiting"), name="temporary_role_waits_once"
            )
        ]
        indexes = [
            models.Index(fields=["person", "state", "ends_at"], name="temporary_role_person"),
            models.Index(fields=["state", "asked_at"], name="temporary_role_state"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.state}"

    @property
    def server_names(self) -> dict[int, str]:
        """ID → name as last seen."""
        return {int(number): str(name) for number, name in self.servers}

    def covers(self, server_id: int | None) -> bool:
        """Whether this server is one of its own; None stands for all servers, which it never covers."""
        return server_id is not None and server_id in self.server_names

    def holds(self, now: datetime) -> bool:
        """Also not before it was granted: a clock that was set back makes it no longer than by what it was set back."""
        if self.state != State.GRANTED or self.decided_at is None or self.ends_at is None:
            return False
        return self.decided_at <= now < self.ends_at

    @property
    def is_held(self) -> bool:
        return self.holds(timezone.now())

    @property
    def lets_work_end(self) -> bool:
        """Whether what was begun under it may go on: it holds, or has ended by itself."""
        return self.state in {State.GRANTED, State.ENDED} and self.ended_by_id is None

    @property
    def shown_state(self) -> State:
        """As the clock says, also before the worker has written it down."""
        if self.state == State.GRANTED and not self.is_held:
            return State.ENDED
        if self.state == State.WAITING and self.waits_until <= timezone.now():
            return State.EXPIRED
        return State(self.state)

    @property
    def note(self) -> str:
        """For the rows of the log about what is done under it."""
        return BY_TEMPORARY_ROLE.said(role=self.role, person=self.decided_by_id, request=self.pk)

    def described(self) -> str:
        """For the log, such as 'manager on servers 501, 502 for 4 hours, asked by person 7'."""
        return TEMPORARY_ROLE.said(
            role=self.role, servers=list(self.server_names), hours=self.hours, person=self.person_id
        )

    def entry(self, actor: Actor, verb: str, **more: Any) -> EntryData:
        """A row of the log about it, with the server if it is about one."""
        (server_id, name), *others = self.server_names.items() or [(None, "")]
        return actor.entry(
            action=f"temporary_role.{verb}",
            target=str(self.pk),
            server_id=None if others else server_id,
            server_name="" if others else name,
            **{"evidence": self.described(), **more},
        )
