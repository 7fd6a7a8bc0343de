"""manage.py checkpoint_audit: signs the tree over the audit log, so that anybody can verify it with the public key."""

import sys
from typing import Any, NoReturn

from django.db import Error

from snapshots.audit import checkpoints
from snapshots.audit.management.database_command import DatabaseCommand


class Command(DatabaseCommand):
    database_exit_code = 2
    help = (
        "Sign the size and the root of the tree over the audit log, store and print the checkpoint, and append it to "
        "SNAPPORTAL_CHECKPOINT_FILE when that is set. First the rows since the last checkpoint are verified; nothing is "
        "signed that contradicts the last checkpoint in the database or the file. "
        "Exit code 0: signed; 1: the log is broken or contradicts a checkpoint; 2: it could not be done."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        path = checkpoints.file_path()
        try:
            before = checkpoints.signed_by_others()
            checkpoint = checkpoints.make()
            if before is not None:
                self.stderr.write(
                    "None of the keys signed the checkpoint before this one: if you did not change the key, the file of the "
                    "key is lost. Give the new key (manage.py show_log_key) to everybody who verifies."
                )
            self.stdout.write(checkpoint.note, ending="")
            if path is not None:
                checkpoints.append_to_file(path, checkpoint)
        except checkpoints.BrokenLogError as error:
            self._stop(str(error), 1)
        except (Error, checkpoints.CheckpointError) as error:
            self._stop(str(error), 2)

    def _stop(self, reason: str, code: int) -> NoReturn:
        self.stderr.write(f"The checkpoint was not signed and stored everywhere: {reason}")
        sys.exit(code)
