"""`python manage.py start`: prepare what is missing, print how to sign in, and serve. Running it again keeps all data."""

import errno
import os
import socket
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser

from snapportal.accounts import demo
from snapportal.accounts.management.commands.add_person import COMMAND_LINE, portal_url
from snapportal.accounts.models import Role, User
from snapshots.audit.management.writing_command import WritingCommand


def check_address(bind: str) -> None:
    """Raises CommandError when the portal cannot listen on `bind` (host:port; a Unix socket is not checked)."""
    if bind.startswith(("unix:", "fd:")):
        return
    host, _, port = bind.rpartition(":")
    host = host.strip("[]")
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, int(port)))
            probe.listen()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CommandError(
                f"{bind} is in use already, perhaps by another SnapPortal: end that one, or choose another address, "
                f"for example SNAPPORTAL_BIND={host}:{int(port) + 1}"
            ) from None
        raise CommandError(f"SNAPPORTAL_BIND={bind} cannot be used: {error}") from None


def prepare_folder(path: Path) -> None:
    """Create the data folder, readable by its owner only: it contains keys and the database. Raises CommandError."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.stat().st_uid == os.getuid():
            path.chmod(0o700)
    except OSError as error:
        raise CommandError(f"SNAPPORTAL_DATA_DIR={path} cannot be used: {error.strerror}") from None


class Command(WritingCommand):
    help = "Prepare the database, the static files and (in the sandbox) people and servers; then serve the portal."
    requires_system_checks = []  # they look for folders that this command creates

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-serve", action="store_true", help="only prepare")

    def handle(self, *args: Any, **options: Any) -> None:
        os.umask(0o077)
        if not options["no_serve"]:
            check_address(settings.SNAPPORTAL_BIND)
        prepare_folder(Path(settings.DATA_DIR))
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        if settings.SANDBOX:
            call_command("fill_sandbox", verbosity=0)
            demo.ensure_people(COMMAND_LINE)
        self.write_summary()
        if not options["no_serve"]:
            self.serve()

    def write_summary(self) -> None:
        write = self.stdout.write
        if settings.SANDBOX:
            write(
                f"\nSnapPortal with a sandbox in the place of VPS.org: {portal_url()}\n\nSign in as one of these:\n"
            )
            write("\n".join(f"  {line}" for line in demo.describe_people()))
            write(f"\nThey stand in {demo.accounts_file()} too. Ctrl+C ends the portal.\n")
        else:
            write(
                f"\nSnapPortal for {settings.SNAPPORTAL_API_URL}, listening on {settings.SNAPPORTAL_BIND}\n"
            )
            if not User.objects.filter(role=Role.ADMIN, is_active=True).exists():
                write("There is no admin yet. Make one with: python manage.py add_person NAME --role admin\n")

    def serve(self) -> None:
        """Replace this process with gunicorn, so that signals reach it directly."""
        self.stdout.flush()
        gunicorn = ["-m", "gunicorn", "-c", "python:snapportal.gunicorn_conf", "snapportal.wsgi:application"]
        os.chdir(settings.BASE_DIR)
        os.execv(sys.executable, [sys.executable, *gunicorn])  # noqa: S606 - our own interpreter, no shell
