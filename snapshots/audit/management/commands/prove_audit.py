"""manage.py prove_audit: writes the proof that the log continues an older checkpoint."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from snapshots.audit import checkpoints, export, lines, proofs, tiles


class Command(BaseCommand):
    help = (
        "Write a file without rows that proves to verify_log.py that the log continues the checkpoint of SIZE rows. "
        "It holds hashes alone."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--size", type=int, action="append", required=True, help="may be repeated")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            proof = proofs.current_proof(splits=options["size"])
            if not all(0 < size <= proof.size for size in options["size"]):
                raise CommandError(f"The log has {proof.size} rows: there is no such checkpoint of it.")
            for chunk in export.json_chunks(lines.file_lines([], proof)):
                self.stdout.write(chunk.decode(), ending="")
        except (checkpoints.CheckpointError, tiles.TileError) as error:
            raise CommandError(f"Nothing can be proven: {error}") from error
