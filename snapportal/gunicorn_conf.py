"""Gunicorn's own settings: `python -m gunicorn -c python:snapportal.gunicorn_conf snapportal.wsgi:application`."""

import gc
import os
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


def when_ready(server: Any) -> None:
    """Runs before workers fork: objects loaded now are excluded from garbage collection, so that workers share their memory."""
    gc.collect()
    gc.freeze()
