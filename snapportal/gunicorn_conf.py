"""Gunicorn's own settings: `python -m gunicorn -c python:snapportal.gunicorn_conf snapportal.wsgi:application`."""

import gc
import os
import resource
import subprocess
import sys
from typing import Any

from django.conf import settings

gc.disable()  # until when_ready: what is loaded stays, and to search it for garbage took an eighth of the time to start
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "snapportal.settings")

MOST_CONNECTIONS = 1000
OWN_DESCRIPTORS = 64
OWN_DESCRIPTORS_A_THREAD = 8
"""What a worker may have open beside the connections of browsers: log, database, cache, provider, files."""


def connections_for(descriptors: int, threads: int) -> int:
    """How many connections a worker may accept that may open so many files.

    Beyond them connections wait in the kernel's queue. Without file descriptors left, gunicorn's worker would end.
    """
    if descriptors == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    left = descriptors - OWN_DESCRIPTORS - OWN_DESCRIPTORS_A_THREAD * threads
    return min(MOST_CONNECTIONS, max(left, 2 * threads))


bind = settings.SNAPPORTAL_BIND
worker_class = "snapportal.gunicorn_worker.Worker"
workers = settings.SNAPPORTAL_WORKERS
threads = settings.SNAPPORTAL_THREADS
worker_connections = connections_for(resource.getrlimit(resource.RLIMIT_NOFILE)[0], threads)
timeout = 90  # longer than three calls to the provider may take
graceful_timeout = 30
keepalive = 8  # longer than the five seconds at which an open page asks again (static/polls.js)
preload_app = True
umask = 0o077
control_socket_disable = True  # the control socket would be written into the home folder

# Gunicorn's own log lines are JSON too.
logconfig_dict = settings.LOGGING | {
    "loggers": {
        "gunicorn.error": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "gunicorn.access": {"level": "WARNING"},  # the portal logs each request itself, without its query
    }
}

limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190

# Only snapportal/middleware.py decides which forwarding headers to trust.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""


_supervisors: list[subprocess.Popen[bytes]] = []
END_SECONDS = 25
"""Longer than the supervisor gives the worker to end."""


def on_starting(server: Any) -> None:
    """Runs once, before the portal listens: start the background worker, unless it runs on another machine, and load what
    requests need. A browser that connects later need not wait for that.
    """
    from snapportal import preload  # noqa: PLC0415 - Django must have been set up, which `preload_app` does

    if settings.SNAPPORTAL_WORKER:
        command = [sys.executable, "-m", "snapportal.supervisor"]
        _supervisors.append(subprocess.Popen(command, cwd=settings.BASE_DIR))  # noqa: S603 - our own module
    preload.load()


def on_exit(server: Any) -> None:
    """Runs once in the main process, after the web workers have ended."""
    for supervisor in _supervisors:
        supervisor.terminate()
        supervisor.wait(END_SECONDS)


def when_ready(server: Any) -> None:
    """Runs before workers fork: objects loaded now are excluded from garbage collection, so that workers share their memory."""
    gc.collect()
    gc.freeze()
    gc.enable()
