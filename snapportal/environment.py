"""Reads SnapPortal's settings from the environment and reports all errors in them together.

A secret NAME may also be given as NAME_FILE, the path of a file that holds it. In the sandbox (no SNAPPORTAL_API_URL)
missing secrets are generated once and stored in the data folder, readable by their owner only; with a real provider
they are required.
"""

import ipaddress
import os
import re
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvError, ValidationError, validate

from snapshots.audit import standard_webhooks
from snapshots.audit.notes import is_key_name
from snapshots.contract import ACCOUNT_PATH, API_PATH, SERVERS_PATH, SNAPSHOTS_PATH

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
KeyRing = dict[str, bytes]
T = TypeVar("T")

API_PATHS = [path.rstrip("/") for path in (SNAPSHOTS_PATH, SERVERS_PATH, ACCOUNT_PATH, API_PATH)]
API_SEGMENT = re.compile(r"/+api(?=/|\Z)", re.IGNORECASE)
"""The beginning of an API's path, which no gateway's prefix holds."""
BASE_PATH_PATTERN = re.compile(r"\A(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?\Z")
HOST_PATTERN = re.compile(r"\A(\w[\w.-]*|[0-9a-f:]+)\Z")
SEED_PATTERN = re.compile(r"\A[0-9a-f]{64}\Z")
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


def parse_file(text: str) -> str:
    """The path of a file that can be read; '' for an empty text."""
    text = text.strip()
    if text:
        try:
            Path(text).read_bytes()
        except OSError as error:
            raise ValidationError(f"cannot be read: {error}") from None
    return text


def parse_base_path(text: str) -> str:
    """The path under which the portal is served, with a slash at its beginning and its end: `/` for a whole host."""
    path = text.strip()
    if not BASE_PATH_PATTERN.match(path):
        raise ValidationError(
            "must be a path that begins with /, such as /snapshots/: no host, no //, and letters, digits and . _ ~ - alone"
        )
    return path.rstrip("/") + "/"


def make_secret_once(path: Path, make: str) -> str:
    """Return the secret in `path`; first write `make` there, mode 0600, if the file does not exist. Safe against races."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)  # mkstemp creates 0600
    with os.fdopen(handle, "w") as file:
        file.write(make + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(name, path)
    except FileExistsError:
        pass  # another process was first: its secret is used
    finally:
        Path(name).unlink()
    return path.read_text().strip()


class Environment:
    """Typed readers that collect every error; `raise_errors()` raises them together."""

    def __init__(self) -> None:
        self.env = Env(prefix="SNAPPORTAL_")
        self.errors: list[str] = []

    def read(self, reader: Callable[..., T], name: str, default: T, **options: Any) -> T:
        """NAME as read by `reader` (a method of `self.env`); the default if it is unset or invalid. Collects the error."""
        try:
            return reader(name, default, **options)
        except (EnvError, ValueError) as error:
            self.errors.append(str(error).replace("Environment variable ", "").replace('"', ""))
            return default

    def whole(self, name: str, default: int, least: int, greatest: int) -> int:
        """A whole number between these two."""
        return self.read(self.env.int, name, default, validate=validate.Range(least, greatest))

    def is_given(self, name: str) -> bool:
        return bool(os.environ.get(f"SNAPPORTAL_{name}", "").strip())

    def parse(self, name: str, parser: Callable[[str], T]) -> T:
        """NAME as parsed by `parser`; `parser("")` if it is invalid. Collects the error."""
        try:
            return parser(os.environ.get(f"SNAPPORTAL_{name}", ""))
        except ValidationError as error:
            self.errors.append(f"SNAPPORTAL_{name} {error}")
            return parser("")

    def secret(
        self, name: str, *, made_at: Path | None, make: str, needed: str = "with a real provider"
    ) -> str:
        """A secret from NAME or the file NAME_FILE; else, if `made_at` is a path, one generated there once."""
        full = f"SNAPPORTAL_{name}"
        value = os.environ.get(full, "")
        file = os.environ.get(f"{full}_FILE", "")
        if value and file:
            self.errors.append(f"{full} and {full}_FILE are both set: keep one")
        if file:
            try:
                value = Path(file).read_text().strip()
            except (OSError, UnicodeDecodeError) as error:
                self.errors.append(f"{full}_FILE cannot be read: {error}")
                return ""
        if value or file:
            if not value:
                self.errors.append(f"{full}_FILE is empty")
            return value
        if made_at is not None:
            return make_secret_once(made_at, make)
        self.errors.append(f"{full} (or {full}_FILE) is missing: it is required {needed}")
        return ""

    def key_ring(self, name: str, *, made_at: Path | None) -> KeyRing:
        text = self.secret(name, made_at=made_at, make=f"k1:{secrets.token_hex(32)}")
        if not text:
            return {}
        try:
            return parse_key_ring(text)
        except ValidationError as error:
            self.errors.append(f"SNAPPORTAL_{name} {error}")
            return {}

    def webhook_secrets(self, name: str, *, needed: str) -> list[bytes]:
        text = self.secret(name, made_at=None, make="", needed=needed)
        try:
            return parse_webhook_secrets(text) if text else []
        except ValidationError as error:
            self.errors.append(f"SNAPPORTAL_{name} {error}")
            return []

    def seeds(self, name: str, *, made_at: Path | None) -> list[bytes]:
        """The seeds of the keys that sign checkpoints, the newest first; an empty list if they are missing or invalid."""
        text = self.secret(name, made_at=made_at, make=secrets.token_hex(32))
        try:
            return parse_seeds(text) if text else []
        except ValidationError as error:
            self.errors.append(f"SNAPPORTAL_{name} {error}")
            return []

    def raise_errors(self) -> None:
        """Raises ImproperlyConfigured with one line for each error, if there are any."""
        if self.errors:
            lines = "\n".join(f"  - {line}" for line in self.errors)
            raise ImproperlyConfigured(f"SnapPortal does not start; correct these settings:\n{lines}")
