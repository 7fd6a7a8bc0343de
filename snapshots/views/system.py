"""The System page: the worker, the audit log's last checks, the database, the cache, the provider and the versions."""

import platform
import time
from datetime import datetime
from typing import Any
from uuid import uuid4

import django
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from snapshots.audit.models import Entry
from snapshots.connection import CACHE_FAILURES
from snapshots.inventory.clocks import clocks_differ
from snapshots.inventory.reader import last_whole_reading
from snapshots.inventory.readings import Reading
from snapshots.notifications import heartbeat
from snapshots.vault.models import StoredToken
from snapshots.views.access import requires
from snapshots.views.live_pages import live
from snapshots.views.texts.readings import reading_words
from snapshots.views.texts.system import QUEUES, TASKS
from snapshots.worker import status
from snapshots.worker.models import TaskRun, WorkerProcess


def _database() -> dict[str, Any]:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        else:
            cursor.execute("SELECT pg_database_size(current_database())")
        size = cursor.fetchone()[0]
    version = ".".join(str(part) for part in connection.get_database_version())
    return {"name": f"{connection.display_name} {version}", "size_mb": round(size / 1e6)}


def _cache_works() -> bool:
    """Whether what is written into the cache can be read back."""
    key, value = f"system:{uuid4().hex}", time.time()
    try:
        cache.set(key, value, 10)
        return bool(cache.get(key) == value)
    except CACHE_FAILURES:
        return False


def _newest_readings() -> list[Reading]:
    """The last reading with each stored token, however old."""
    found = [
        last_whole_reading(one)
        for one in dict.fromkeys(token.fingerprint for token in StoredToken.objects.all())
    ]
    return [reading for reading in found if reading is not None]


def _provider() -> dict[str, Any]:
    readings = _newest_readings()
    confirmed = [one.confirmed_at for one in readings if one.confirmed_at]
    failing = next((one for one in readings if one.error), None)
    return {
        "address": settings.SNAPPORTAL_API_URL,
        "confirmed_at": max(confirmed, default=None),
        "trouble": reading_words(failing).title if failing else "",
        "clocks_differ": any(clocks_differ(one) for one in readings),
        "clock_difference": _clock_difference(readings),
    }


def _clock_difference(readings: list[Reading]) -> int | None:
    """In seconds, of the list that was read last; None if it gave no date."""
    dated = [one for one in readings if one.clock_ahead_seconds is not None and one.tried_at is not None]
    newest = max(dated, key=lambda one: one.tried_at, default=None)  # type: ignore[arg-type,return-value]
    return (
        round(abs(newest.clock_ahead_seconds)) if newest and newest.clock_ahead_seconds is not None else None
    )


def _last(action: str) -> datetime | None:
    """When the newest successful row of this action was written."""
    rows = Entry.objects.filter(action=action, result="completed").order_by("-sequence")
    return rows.values_list("at", flat=True).first()


@live(max_age=10)
@requires("system.see", "GET", "HEAD")
def system_detail(request: HttpRequest) -> HttpResponse:
    context = {
        "is_alive": status.is_alive(),
        "is_embedded": settings.SNAPPORTAL_WORKER,
        "workers": list(WorkerProcess.objects.all()[:10]),
        "tasks": [(TASKS.get(one.name, one.name), one) for one in TaskRun.objects.all()],
        "queues": [(QUEUES[name], count) for name, count in status.queue_lengths().items()],
        "verified_at": _last("audit.verify"),
        "anchored_at": _last("audit.anchor"),
        "database": _database(),
        "cache_name": settings.CACHES["default"]["BACKEND"].rpartition(".")[2],
        "cache_works": _cache_works(),
        "provider": _provider(),
        "has_heartbeat": bool(settings.SNAPPORTAL_HEARTBEAT_URL),
        "heartbeat_fails_since": heartbeat.failing_since(),
        "versions": f"SnapPortal {status.portal_version()}, Django {django.get_version()}, Python {platform.python_version()}",
    }
    return render(request, "system/system_detail.html", context)
