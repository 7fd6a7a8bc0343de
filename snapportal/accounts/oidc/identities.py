"""What an admin sees of a person's identities, and unlinking one."""

from snapportal.accounts.models import User
from snapportal.accounts.statements import ISSUER
from snapshots.audit import journal
from snapshots.audit.journal import Actor


def unlink(person: User, identity_id: int, *, actor: Actor) -> bool:
    """False if it is not linked any more."""
    with journal.committed():
        found = person.identities.select_for_update().filter(pk=identity_id).first()
        if found is None:
            return False
        found.delete()
        journal.record(
            actor.entry(
                action="person.unlink_identity",
                target=person.username,
                target_person_id=person.pk,
                evidence=ISSUER.said(issuer=found.issuer),
            )
        )
    return True
