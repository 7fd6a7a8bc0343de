"""manage.py verify_audit: checks that every row of the audit log is present, in order and unchanged."""

import sys
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import CommandParser
from django.db import Error

from snapshots.audit import (
    accepted_damage,
    anchors,
    chain,
    checkpoints,
    journal,
    tree_verification,
    verification,
)
from snapshots.audit.accepted_damage import Acceptance
from snapshots.audit.archiving import rows as archive_rows
from snapshots.audit.archiving import verification as archive_files
from snapshots.audit.archiving.verification import FileFinding
from snapshots.audit.management.database_command import DatabaseCommand
from snapshots.audit.models import Entry


class Command(DatabaseCommand):
    database_exit_code = 2
    help = (
        "Verify the audit log against its keys and anchors. Works while the portal runs. "
        "Exit code 0: it holds; 1: it is broken, and the first broken row is named; 2: it could not be checked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--anchors", type=Path, help="a file of anchors (default: SNAPPORTAL_ANCHOR_FILE if there)"
        )
        parser.add_argument(
            "--archives",
            type=Path,
            help="a folder of archive files (default: SNAPPORTAL_ARCHIVE_DIR)",
        )
        parser.add_argument(
            "--without-archives",
            action="store_true",
            help="do not check the archive files, where they are not at hand",
        )
        parser.add_argument("--no-record", action="store_true", help="do not record the result in the log")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            until = Entry.objects.all().last_sequence()  # read before the file: see lost_anchors
            stored = self._read_anchors(options["anchors"])
            for sentence in tree_verification.missing_checkpoints(stored):
                self.stderr.write(sentence)
            if not settings.SNAPPORTAL_AUDIT_KEYS:
                self._stop("SNAPPORTAL_AUDIT_KEYS is empty")
            acceptances = accepted_damage.read_acceptances()
            verdict = tree_verification.check_log_and_tree(
                anchors=stored, accepted=accepted_damage.merge(acceptances)
            )
            lost = (
                verification.first_row_of_lost_anchor(stored, until, acceptances) if verdict.holds else None
            )
            is_checked = verdict.holds and not options["without_archives"]
            wrong = self._check_archives(options["archives"], stored, acceptances) if is_checked else None
        except (Error, anchors.AnchorError, checkpoints.CheckpointError, verification.WrongKeyError) as error:
            self._stop(str(error))
        verdict = verification.with_wrong_archive(verdict, wrong)
        if lost and stored and options["anchors"]:
            self.stderr.write(f"That file lacks anchors that row {lost} (and perhaps others) tells of.")
        else:
            verdict = verification.with_lost_anchor(verdict, lost)
        given_up = accepted_damage.count_given_up(stored, acceptances)
        self._report(
            verdict,
            verification.describe(
                verdict,
                len(stored) - given_up,
                given_up,
                archive_rows.last_archived(),
                with_archives=not options["without_archives"],
            ),
            acceptances,
            is_recorded=not options["no_record"],
        )

    def _report(
        self, verdict: chain.Verdict, finding: str, acceptances: list[Acceptance], *, is_recorded: bool
    ) -> None:
        newest = next(iter(settings.SNAPPORTAL_AUDIT_KEYS))
        if verdict.holds and verdict.head.key_id not in {"", newest}:
            self.stderr.write(
                f"No row is sealed with the first key, {newest}: right after a change of keys that is so, later it is not."
            )
        if is_recorded:
            self._record(verdict, finding)
        for acceptance in accepted_damage.distinct(acceptances):
            self.stdout.write(f"Accepted: {acceptance}.")
        if verdict.holds:
            self.stdout.write(f"The audit log holds: {finding}.")
            return
        self.stderr.write(
            f"The audit log is broken at {finding}. {verification.ADVICE.get(verdict.problem, '')}"
        )
        sys.exit(1)

    def _read_anchors(self, given: Path | None) -> list[chain.Anchor]:
        path = given or Path(settings.SNAPPORTAL_ANCHOR_FILE)
        stored = (
            anchors.read_anchors(path, on_truncated=self._warn_truncated) if given or path.exists() else []
        )
        if not stored:
            problem = "There is no anchor in the file" if path.exists() else "There is no file of anchors"
            self.stderr.write(f"{problem}: if the newest rows were cut off, nobody can see it.")
        return stored

    def _check_archives(
        self, given: Path | None, stored: list[chain.Anchor], acceptances: list[Acceptance]
    ) -> FileFinding | None:
        """Names each archive that is wrong, and returns the first. Without the folder, all files are missing."""
        folder = given or Path(settings.SNAPPORTAL_ARCHIVE_DIR)
        given_up = accepted_damage.merge(acceptances).anchors
        anchored = {anchor.sequence: anchor.hash for anchor in stored if anchor.named_row not in given_up}
        findings = list(archive_files.check_files(folder, anchored))
        for finding in findings:
            self.stderr.write(f"Archive {finding}.")
        return findings[0] if findings else None

    def _warn_truncated(self, number: int) -> None:
        self.stderr.write(f"Line {number} of the anchors was never written to its end, and is left out.")

    def _record(self, verdict: chain.Verdict, finding: str) -> None:
        result = "completed" if verdict.holds else "failed"
        try:
            journal.record(
                verification.COMMAND_ACTOR.entry(
                    action="audit.verify", result=result, code=verdict.problem, evidence=finding
                )
            )
        except journal.JournalUnavailableError as error:
            self.stderr.write(f"The result could not be noted in the log: {error}")

    def _stop(self, reason: str) -> NoReturn:
        self.stderr.write(f"The audit log could not be checked: {reason}")
        sys.exit(2)
