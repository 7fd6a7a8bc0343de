"""The form of log lines, their redaction, and which errors are logged with a traceback."""

import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog
from django.db import Error
from django.http import HttpRequest

from snapshots.audit.management.database_errors import DEFECTS

INVITATION_KEY = re.compile(r"(/welcome/)[^/\s\"']+")
Event = MutableMapping[str, Any]


def hide_invitation_keys(logger: object, method: str, event: Event) -> Event:
    """Remove invitation keys: Django logs the path of a failed request, and an invitation's path contains its secret key."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = INVITATION_KEY.sub(r"\1…", value)
    return event


def is_defect(error: BaseException) -> bool:
    """Whether the error is a defect of the code. The portal's exceptions for other causes have the attribute `is_expected`."""
    if isinstance(error, Error):
        return isinstance(error, DEFECTS)
    if getattr(error, "is_expected", False):
        return isinstance(error.__cause__, Error) and is_defect(error.__cause__)
    return True


def _error_of(event: Event) -> BaseException | None:
    """The exception of a log line, in any of the forms that `exc_info` may have."""
    given = event.get("exc_info")
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    return error if isinstance(error, BaseException) else None


def shorten_expected_errors(logger: object, method: str, event: Event) -> Event:
    """Keep tracebacks for defects only; otherwise log the error's text. A refused request is at most a warning.

    Django passes the exception that caused a response, with the response's status.
    """
    status = getattr(event.get("_record"), "status_code", 0)
    is_refused_request = 400 <= status < 500  # noqa: PLR2004
    if is_refused_request and event.get("level") in {"error", "critical"}:
        event["level"] = "warning"
    error = _error_of(event)
    if error is not None and (is_refused_request or not is_defect(error)):
        del event["exc_info"]
        event["error"] = f"{type(error).__name__}: {error}"
    return event


def hide_paths(logger: object, method: str, event: Event) -> Event:
    """Replace the path at the end of Django's lines with the route: anything may be typed or pasted into a path."""
    request = getattr(event.get("_record"), "request", None)
    if isinstance(request, HttpRequest):
        path = request.path.encode("unicode_escape").decode("ascii")  # as Django writes it
        match = request.resolver_match
        text = str(event["event"])
        if text.endswith(path):
            event["event"] = text.removesuffix(path) + (f"/{match.route}" if match else "no such page")
    return event


SHARED_PROCESSORS: Final[list[Any]] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    shorten_expected_errors,
    structlog.processors.format_exc_info,
]
LOGGING: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                hide_paths,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                hide_invitation_keys,
                structlog.processors.JSONRenderer(),
            ],
            "foreign_pre_chain": SHARED_PROCESSORS,
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": sys.stderr}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "fido2": {"level": "WARNING"},  # it writes the IDs of passkeys
        "django.server": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    },
}
"""One JSON object per line, so that no text from outside can forge a line."""


def configure_structlog() -> None:
    structlog.configure(
        processors=[*SHARED_PROCESSORS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
