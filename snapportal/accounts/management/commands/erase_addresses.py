"""Erase the addresses that are older than SNAPPORTAL_ERASE_ADDRESSES_AFTER_DAYS."""

from typing import Any

from django.conf import settings

from snapportal.accounts import erasure
from snapportal.accounts.management.commands.add_person import COMMAND_LINE, check_database
from snapshots.audit.management.writing_command import WritingCommand


class Command(WritingCommand):
    help = (
        "Erase the addresses in the audit log that are older than SNAPPORTAL_ERASE_ADDRESSES_AFTER_DAYS days."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        check_database()
        if not settings.SNAPPORTAL_ERASE_ADDRESSES_AFTER_DAYS:
            self.stdout.write("SNAPPORTAL_ERASE_ADDRESSES_AFTER_DAYS is 0: addresses are kept.")
            return
        row = erasure.erase_old_addresses(actor=COMMAND_LINE)
        self.stdout.write(
            "No address is due." if row is None else f"Erased; row {row.sequence} records it: {row.evidence}."
        )
