"""manage.py accept_changed_rows: accepts rows that were changed in the database when no backup can be restored."""

from snapshots.audit import accept_damage
from snapshots.audit.accept_damage import Finding
from snapshots.audit.management.accept_command import AcceptCommand


class Command(AcceptCommand):
    help = (
        "Write into the audit log that rows were changed in the database, each with the digest of its present content. "
        "Nothing else can be written after a changed newest row. From then on verify_audit reports the change and "
        "passes. Refused when the key is the wrong one, or when the log has other damage."
    )

    def find(self) -> Finding:
        return accept_damage.find_changed_rows()
