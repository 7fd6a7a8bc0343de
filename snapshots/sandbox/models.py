"""The state of the sandbox's provider: accounts, tokens (only their hashes), servers, snapshots, restores.

No background process changes it: the status is computed from the stored times on each read.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils.functional import cached_property

from snapshots import contract, sql

FAIL_WORD = "fail-please"
"""A snapshot with this word in its description ends as failed, for tests and demonstrations."""


def new_stamp() -> str:
    return secrets.token_hex(8)


def hash_token(token: str) -> str:
    """Hash a token. Tokens are long and random, so a plain hash is sufficient."""
    return hashlib.sha256(token.encode()).hexdigest()


def sped_up(minutes: float) -> timedelta:
    """A number of documented minutes, divided by the sandbox's speed."""
    return timedelta(minutes=minutes / settings.SNAPPORTAL_SANDBOX_SPEED)


def interpolate_minutes(minutes: tuple[int, int], size_mb: int) -> float:
    """A time between the shortest and longest documented one, linear in size up to 20 GB."""
    least, most = minutes
    return least + (most - least) * min(size_mb / 20_480, 1.0)


class Account(models.Model):
    email = models.EmailField(unique=True)
    first_name = models.CharField(max_length=80)
    last_name = models.CharField(max_length=80)
    company_name = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "sandbox_account"

    def __str__(self) -> str:
        return self.company_name or self.email


class Token(models.Model):
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=120)
    digest = models.CharField(max_length=64, unique=True)
    permissions = models.JSONField(default=list)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "sandbox_token"

    def __str__(self) -> str:
        return self.name


class Server(models.Model):
    """`power` is active, stopped or suspended; while a restore runs the status is 'restoring' whatever the power."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="servers")
    name = models.CharField(max_length=120)
    hostname = models.CharField(max_length=200)
    power = models.CharField(max_length=20, default="active")
    ip_address = models.GenericIPAddressField()
    location = models.CharField(max_length=40)
    plan = models.JSONField(default=dict)
    os = models.JSONField(default=dict)
    state_stamp = models.CharField(max_length=16, default=new_stamp)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "sandbox_server"

    def __str__(self) -> str:
        return self.name

    @cached_property
    def known_restores(self) -> list["Restore"]:
        """Its restores, read once: those of many servers are read together."""
        return list(sql.select(Restore, "WHERE server_id = %s", [self.pk]))

    def is_restoring(self, now: datetime) -> bool:
        return any(job.ends_at > now for job in self.known_restores)

    def status(self, now: datetime) -> str:
        return contract.RESTORING if self.is_restoring(now) else self.power

    def apply_ended_restores(self, now: datetime) -> None:
        """Apply the restores that have ended: the disk gets the state of the snapshot."""
        ended = [job for job in self.known_restores if not job.is_done and job.ends_at <= now]
        for job in sorted(ended, key=lambda job: job.ends_at):
            self.state_stamp = job.state_stamp
            self.updated_at = job.ends_at
            self.save(update_fields=["state_stamp", "updated_at"])
            job.is_done = True
            job.save(update_fields=["is_done"])

    def touch(self, now: datetime) -> None:
        """Change the disk's state, as work on the server does."""
        self.apply_ended_restores(now)
        self.state_stamp = new_stamp()
        self.updated_at = now
        self.save(update_fields=["state_stamp", "updated_at"])


class Snapshot(models.Model):
    """`full_size_mb` and `ends_at` are set at creation; until `ends_at` it is in progress and has no size."""

    server = models.ForeignKey(Server, on_delete=models.CASCADE, related_name="snapshots")
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    full_size_mb = models.IntegerField()
    state_stamp = models.CharField(max_length=16)
    created_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        db_table = "sandbox_snapshot"

    def __str__(self) -> str:
        return self.name

    def status(self, now: datetime) -> str:
        if now < self.ends_at:
            return contract.IN_PROGRESS
        return "failed" if FAIL_WORD in self.description else contract.COMPLETED

    def size_mb(self, now: datetime) -> int | None:
        return self.full_size_mb if self.status(now) == contract.COMPLETED else None


class Restore(models.Model):
    """A started restore. It copies the snapshot's disk state, so that the snapshot may be deleted during the restore."""

    server = models.ForeignKey(Server, on_delete=models.CASCADE, related_name="restores")
    state_stamp = models.CharField(max_length=16)
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    is_done = models.BooleanField(default=False)

    class Meta:
        db_table = "sandbox_restore"

    def __str__(self) -> str:
        return f"{self.server_id} until {self.ends_at}"


def read_restores(servers: Sequence[Server]) -> None:
    """Read those of all the servers with one query."""
    restores: dict[int, list[Restore]] = {server.pk: [] for server in servers}
    if restores:
        for row in sql.select(Restore, f"WHERE server_id IN ({sql.places(restores)})", [*restores]):
            restores[row.server_id].append(row)
    for server in servers:
        server.known_restores = restores[server.pk]
