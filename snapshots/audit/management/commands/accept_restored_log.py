"""manage.py accept_restored_log: a backup was put back, and the anchors of the rows that it lacks are given up."""

from snapshots.audit import accept_damage
from snapshots.audit.accept_damage import Finding
from snapshots.audit.management.accept_command import AcceptCommand


class Command(AcceptCommand):
    help = (
        "Write into the audit log that rows were lost because a backup was put back, and give up the anchors that name "
        "them; verify_audit tells of it from then on, and holds. Refused when anything else is wrong. The file of "
        "anchors keeps its lines."
    )

    def find(self) -> Finding:
        return accept_damage.find_lost_rows(self.read_anchors())
