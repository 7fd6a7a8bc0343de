"""What a stored token may be used for in the portal, below what the provider and the person's role allow. No Django."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

CREATE: Final = "snapshots.create"
RIGHTS: Final = (CREATE, "snapshots.restore", "snapshots.delete")
"""The rights that can be taken from a token. Seeing the servers that it reaches cannot."""


def complete(rights: Collection[str]) -> list[str]:
    """These rights in order. Restoring and deleting include creating: both take snapshots to keep a way back."""
    wanted = {*rights, CREATE} if rights else set()
    return [one for one in RIGHTS if one in wanted]


@dataclass(frozen=True)
class Limits:
    """`servers`: ID → name as last seen, of those that it reaches; None for all, also those to come. `rights`: of RIGHTS;
    None for all that the person's role has."""

    servers: Mapping[int, str] | None = None
    rights: tuple[str, ...] | None = None

    @property
    def exist(self) -> bool:
        return self.servers is not None or self.rights is not None

    def reaches(self, server_id: int) -> bool:
        return self.servers is None or server_id in self.servers

    def allows(self, permission: str) -> bool:
        """Permissions that are not of RIGHTS are not limited."""
        return self.rights is None or permission not in RIGHTS or permission in self.rights

    def is_within(self, other: "Limits") -> bool:
        """Whether they allow nothing that `other` forbids."""
        has_no_more_servers = other.servers is None or (
            self.servers is not None and self.servers.keys() <= other.servers.keys()
        )
        has_no_more_rights = other.rights is None or (
            self.rights is not None and set(self.rights) <= set(other.rights)
        )
        return has_no_more_servers and has_no_more_rights


UNLIMITED: Final = Limits()
CLOSED: Final = Limits(servers={}, rights=())
"""Of a token that is stored for a colleague, until an admin has chosen what it may be used for."""
