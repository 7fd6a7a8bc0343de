"""What a team has agreed not to do, or not alone, and how that is lifted: locks of servers, freezes, and approval policies."""

from datetime import datetime
from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from snapshots.audit.wording.statements import joined
from snapshots.operations import statements
from snapshots.operations.models import Action


class Guarded(models.Model):
    """What guards a team, and is lifted by two people or by time: see guard.py."""

    person_id = models.BigIntegerField()
    reason = models.TextField()
    created_at = models.DateTimeField()
    lift_person_id = models.BigIntegerField(null=True)
    """Who wants to lift it: it takes somebody else, or time, for that to happen."""
    lift_reason = models.TextField(blank=True)
    lift_due_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def is_lifted(self, now: datetime) -> bool:
        return self.lift_due_at is not None and now >= self.lift_due_at


class ServerLock(Guarded):
    """A server that the portal does not restore (nor delete snapshots of, if that is covered) until the lock has ended."""

    server_id = models.BigIntegerField(unique=True)
    server_name = models.CharField(max_length=250, blank=True)
    covers_deletes = models.BooleanField(default=False)
    until = models.DateTimeField(null=True)

    class Meta:
        db_table = "server_lock"

    def __str__(self) -> str:
        return f"{self.server_id}"

    def is_active(self, now: datetime) -> bool:
        """Whether it holds: its end has not come, nor has the time at which it lifts."""
        return (self.until is None or now < self.until) and not self.is_lifted(now)

    def covers(self, action: str) -> bool:
        return action == Action.RESTORE or (action == Action.DELETE and self.covers_deletes)


class OnServers(Guarded):
    """For some servers or all, with a name."""

    name = models.CharField(max_length=80)
    servers = models.JSONField(default=list)
    """Pairs of ID and name; empty for all servers, also those to come."""

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def covers_all(self) -> bool:
        return not self.servers

    def reaches(self, server_id: int | None) -> bool:
        """None stands for all servers: then it is also about those of this row."""
        return (
            self.covers_all or server_id is None or any(number == server_id for number, _name in self.servers)
        )

    def is_over(self, now: datetime) -> bool:
        return self.is_lifted(now)

    @property
    def servers_text(self) -> str:
        """For the log."""
        named = [statements.ON_SERVER.said(name=name, id=number) for number, name in self.servers]
        return joined(named, ", ") or statements.ON_ALL_SERVERS.said()


class Freeze(OnServers):
    """A time in which nothing dangerous is done on some servers: from `starts_at` to `ends_at`, or each week within that time."""

    time_zone = models.CharField(max_length=64)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    from_minute = models.IntegerField(null=True)
    """Minutes since Monday 0:00 on a clock of the time zone. None: the whole time from `starts_at` to `ends_at`."""
    to_minute = models.IntegerField(null=True)

    class Meta:
        db_table = "server_freeze"
        ordering = ["ends_at", "pk"]

    def is_over(self, now: datetime) -> bool:
        return now >= self.ends_at or self.is_lifted(now)


class PolicyAction(models.TextChoices):
    """What a policy can be about."""

    RESTORE = Action.RESTORE.value, _("Restore")
    DELETE = Action.DELETE.value, _("Delete")
    BATCH = "snapshot.batch", _("Several at once")
    UNPROTECT = "snapshot.unprotect", _("Lift a protection")
    SCHEDULE = "schedule.define", _("Schedules that delete")

    @property
    def permission(self) -> str:
        """What whoever approves it must at least be allowed to do."""
        return _PERMISSIONS[self]


_PERMISSIONS: Final = {
    PolicyAction.RESTORE: Action.RESTORE.permission,
    PolicyAction.DELETE: Action.DELETE.permission,
    PolicyAction.BATCH: Action.CREATE.permission,
    PolicyAction.UNPROTECT: Action.DELETE.permission,
    PolicyAction.SCHEDULE: "schedules.pause",
}


class Policy(OnServers):
    """On its servers these actions take the approval of other people."""

    actions = models.JSONField()
    """Values of PolicyAction."""
    needed = models.IntegerField()
    """How many people have to approve."""
    hours = models.IntegerField()
    """How long a request waits for them."""
    approvers = models.JSONField(default=list)
    """IDs of the people who may approve; empty: everybody else who may do it."""

    class Meta:
        db_table = "approval_policy"
        ordering = ["name", "pk"]
