"""manage.py run_worker: goes on with everything that was begun, with no page open."""

import os
from typing import Any

from django.core.management.base import CommandParser

from snapshots.audit.management.database_command import DatabaseCommand
from snapshots.audit.management.end_signal import EndSignal
from snapshots.worker import status
from snapshots.worker.loop import Worker
from snapshots.worker.tasks import TASKS


class Command(DatabaseCommand):
    help = (
        "Follow open operations to their end, run jobs, send the streams, anchor and verify the audit log, until SIGTERM. "
        "Several workers share the work; on SQLite one works and the others stand by. "
        "`manage.py start` runs one unless SNAPPORTAL_WORKER is off."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="do what is due now, and end")
        parser.add_argument(
            "--with-parent", action="store_true", help="end when the process that started this one has ended"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        worker = Worker(TASKS, version=status.portal_version())
        if options["once"]:
            worker.run_once()
            return
        signal, parent = EndSignal(), os.getppid()
        signal.listen()

        def is_ended() -> bool:
            return signal.is_set() or (options["with_parent"] and os.getppid() != parent)

        worker.run(is_ended=is_ended, wait=signal.wait)
