"""What pages say of what blocks a server: its lock (servers/_lock.html), and a freeze (freezes/_freeze.html)."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from snapshots.operations import freezes, server_locks
from snapshots.operations.freeze_times import next_end
from snapshots.operations.rights import may
from snapshots.operations.server_views import ServerView
from snapshots.views.marks import names_of_people


def lock_context(server_id: int) -> dict[str, Any]:
    """The lock that holds, and the names of its people."""
    lock = server_locks.lock_of(server_id)
    if lock is None:
        return {"lock": None}
    names = names_of_people(one for one in (lock.person_id, lock.lift_person_id) if one)
    return {
        "lock": lock,
        "locked_by": names.get(lock.person_id, ""),
        "lift_asked_by": names.get(lock.lift_person_id or 0, ""),
    }


def lock_link(request: HttpRequest, view: ServerView) -> dict[str, Any]:
    """The page about the lock; '' for people who may not place or lift one."""
    may_lock = may(request.user, server_locks.PERMISSION, view)
    return {"lock_url": reverse("server_lock", args=[view.token.pk, view.server_id]) if may_lock else ""}


def freeze_context(server_id: int) -> dict[str, Any]:
    """The freeze that holds now."""
    freeze = freezes.freezing(server_id)
    return {"freeze": freeze, "freeze_ends_at": next_end(freeze, timezone.now()) if freeze else None}


def blocks_context(request: HttpRequest, view: ServerView) -> dict[str, Any]:
    """All of it, for a page about the server."""
    return lock_context(view.server_id) | lock_link(request, view) | freeze_context(view.server_id)
