"""The mail server of the settings. No Django, so that the settings can import it."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class MailServer:
    """Where e-mails are handed over, and from whom they are. '' for a server that asks for no name and password."""

    host: str
    port: int
    sender: str
    username: str = ""
    password: str = field(default="", repr=False)
    has_starttls: bool = False
    has_tls: bool = False
