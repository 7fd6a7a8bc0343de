"""Serve the sandbox over HTTP on this machine."""

import os
import signal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from snapshots.sandbox import faults
from snapshots.sandbox.demo_data import TEAM_EMAIL, fill, issue_token
from snapshots.sandbox.http_server import SandboxServer


class Command(BaseCommand):
    help = "Serve the sandbox's provider over HTTP on 127.0.0.1, for curl and tests."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8900, help="0 selects a free port")
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
        fill()
        if options["token_file"]:
            _write_private(options["token_file"], issue_token(TEAM_EMAIL, "serve_sandbox"))
        server = SandboxServer(
            options["port"], verbose=options["verbosity"] > 0, page_size=options["page_size"]
        )
        for how in misbehaviours:
            server.misbehave(how)
        self.stdout.write(f"The sandbox answers at {server.url}")
        self.stdout.flush()
        signal.signal(signal.SIGTERM, _interrupt)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            self.stdout.write("")
        finally:
            server.server_close()


def _interrupt(*_: object) -> None:
    """Handle SIGTERM like Ctrl+C: shells let background jobs ignore SIGINT."""
    raise KeyboardInterrupt


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text + "\n")
