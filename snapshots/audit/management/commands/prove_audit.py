"""manage.py prove_audit: writes the proof that the log continues an older checkpoint."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from snapshots.audit import checkpoints, export, proofs, tiles
from snapshots.audit.management.database_command import DatabaseCommand


class Command(DatabaseCommand):
    help = (
        "Write a file without rows that proves to verify_log.py that the log continues the checkpoint of SIZE rows. "
        "It holds hashes alone."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--size", type=int, action="append", required=True, help="may be repeated")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            for chunk in export.chunks_of(proofs.prove([], borders=options["size"])):
                self.stdout.write(chunk.decode(), ending="")
        except (checkpoints.CheckpointError, tiles.TileError, ValueError) as error:
            raise CommandError(f"Nothing can be proven: {error}") from error
