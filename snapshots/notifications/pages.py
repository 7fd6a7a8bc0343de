"""The pages of the portal that show more about an event."""

from typing import Final
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from snapshots.notifications.events import TEMPORARY_ROLE
from snapshots.notifications.models import Event, Kind

THIS_MACHINE: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
_TARGET_PAGES: Final[dict[str, str]] = {
    Kind.JOB_STOPPED: "job_detail",
    Kind.DELETION_DUE: "deletion_detail",
    Kind.APPROVAL: "request_detail",
}
"""Kinds whose target is the ID of what such a page shows."""
_OWN_PAGES: Final[dict[str, str]] = {
    Kind.SCHEDULE_FAILED: "schedule_detail",
    Kind.SCHEDULE_STOPPED: "schedule_detail",
}
"""Kinds whose `page_id` is the ID of what such a page shows."""


def _question_path(event: Event) -> str:
    """The question is known by the row of the log that asked it."""
    number = event.target if event.action == "review.answer" else str(event.sequence)
    return reverse("question_detail", args=[int(number)]) if number.isdecimal() else reverse("question_list")


def _target_path(page: str, target: str) -> str:
    try:
        return reverse(page, args=[UUID(target)])
    except ValueError:  # a row that was not written by the portal
        return reverse("notification_list")


def page_path(event: Event) -> str:
    """The path of the page that shows more."""
    if event.operation_id:
        return reverse("operation_detail", args=[event.operation_id])
    if event.kind == Kind.REVIEW:
        return _question_path(event)
    is_role = event.action.startswith(TEMPORARY_ROLE)
    page = "temporary_role_detail" if is_role else _TARGET_PAGES.get(event.kind)
    if page:
        return _target_path(page, event.target)
    if event.page_id and event.kind in _OWN_PAGES:
        return reverse(_OWN_PAGES[event.kind], args=[event.page_id])
    if event.kind == Kind.AUDIT_BROKEN and event.sequence:
        return reverse("entry_detail", args=[event.sequence])
    pages = {
        Kind.TOKEN_REFUSED: "token_list",
        Kind.PROVIDER_DOWN: "server_list",
        Kind.OBSERVED: "server_list",
        Kind.SILENT: "server_list",
        Kind.WORKER_DOWN: "system_detail",
        Kind.SCHEDULE_FAILED: "schedule_list",
        Kind.SCHEDULE_STOPPED: "schedule_list",
        Kind.MAIL_DOWN: "system_detail",
        Kind.TARGET_DOWN: "target_list",
        Kind.NEW_DEVICE: "session_list",
        Kind.FACTORS: "factor_list",
        Kind.API_KEY: "api_key_list",
        Kind.SERVER_LOCK: "server_list",
        Kind.FREEZE: "freeze_list",
        Kind.CLOCK_WRONG: "system_detail",
    }
    if event.kind == Kind.FREEZE and not event.action.startswith("freeze."):
        pages[Kind.FREEZE] = "policy_list"
    return reverse(pages.get(Kind(event.kind), "notification_list"))


def page_url(event: Event) -> str:
    """Like `page_path`, with the portal's own address, for messages."""
    return f"{portal_origin()}{page_path(event)}"


def portal_origin() -> str:
    """Scheme, host and port of the portal: https and its first host name; where that is only this machine, as in the sandbox,
    the address on which it listens."""
    host = settings.ALLOWED_HOSTS[0].lstrip(".")
    if settings.SANDBOX:
        return f"http://{settings.SNAPPORTAL_BIND}"
    return f"http://{host}:{_port()}" if lacks_public_address() else f"https://{host}"


def lacks_public_address() -> bool:
    """Whether a real provider's portal is known by no other name than that of this machine, and listens on a port of it."""
    return not settings.SANDBOX and settings.ALLOWED_HOSTS[0] in THIS_MACHINE and _port().isdecimal()


def _port() -> str:
    """Not a number where the portal listens on a socket of the file system."""
    return settings.SNAPPORTAL_BIND.rpartition(":")[2]
