"""Reads SNAPPORTAL_EMAIL_URL, the mail server that sends notifications."""

from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ValidationError as InvalidError
from django.core.validators import validate_email
from environs import ValidationError

from snapportal.environment import Environment
from snapshots.notifications.mail_server import MailServer

PORTS: Final = {"smtp": 25, "smtp+tls": 587, "smtps": 465}


def parse_email_url(text: str, sender: str) -> MailServer:
    """Parse `smtp+tls://user:password@host:587/?from=snapshots@example.com`; `smtps` for TLS from the first byte.

    `sender` takes the place of a missing `from`.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
        sender = parse_qs(parts.query).get("from", [sender])[0]
        validate_email(sender)
    except ValueError as error:
        raise ValidationError(f"is not an address: {error}") from None
    except InvalidError:
        raise ValidationError(
            "has no valid sender: write ?from=snapshots@example.com, or set SNAPPORTAL_EMAIL_FROM"
        ) from None
    if parts.scheme not in PORTS or not host:
        raise ValidationError("must begin with smtp+tls://, smtps:// or smtp://, and name a host")
    return MailServer(
        host=host,
        port=port or PORTS[parts.scheme],
        sender=sender,
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        has_starttls=parts.scheme == "smtp+tls",
        has_tls=parts.scheme == "smtps",
    )


def read_email(environment: Environment) -> MailServer | None:
    """The mail server of SNAPPORTAL_EMAIL_URL or the file SNAPPORTAL_EMAIL_URL_FILE; None if neither is set."""
    sender: str = environment.read(environment.env.str, "EMAIL_FROM", "")
    if not (environment.is_given("EMAIL_URL") or environment.is_given("EMAIL_URL_FILE")):
        return None
    text = environment.secret("EMAIL_URL", made_at=None, make="")
    try:
        return parse_email_url(text, sender) if text else None
    except ValidationError as error:
        environment.errors.append(f"SNAPPORTAL_EMAIL_URL {error}")
        return None
