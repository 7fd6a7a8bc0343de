"""manage.py verify_audit: is every row of the audit log there, in order and unchanged?"""

import sys
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import Error

from snapshots.audit import anchors, chain, checking, journal


class Command(BaseCommand):
    help = (
        "Check the whole audit log against its keys and anchors. Works while the portal runs. "
        "Exit code 0: it holds; 1: it is broken, and the first broken row is named; 2: it could not be checked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--anchors", type=Path, help="a file of anchors (default: SNAPPORTAL_ANCHOR_FILE if there)"
        )
        parser.add_argument(
            "--no-record", action="store_true", help="do not note the result in the log itself"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            noted = self._anchors(options["anchors"])
            if not settings.SNAPPORTAL_AUDIT_KEYS:
                self._give_up("SNAPPORTAL_AUDIT_KEYS is empty")
            verdict = checking.check_log(anchors=noted)
        except (Error, anchors.AnchorError) as error:
            self._give_up(str(error))
        finding = checking.describe(verdict, len(noted))
        if not options["no_record"]:
            self._record(verdict, finding)
        if verdict.holds:
            self.stdout.write(f"The audit log holds: {finding}.")
            return
        self.stderr.write(f"The audit log is broken at {finding}.")
        sys.exit(1)

    def _anchors(self, given: Path | None) -> list[chain.Anchor]:
        usual = Path(settings.SNAPPORTAL_ANCHOR_FILE)
        if given is None and not usual.exists():
            self.stderr.write(
                "There is no file of anchors: if the newest rows were cut off, nobody can see it."
            )
            return []
        return anchors.read_anchors(given or usual)

    def _record(self, verdict: chain.Verdict, finding: str) -> None:
        result = "completed" if verdict.holds else "failed"
        try:
            journal.record(
                checking.COMMAND.story(
                    action="audit.verify", result=result, code=verdict.problem, evidence=finding
                )
            )
        except journal.JournalUnavailableError as error:
            self.stderr.write(f"The result could not be noted in the log: {error}")

    def _give_up(self, reason: str) -> NoReturn:
        self.stderr.write(f"The audit log could not be checked: {reason}")
        sys.exit(2)
