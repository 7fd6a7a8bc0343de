"""Serve the sandbox over HTTP on this machine."""

import errno
import os
import signal
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from snapshots.audit.management.database_command import DatabaseCommand
from snapshots.sandbox import faults
from snapshots.sandbox.demo_data import TEAM_EMAIL, fill, issue_token
from snapshots.sandbox.http_server import SandboxServer

LAST_PORT: Final = 65535


class Command(DatabaseCommand):
    help = "Serve the sandbox's provider over HTTP on 127.0.0.1, for curl and tests."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=_port, default=8900, help="0 selects a free port")
        parser.add_argument(
            "--misbehave",
            action="append",
            default=[],
            metavar="SPEC",
            help="mode[:key=value,...], for example reset_after:method=POST; may be given several times",
        )
        parser.add_argument("--page-size", type=int, default=0, help="items per page of lists; 0: not paged")
        parser.add_argument(
            "--token-file", type=Path, help="write a new token into this file, readable by its owner only"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            misbehaviours = [faults.parse(spec) for spec in options["misbehave"]]
        except ValueError as error:
            raise CommandError(str(error)) from None
        server = _listen(options)
        try:
            _prepare(options["token_file"])
            for how in misbehaviours:
                server.misbehave(how)
            self.stdout.write(f"The sandbox answers at {server.url}")
            self.stdout.flush()
            signal.signal(signal.SIGTERM, _interrupt)
            server.serve_forever()
        except KeyboardInterrupt:
            self.stdout.write("")
        finally:
            server.server_close()


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > LAST_PORT:
        raise ArgumentTypeError(f"must be 0 to {LAST_PORT}")
    return int(text)


def _listen(options: dict[str, Any]) -> SandboxServer:
    """The server, on its port already. Raises CommandError."""
    port = options["port"]
    try:
        return SandboxServer(port, verbose=options["verbosity"] > 0, page_size=options["page_size"])
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CommandError(
                f"Port {port} is in use already: end what listens on it, or choose another with --port (0: a free one)."
            ) from None
        raise CommandError(
            f"Port {port} cannot be used: {error.strerror}. Choose another with --port (0: a free one)."
        ) from None


def _prepare(token_file: Path | None) -> None:
    """Fill the sandbox, and write a new token. Raises CommandError, after which there is no new token."""
    with transaction.atomic():
        fill()
        if token_file is None:
            return
        token = issue_token(TEAM_EMAIL, "serve_sandbox")
        try:
            _write_private(token_file, token)
        except OSError as error:
            raise CommandError(f"--token-file {token_file} cannot be written: {error.strerror}.") from None


def _interrupt(*_: object) -> None:
    """Handle SIGTERM like Ctrl+C: shells let background jobs ignore SIGINT."""
    raise KeyboardInterrupt


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text + "\n")
