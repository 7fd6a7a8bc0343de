"""manage.py accept_changed_rows: rows were changed in the database, no copy can be put back, and the log is to go on."""

from snapshots.audit import accept_damage
from snapshots.audit.accept_damage import Finding
from snapshots.audit.management.accept_command import AcceptCommand


class Command(AcceptCommand):
    help = (
        "Write into the audit log that rows were changed in the database, each with the digest of what stands there now; "
        "behind a changed newest row nothing can be written else. verify_audit tells of it from then on, and holds. "
        "Refused when the key is a false one, or when anything else is wrong."
    )

    def find(self) -> Finding:
        return accept_damage.find_changed_rows()
