"""Values of settings: each function parses the text of one kind, and raises ValidationError with what it must be."""

import ipaddress
import re
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from environs import ValidationError

from snapshots.audit import standard_webhooks
from snapshots.audit.notes import is_key_name
from snapshots.contract import ACCOUNT_PATH, API_PATH, SERVERS_PATH, SNAPSHOTS_PATH

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
KeyRing = dict[str, bytes]

API_PATHS = [path.rstrip("/") for path in (SNAPSHOTS_PATH, SERVERS_PATH, ACCOUNT_PATH, API_PATH)]
API_SEGMENT = re.compile(r"/+api(?=/|\Z)", re.IGNORECASE)
"""The beginning of an API's path, which no gateway's prefix holds."""
BIND_PATTERN = re.compile(
    r"\A(?:unix:.+|fd://[0-9]+|(?:[^\s:/,\[\]]*|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5}))\Z"
)
PORTS = range(1, 65536)
DEFAULT_BIND = "127.0.0.1:8000"
BASE_PATH_PATTERN = re.compile(r"\A(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?\Z")
EMAIL_PATTERN = re.compile(r"\A[^@\s:<>]+@[A-Za-z0-9.-]+\Z")
HOST_PATTERN = re.compile(r"\A(\w[\w.-]*|[0-9a-f:]+)\Z")
SEED_PATTERN = re.compile(r"\A[0-9a-f]{64}\Z")
SUPPORT_MAX_LENGTH = 200
KEY_PATTERN = re.compile(r"\A([a-z0-9-]{1,16}):([0-9a-f]{64})\Z")


def is_random(digits: str) -> bool:
    """Whether 64 hex digits may be 32 random bytes, which have far more than five different digits."""
    return len(set(digits)) > 5  # noqa: PLR2004


def parse_key_ring(text: str) -> KeyRing:
    """Parse `id:64 hex digits[,id:...]`; the first key encrypts or signs, the others only decrypt or verify."""
    ring: KeyRing = {}
    for part in re.split(r"[,\s]+", text.strip()):
        match = KEY_PATTERN.match(part)
        if not match:
            raise ValidationError("must be one or more id:key, the key 64 hex digits, separated by commas")
        if match[1] in ring:
            raise ValidationError(f"names the key id {match[1]} twice")
        if not is_random(match[2]):
            raise ValidationError(f"the key {match[1]} is not random")
        ring[match[1]] = bytes.fromhex(match[2])
    return ring


def parse_seeds(text: str) -> list[bytes]:
    """Parse the seeds of Ed25519 keys, `64 hex digits[,64 hex digits]`, the newest first."""
    parts = re.split(r"[,\s]+", text.strip())
    if not all(SEED_PATTERN.match(part) and is_random(part) for part in parts):
        raise ValidationError("must be one or more keys of 64 random hex digits, separated by commas")
    if len(set(parts)) < len(parts):
        raise ValidationError("names a key twice")
    return [bytes.fromhex(part) for part in parts]


def parse_log_origin(text: str) -> str:
    """The name of the audit log in its checkpoints, such as `snapshots.example.com/log`."""
    text = text.strip()
    if text and (not is_key_name(text) or "://" in text):
        raise ValidationError(
            "must be a host and a path, such as snapshots.example.com/log: no https://, blank or +"
        )
    return text


def parse_secret(text: str) -> str:
    if len(text) < 40 or len(set(text)) < 10:  # noqa: PLR2004
        raise ValidationError("must be at least 40 random characters")
    return text


def parse_networks(text: str) -> list[Network]:
    try:
        return [ipaddress.ip_network(part) for part in re.split(r"[,\s]+", text.strip()) if part]
    except ValueError as error:
        raise ValidationError(f"must be addresses or networks, separated by commas: {error}") from None


def parse_url(text: str) -> str:
    """An https address without credentials, query or fragment; http is allowed for an address on this machine."""
    text = text.strip()
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError as error:
        raise ValidationError(f"is not an address: {error}") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and host in {"127.0.0.1", "localhost", "::1"}):
        raise ValidationError("must begin with https:// (http:// only for this machine)")
    if not HOST_PATTERN.match(host) or re.search(r"\s", text):
        raise ValidationError("must name a host, and hold no blank")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValidationError("must be scheme, host and optional path: no credentials, query or fragment")
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))


def parse_api_url(text: str) -> str:
    """The provider's address as its client needs it: the part before /api/v1.

    Paths of the API are removed from the end. Any other path is refused, since every call would go to a wrong URL.
    """
    url = parse_url(text).rstrip("/")
    ending = next((path for path in API_PATHS if url.endswith(path)), "")
    base = url.removesuffix(ending).rstrip("/")
    path = urlsplit(base).path
    if not path or (ending and not API_SEGMENT.search(path)):
        return base
    raise ValidationError(
        f"must be the address that stands before {API_PATH}, for example https://admin.vps.org; "
        f"{urlsplit(url).path} is no path of the API. {_api_url_advice(base, path)}"
    )


def _api_url_advice(base: str, path: str) -> str:
    """What to write instead of an address with `path`: nothing from its first /api on, or the API's path behind it."""
    host = base.removesuffix(path)
    found = API_SEGMENT.search(path)
    if found is None:
        return f"If the API lies behind it, on a gateway, write {base}{API_PATH}; otherwise write {host}"
    gateway = path[: found.start()].rstrip("/")
    return f"Write {host}{gateway}{API_PATH}" if gateway else f"Write {host}"


def parse_webhook_secrets(text: str) -> list[bytes]:
    """The keys in `whsec_<base64>`, separated by commas. 24 to 64 bytes each, as Standard Webhooks 1.0.0 demands."""
    keys = []
    for part in re.split(r"[,\s]+", text.strip()):
        try:
            keys.append(standard_webhooks.parse_secret(part))
        except ValueError:
            raise ValidationError(
                "must be whsec_ and 24 to 64 random bytes in base64, several separated by commas"
            ) from None
    return keys


def parse_host_port(text: str) -> tuple[str, int] | None:
    """`host:port` or `[IPv6 address]:port`; None for an empty text."""
    text = text.strip()
    if not text:
        return None
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not port or not HOST_PATTERN.match(host) or parts.netloc != text or "@" in text:
        raise ValidationError("must be host:port")
    return host, port


def parse_bind(text: str) -> str:
    """Where gunicorn listens: `host:port`, `[IPv6 address]:port`, `unix:path` or `fd://number`; the default for an empty text."""
    place = text.strip() or DEFAULT_BIND
    match = BIND_PATTERN.match(place)
    if not match or (match["port"] and int(match["port"]) not in PORTS):
        raise ValidationError("must be host:port, with a port from 1 to 65535, or unix:path")
    return place


def parse_file(text: str) -> str:
    """The path of a file that can be read; '' for an empty text."""
    text = text.strip()
    if text:
        try:
            Path(text).read_bytes()
        except OSError as error:
            raise ValidationError(f"cannot be read: {error}") from None
    return text


def parse_contacts(text: str) -> list[str]:
    """Addresses to which weaknesses are reported, for RFC 9116: mailto: or https:; a bare e-mail address is a mailto:."""
    found = []
    for part in re.split(r"[,\s]+", text.strip()):
        if not part:
            continue
        contact = f"mailto:{part}" if EMAIL_PATTERN.match(part) else part
        if not (EMAIL_PATTERN.match(contact.removeprefix("mailto:")) or contact.startswith("https://")):
            raise ValidationError("must be e-mail addresses or addresses that begin with https://")
        found.append(contact)
    return found


def parse_support_contact(text: str) -> str:
    """Whom people ask who are stuck, as error pages show it: one short line, such as an e-mail address or a telephone number."""
    contact = text.strip()
    if len(contact) > SUPPORT_MAX_LENGTH or not contact.isprintable():
        raise ValidationError(f"must be one line of at most {SUPPORT_MAX_LENGTH} characters")
    return contact


def parse_base_path(text: str) -> str:
    """The path under which the portal is served, with a slash at its beginning and its end: `/` for a whole host."""
    path = text.strip()
    if not BASE_PATH_PATTERN.match(path):
        raise ValidationError(
            "must be a path that begins with /, such as /snapshots/: no host, no //, and letters, digits and . _ ~ - alone"
        )
    return path.rstrip("/") + "/"
