"""Rows of the sandbox as the JSON objects that the provider documents."""

from datetime import UTC, datetime
from typing import Any

from snapshots.sandbox.models import Server, Snapshot


def time_text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def snapshot_item(row: Snapshot, now: datetime) -> dict[str, Any]:
    return {
        "id": row.pk,
        "server": {"id": row.server_id, "name": row.server.name},
        "name": row.name,
        "status": row.status(now),
        "size_mb": row.size_mb(now),
        "created_at": time_text(row.created_at),
        "description": row.description,
    }


def server_item(server: Server, now: datetime) -> dict[str, Any]:
    return {
        "id": server.pk,
        "name": server.name,
        "hostname": server.hostname,
        "status": server.status(now),
        "ip_address": server.ip_address,
        "location": server.location,
        "plan": server.plan,
        "os": server.os,
        "created_at": time_text(server.created_at),
        "updated_at": time_text(server.updated_at),
        "state_stamp": server.state_stamp,
    }
