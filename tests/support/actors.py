"""A person as the one who acts, as journal rows name them."""

from snapportal.accounts.models import User
from snapshots.audit.journal import Actor


def actor_of(person: User) -> Actor:
    return Actor(id=person.pk, name=str(person), role=person.role)
