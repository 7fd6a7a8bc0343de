"""manage.py accept_restored_log: accepts a restored backup and gives up the anchors of the rows that it lacks."""

from snapshots.audit import accept_damage
from snapshots.audit.accept_damage import Finding
from snapshots.audit.management.accept_command import AcceptCommand


class Command(AcceptCommand):
    help = (
        "Write into the audit log that rows were lost because a backup was restored, and give up the anchors that name "
        "them. Rows that only SNAPPORTAL_CHECKPOINT_FILE names are lost rows too. From then on verify_audit reports the "
        "loss and passes. Refused when the log has other damage. The anchor file keeps its lines."
    )

    def find(self) -> Finding:
        return accept_damage.find_lost_rows(self.read_anchors())
