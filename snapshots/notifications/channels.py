"""Sends one message: to a signed webhook, to a service through apprise, or as an e-mail."""

import json
from typing import Any, Final

from django.conf import settings
from django.core import mail
from django.utils import translation
from django.utils.translation import ngettext

from snapshots.audit import outbound, sealing, standard_webhooks
from snapshots.notifications import pages, rules, services, texts
from snapshots.notifications.mail_server import MailServer
from snapshots.notifications.models import Delivery, Event, Target, TargetKind
from snapshots.notifications.readers import reading
from snapshots.notifications.targets import open_address
from snapshots.templatetags.formats import isolated, local_text
from snapshots.vault.crypto import SealError

SEND_SECONDS: Final = 10.0
"""The total deadline of one message."""
GONE: Final = 410
"""With this answer a receiver says that it wants no further messages (Standard Webhooks 1.0.0)."""


class SendError(Exception):
    """The message was not taken, or nobody knows. The text holds no address and no secret.

    `is_final`: sending it again cannot help.
    """

    def __init__(self, text: str, *, is_final: bool = False) -> None:
        super().__init__(text)
        self.is_final = is_final


def send(delivery: Delivery, events: list[Event]) -> None:
    """Raises SendError unless the receiver has taken the message."""
    if delivery.target is None:
        with reading(delivery.person):
            _send_email(delivery, events)
    elif delivery.target.kind == TargetKind.WEBHOOK:
        with translation.override(settings.LANGUAGE_CODE):  # programs read it
            _send_webhook(delivery, delivery.target, events)
    else:
        with reading(None):
            _send_service(delivery.target, events)


def _address(target: Target) -> tuple[str, str]:
    """The URL and the secret."""
    try:
        address = open_address(target)
    except SealError as error:
        raise SendError(
            "its address cannot be decrypted: the key is missing, or the row was changed"
        ) from error
    return address.url, address.secret


def webhook_body(delivery: Delivery, events: list[Event]) -> bytes:
    """The same bytes at each attempt, but for the names of people who were renamed or erased meanwhile."""
    names = texts.actor_names(events)
    data = [
        {
            "kind": event.kind,
            "at": sealing.format_time(event.at),
            "title": texts.title(event),
            "url": pages.page_url(event),
            "person": names.get(event.actor_id or 0, ""),
            "action": event.action,
            "code": event.code,
            "operation_id": str(event.operation_id or ""),
            "server_id": event.server_id,
            "server_name": event.server_name,
            "servers": [{name: one[name] for name in ("id", "name", "is_failed")} for one in event.covered],
            "snapshot_name": event.snapshot_name,
            "audit_sequence": event.sequence,
        }
        for event in events
    ]
    at = sealing.format_time(delivery.created_at)
    return json.dumps({"type": "notifications", "timestamp": at, "data": {"events": data}}).encode()


def _send_webhook(delivery: Delivery, target: Target, events: list[Event]) -> None:
    url, secret = _address(target)
    body = webhook_body(delivery, events)
    keys = [standard_webhooks.parse_secret(secret)]
    headers = standard_webhooks.make_headers(keys, f"msg_{delivery.pk.hex}", body)
    try:
        answer = outbound.post(
            url,
            body,
            headers,
            seconds=SEND_SECONDS,
            public_only=not settings.SNAPPORTAL_NOTIFY_PRIVATE_ADDRESSES,
        )
    except outbound.OutboundError as error:
        raise SendError(str(error)) from error
    if not 200 <= answer < 300:  # noqa: PLR2004 - any 2xx
        raise SendError(f"the answer was {answer}", is_final=answer == GONE)


def subject(events: list[Event]) -> str:
    if len(events) == 1:
        return texts.title(events[0], isolated)
    return ngettext("%d notification", "%d notifications", len(events)) % len(events)


def text(events: list[Event]) -> str:
    """One paragraph for each event: when, what, who, and where to read more."""
    names = texts.actor_names(events)
    parts = []
    for event in events:
        who = names.get(event.actor_id or 0, "")
        what = texts.title(event, isolated)
        what = f"{what} ({isolated(who)})" if who else what
        parts.append(f"{local_text(event.at)}  {what}\n{pages.page_url(event)}")
    return "\n\n".join(parts) + "\n"


def _send_service(target: Target, events: list[Event]) -> None:
    url, _secret = _address(target)
    try:
        services.send(
            url,
            title=subject(events),
            body=text(events),
            public_only=not settings.SNAPPORTAL_NOTIFY_PRIVATE_ADDRESSES,
        )
    except services.ServiceError as error:
        raise SendError(str(error)) from error


def mail_options(server: MailServer) -> dict[str, Any]:
    """The arguments of Django's connection to the mail server."""
    return {
        "host": server.host,
        "port": server.port,
        "username": server.username,
        "password": server.password,
        "use_tls": server.has_starttls,
        "use_ssl": server.has_tls,
        "timeout": SEND_SECONDS,
    }


def _send_email(delivery: Delivery, events: list[Event]) -> None:
    """An e-mail of what the person may still see. Nothing is sent to a person without an address or a right."""
    server = settings.SNAPPORTAL_EMAIL
    person: Any = delivery.person
    if server is None:
        raise SendError("no mail server is configured (SNAPPORTAL_EMAIL_URL)")
    if person is None or not person.is_active or not person.email:
        raise SendError("the person is not active any more, or has no e-mail address", is_final=True)
    events = [event for event in events if rules.may_see(person, event)]
    if not events:
        raise SendError("the person may not see this any more", is_final=True)
    message = mail.EmailMessage(
        subject=f"[SnapPortal] {subject(events)}",
        body=text(events),
        from_email=server.sender,
        to=[person.email],
        headers={
            "Message-ID": f"<{delivery.pk}@{server.sender.rpartition('@')[2]}>",
            "Auto-Submitted": "auto-generated",
            "Content-Language": translation.get_language() or settings.LANGUAGE_CODE,
        },
        connection=mail.get_connection(**mail_options(server)),
    )
    try:
        outbound.run(lambda _call: message.send(), seconds=SEND_SECONDS)
    except outbound.OutboundError as error:
        reason = type(error.__cause__).__name__  # the server's own words may quote the person's address
        raise SendError(f"the mail server did not take it: {reason}") from error
