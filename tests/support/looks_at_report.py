"""Looks at the monthly report with something in each section, for names that a browser would translate."""

from django.test import Client
from django.urls import reverse

from snapshots.audit import journal
from tests.support.audit_rows import MIA, write_operation
from tests.support.report_log import COMMAND
from tests.support.translated_texts import Inspector

WEB = {"server_id": 501, "server_name": "web-server-01"}


def write_something_for_each_section() -> None:
    write_operation("unknown", **WEB, snapshot_name="weekly")
    write_operation("unknown", "reconciled", **WEB, settled_by="Ada (admin)", settled_by_id=1005)
    write_operation("completed", **WEB, reason="a way back\nOverride: it ended")
    with journal.committed():
        journal.record(MIA.entry(action="approval.break_glass", **WEB, reason="an emergency"))
        journal.record(MIA.entry(action="snapshot.delete", **WEB, result="refused", code="protected"))
        journal.record(MIA.entry(action="person.deactivate", target="vera", target_person_id=1001))
        journal.record(MIA.entry(action="snapshot.observed", **WEB, code="renamed"))
        journal.record(
            MIA.entry(action="token.store", target="mia", target_person_id=1003, token_label="Team")
        )
        journal.record(COMMAND.entry(action="audit.verify", evidence="7 rows hold, up to row 7"))
        journal.record(COMMAND.entry(action="audit.verify", evidence="8 rows hold, up to row 8"))
        journal.record(
            COMMAND.entry(action="audit.anchor", result="failed", evidence="not anchored: noted by file")
        )


def look_at_the_report(inspector: Inspector, reader: Client) -> None:
    write_something_for_each_section()
    inspector.visit(reader, reverse("log_report"), shows="an emergency")
    inspector.visit(reader, reverse("log_report"), month="2999-01", shows="2999")
