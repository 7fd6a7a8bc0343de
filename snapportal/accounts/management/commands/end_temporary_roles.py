"""Write down which temporary roles have ended by themselves, and which requests nobody has decided in time."""

from typing import Any

from snapportal.accounts.management.commands.add_person import check_database
from snapportal.accounts.temporary_roles.service import write_down_ends
from snapshots.audit.management.writing_command import WritingCommand


class Command(WritingCommand):
    help = "Record in the audit log which temporary roles have ended. The worker does it by itself."

    def handle(self, *args: Any, **options: Any) -> None:
        check_database()
        self.stdout.write(f"Recorded: {write_down_ends()}.")
