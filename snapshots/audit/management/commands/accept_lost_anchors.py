"""manage.py accept_lost_anchors: accepts that the anchor file lost lines the log has recorded, when there is no copy."""

from snapshots.audit import accept_damage
from snapshots.audit.accept_damage import Finding
from snapshots.audit.management.accept_command import AcceptCommand
from snapshots.audit.models import Entry


class Command(AcceptCommand):
    help = (
        "Write into the audit log that the anchor file lost lines that the log has recorded. If there is a copy of the "
        "lines, put them back instead: a lost anchor proves nothing."
    )

    def find(self) -> Finding:
        until = Entry.objects.all().last_sequence()  # before the file is read: see verification.lost_anchors
        return accept_damage.find_lost_anchors(self.read_anchors(), until)
