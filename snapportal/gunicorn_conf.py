"""Gunicorn's own settings: `python -m gunicorn -c python:snapportal.gunicorn_conf snapportal.wsgi:application`."""

import gc
import os
import subprocess
import sys
from typing import Any

from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "snapportal.settings")

bind = settings.SNAPPORTAL_BIND
worker_class = "snapportal.gunicorn_worker.Worker"
workers = settings.SNAPPORTAL_WORKERS
threads = settings.SNAPPORTAL_THREADS
timeout = 90  # longer than three calls to the provider may take
graceful_timeout = 30
keepalive = 5
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
    """Runs once, before web workers fork: start the background worker, unless it runs on another machine."""
    if settings.SNAPPORTAL_WORKER:
        command = [sys.executable, "-m", "snapportal.supervisor"]
        _supervisors.append(subprocess.Popen(command, cwd=settings.BASE_DIR))  # noqa: S603 - our own module


def on_exit(server: Any) -> None:
    """Runs once in the main process, after the web workers have ended."""
    for supervisor in _supervisors:
        supervisor.terminate()
        supervisor.wait(END_SECONDS)


def when_ready(server: Any) -> None:
    """Runs before workers fork: objects loaded now are excluded from garbage collection, so that workers share their memory."""
    gc.collect()
    gc.freeze()
