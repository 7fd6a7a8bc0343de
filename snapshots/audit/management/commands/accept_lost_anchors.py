"""manage.py accept_lost_anchors: the file of anchors lost lines that the log tells of, and nobody has a copy."""

from snapshots.audit import accept_damage
from snapshots.audit.accept_damage import Finding
from snapshots.audit.management.accept_command import AcceptCommand
from snapshots.audit.models import Entry


class Command(AcceptCommand):
    help = (
        "Write into the audit log that the file of anchors lost lines of which the log tells. Put the lines back instead "
        "if there is a copy: an anchor that is lost proves nothing any more."
    )

    def find(self) -> Finding:
        until = Entry.objects.all().last_sequence()  # before the file is read: see verification.lost_anchors
        return accept_damage.find_lost_anchors(self.read_anchors(), until)
