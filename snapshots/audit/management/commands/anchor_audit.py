"""manage.py anchor_audit: signs the head of the audit log and stores it outside the database."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.db import Error

from snapshots.audit import accepted_damage, anchors, chain, journal, statements, verification
from snapshots.audit.management.database_command import DatabaseCommand
from snapshots.audit.models import Entry
from snapshots.audit.wording.shared import FAILURE
from snapshots.audit.wording.statements import joined


class Command(DatabaseCommand):
    database_exit_code = 2
    help = (
        "Sign the head of the audit log and append it to SNAPPORTAL_ANCHOR_FILE, send it to SNAPPORTAL_ANCHOR_URL when "
        "that is set, and print it. First the rows since the last anchor are verified: a broken log is not anchored, nor "
        "one that has recorded anchors which the file lacks. "
        "Exit code 0: anchored; 1: the log is broken, or a destination did not take the anchor; 2: it could not be done."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SNAPPORTAL_AUDIT_KEYS:
            self._stop("SNAPPORTAL_AUDIT_KEYS is empty", 2)
        try:
            verdict = self._check_since_last()
        except (Error, anchors.AnchorError, verification.WrongKeyError) as error:
            self._stop(str(error), 2)
        if not verdict.holds:
            self._record(
                "failed", joined([statements.NOT_ANCHORED.said(), verification.describe(verdict)], " ")
            )
            advice = verification.ADVICE.get(verdict.problem, "")
            self._stop(f"the log is broken at {verification.describe(verdict)}. {advice}", 1)
        if verdict.head.sequence == 0:
            self._stop("the log is empty", 2)
        try:
            journal.check_key()  # an anchor signed with a retired key would fail every later verification
        except journal.JournalUnavailableError as error:
            self._stop(str(error), 2)
        key_id, key = next(iter(settings.SNAPPORTAL_AUDIT_KEYS.items()))
        anchor = chain.sign_anchor(verdict.head, at=datetime.now(UTC), key_id=key_id, key=key)
        self._store(anchor)

    def _check_since_last(self) -> chain.Verdict:
        until = Entry.objects.all().last_sequence()  # read before the file: see lost_anchors
        path = Path(settings.SNAPPORTAL_ANCHOR_FILE)
        stored = anchors.read_anchors(path, on_truncated=self._warn_truncated) if path.exists() else []
        acceptances = accepted_damage.read_acceptances()
        accepted = accepted_damage.merge(acceptances)
        active = [anchor for anchor in stored if anchor.named_row not in accepted.anchors]
        last = max(active, key=lambda anchor: anchor.sequence, default=None)
        start = (
            verification.find_head(last)
            if last and chain.has_valid_signature(last, settings.SNAPPORTAL_AUDIT_KEYS)
            else None
        )
        verdict = verification.check_log(start=start, anchors=stored, accepted=accepted)
        return verification.with_lost_anchor(
            verdict, verification.first_row_of_lost_anchor(stored, until, acceptances)
        )

    def _warn_truncated(self, number: int) -> None:
        self.stderr.write(f"Line {number} of the anchors was never written to its end, and is left out.")

    def _store(self, anchor: chain.Anchor) -> None:
        succeeded, failures = [], []
        destinations: list[tuple[str, Callable[[], None]]] = [
            ("file", partial(anchors.append_anchor, Path(settings.SNAPPORTAL_ANCHOR_FILE), anchor))
        ]
        if settings.SNAPPORTAL_ANCHOR_URL:
            destinations.append(("web", partial(anchors.send_anchor, settings.SNAPPORTAL_ANCHOR_URL, anchor)))
        for name, send in destinations:
            try:
                send()
                succeeded.append(name)
            except anchors.AnchorError as error:
                failures.append(str(error))
        self.stdout.write(anchors.to_line(anchor))
        evidence = [
            statements.ANCHORED.said(row=anchor.sequence, hash=anchor.hash),
            statements.NOTED_BY.said(places=succeeded or ["nobody"]),
            *(FAILURE.said(error=one) for one in failures),
        ]
        self._record("failed" if failures else "completed", joined(evidence))
        if failures:
            self._stop("; ".join(failures), 1)

    def _record(self, result: str, evidence: str) -> None:
        try:
            journal.record(
                verification.COMMAND_ACTOR.entry(action="audit.anchor", result=result, evidence=evidence)
            )
        except journal.JournalUnavailableError as error:
            self.stderr.write(f"The anchor could not be noted in the log: {error}")

    def _stop(self, reason: str, code: int) -> NoReturn:
        self.stderr.write(f"The audit log was not anchored everywhere: {reason}")
        sys.exit(code)
