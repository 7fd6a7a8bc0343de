"""What the pages of the log say about the log itself: verified, anchored, with damage accepted, archived."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from snapshots import sql
from snapshots.audit import accepted_damage
from snapshots.audit.archiving import rows as archive_rows
from snapshots.audit.models import Entry
from snapshots.views.texts.statements import evidence_html

ACCEPTED_SHOWN: Final = 20
VERIFY, ANCHOR = "audit.verify", "audit.anchor"


def _recorded(actions: tuple[str, ...]) -> set[str]:
    """Those of these actions of which the log has a row, in one query: each is a seek in the index."""
    parts = [f"EXISTS(SELECT 1 FROM {Entry._meta.db_table} WHERE action = %s)"] * len(actions)  # noqa: S608
    (found,) = sql.run(f"SELECT {', '.join(parts)}", actions)
    return {action for action, exists in zip(actions, found, strict=True) if exists}


@dataclass(frozen=True)
class Recorded:
    """The last row of an action; `evidence` is markup."""

    result: str
    at: datetime
    evidence: str


@dataclass(frozen=True)
class Accepted:
    """`finding` is markup."""

    one: accepted_damage.Acceptance
    finding: str


def _last_of(action: str) -> Recorded | None:
    row = Entry.objects.all().last_of(action)
    return Recorded(row.result, row.at, evidence_html(row.evidence, action)) if row else None


def read_health() -> dict[str, Any]:
    """Context of audit/_health.html. What was never recorded, which is most of it in most logs, is not looked up."""
    recorded = _recorded((VERIFY, ANCHOR, archive_rows.ARCHIVE, *accepted_damage.ACTIONS))
    is_archived = archive_rows.ARCHIVE in recorded
    has_accepted = not recorded.isdisjoint(accepted_damage.ACTIONS)
    accepted = accepted_damage.distinct(accepted_damage.read_acceptances()) if has_accepted else []
    return {
        "verified": _last_of(VERIFY) if VERIFY in recorded else None,
        "anchored": _last_of(ANCHOR) if ANCHOR in recorded else None,
        "accepted": [Accepted(one, evidence_html(one.finding)) for one in accepted[-ACCEPTED_SHOWN:]],
        "archived": archive_rows.last_archived() if is_archived else 0,
        "archive_count": archive_rows.count() if is_archived else 0,
    }
