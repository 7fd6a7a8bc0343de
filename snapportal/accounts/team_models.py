"""Teams: people who have a further role on some servers, or on all."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from snapshots.audit.wording.shared import ROLE_ONLY, servers_said
from snapshots.audit.wording.statements import joined


class TeamRole(models.TextChoices):
    """The roles that a team can give: those that add something, and nothing but rights on servers."""

    OPERATOR = "operator", _("Operator")
    MANAGER = "manager", _("Manager")


class Team(models.Model):
    """Its members have its role on its servers, besides their own role everywhere."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    role = models.CharField(_("role"), max_length=20, choices=TeamRole, default=TeamRole.OPERATOR)
    servers = models.JSONField(null=True)
    """[ID, name as last seen] of each server; None for all, also those to come."""
    changed_at = models.DateTimeField()
    members: "models.ManyToManyField[Any, Any]" = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="teams", db_table="team_member"
    )

    class Meta:
        db_table = "team"
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def server_names(self) -> dict[int, str] | None:
        """ID → name as last seen; None for all servers."""
        return None if self.servers is None else {int(number): str(name) for number, name in self.servers}

    def covers(self, server_id: int | None) -> bool:
        """Whether this server is one of its own; None stands for all servers."""
        if self.servers is None:
            return True
        return server_id is not None and any(number == server_id for number, _name in self.servers)

    def described(self) -> str:
        """For the log, such as 'operator; servers: 501, 502'."""
        numbers = None if self.servers is None else [number for number, _name in self.servers]
        return joined([ROLE_ONLY.said(role=self.role), servers_said(numbers)])
