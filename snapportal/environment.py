"""Reads SnapPortal's settings from the environment and reports all errors in them together.

A secret NAME may also be given as NAME_FILE, the path of a file that holds it. In the sandbox (no SNAPPORTAL_API_URL)
missing secrets are generated once and stored in the data folder, readable by their owner only; with a real provider
they are required.
"""

import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvError, ValidationError, validate

from snapportal.setting_values import KeyRing, parse_key_ring, parse_seeds, parse_webhook_secrets

T = TypeVar("T")


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

    def folder(self, name: str, default: Path) -> Path:
        """The absolute path of a folder, which need not exist. Collects the error if a file stands in its way."""
        path = Path(os.environ.get(f"SNAPPORTAL_{name}", "").strip() or default).resolve()
        found = next(one for one in (path, *path.parents) if os.path.lexists(one))
        if not found.is_dir():
            self.errors.append(f"SNAPPORTAL_{name} must be a folder: {found} is a file")
        return path

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
            return self._made_secret(made_at, make)
        self.errors.append(f"{full} (or {full}_FILE) is missing: it is required {needed}")
        return ""

    def _made_secret(self, path: Path, make: str) -> str:
        """The secret in `path`, made there once; `make` if the data folder cannot be written. Collects the error, once."""
        try:
            return make_secret_once(path, make)
        except OSError as error:
            if not any(line.startswith("SNAPPORTAL_DATA_DIR") for line in self.errors):
                self.errors.append(f"SNAPPORTAL_DATA_DIR cannot be used: {path.parent}: {error.strerror}")
            return make

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
