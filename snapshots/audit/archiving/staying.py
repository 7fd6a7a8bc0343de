"""Which rows of an archive must still be in the database, and why: holds, and actions without which others cannot be read."""

from snapshots.audit import holds, sealing
from snapshots.audit.archiving.files import Line
from snapshots.audit.archiving.rows import KEPT_ACTIONS, Archive
from snapshots.audit.hold_models import Hold
from snapshots.audit.models import Entry
from snapshots.audit.subjects import Subject


class StayingRows:
    """Of one archive. Holds count that were placed before its row was written and are not lifted."""

    def __init__(self, archive: Archive) -> None:
        in_range = Entry.objects.filter(sequence__range=(archive.first, archive.last))
        self._present = set(
            in_range.values_list("sequence", flat=True)
        )  # before the holds: one may be lifted meanwhile
        self._holds = [
            (hold, _names_of(hold)) for hold in holds.in_force() if hold.placed_in < archive.recorded_in
        ]

    def why_missed(self, line: Line) -> str:
        """Why the row of this line should be in the database and is not; '' if it is there, or need not be."""
        row = line["row"]
        if row["sequence"] in self._present:
            return ""
        if row["action"] in KEPT_ACTIONS:
            return f"rows of the action {row['action']} must stay in the database, and it is gone from there"
        for hold, names in self._holds:
            if _is_held(hold, names, line):
                return f"the hold of row {hold.placed_in} ({hold}) keeps it in the database, and it is gone from there"
        return ""


def _names_of(hold: Hold) -> set[str]:
    """The commitments of what names the person under the hold."""
    if hold.person_id is None:
        return set()
    return set(Subject.objects.filter(person_id=hold.person_id).values_list("commitment", flat=True))


def _is_held(hold: Hold, names: set[str], line: Line) -> bool:
    """The same as Hold.held_rows, for a row in a file."""
    row = line["row"]
    if hold.server_id is not None:
        opened = line["open"].get("server_id")
        return opened is not None and opened["value"] == hold.server_id
    if hold.operation_id is not None:
        return bool(row["operation_id"] == str(hold.operation_id))
    if hold.person_id is not None:
        return row["actor_id"] == hold.person_id or any(row[one] in names for one in sealing.SUBJECT_COLUMNS)
    return bool((hold.first_sequence or 0) <= row["sequence"] <= (hold.last_sequence or 0))
