"""Archives old rows of the log in tests."""

from datetime import UTC, datetime
from pathlib import Path

from snapshots.audit import checkpoints, verification
from snapshots.audit.archiving import rows, run
from snapshots.audit.archiving.rows import Archive
from snapshots.audit.models import Entry
from tests.support.audit_rows import fill_log


def fill_with_checkpoint(count: int) -> None:
    fill_log(count)
    checkpoints.make()


def archive_all(folder: Path, older_than: datetime | None = None) -> list[Archive]:
    """Archive what is due and delete it from the database, as the command does; by default rows of any age are due."""
    moment = older_than or datetime.now(UTC)
    steps = run.archive_log(actor=verification.COMMAND_ACTOR, folder=folder, older_than=moment)
    return [step.archive for step in steps if step.is_new]


def stored() -> list[int]:
    """The sequences that are in the database."""
    return sorted(Entry.objects.values_list("sequence", flat=True))


def archived_ranges() -> list[tuple[int, int]]:
    return [(one.first, one.last) for one in rows.read_all()]
