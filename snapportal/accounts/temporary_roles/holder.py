"""What a person asks about the own temporary roles: the part of User that is about them."""

from collections.abc import Collection
from itertools import product
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.apps import apps
from django.utils.functional import cached_property

from snapshots import sql

if TYPE_CHECKING:
    from snapportal.accounts.temporary_roles.models import TemporaryRole


class TemporaryRoleHolder:
    """The mixin of User, before the models are loaded."""

    if TYPE_CHECKING:
        pk: Any

        def has_own_perm(self, permission: str) -> bool: ...
        def has_lasting_perm(self, permission: str, server_id: int | None) -> bool: ...
        @staticmethod
        def server_rights_of(role: str) -> frozenset[str]: ...

    def temporary_roles_for(
        self, permission: str, server_id: int | None, begun_under: Collection[str] = ()
    ) -> "list[TemporaryRole]":
        """Those that give this right on this server now, or to work that was begun under them (by their IDs)."""
        found = self.held_roles_for(permission)
        if begun_under and self.has_own_perm("snapshots.see"):
            earlier = _model().objects.filter(pk__in=list(begun_under), person_id=self.pk)
            found = found + [one for one in earlier if one.lets_work_end and one not in found]
        return [one for one in found if self._gives(one, permission) and one.covers(server_id)]

    def held_roles_for(self, permission: str) -> "list[TemporaryRole]":
        """Those that give the right somewhere now. Nothing is read for a right that no temporary role gives."""
        if not self.could_be_lent(permission):
            return []
        return [one for one in self.held_roles if self._gives(one, permission)]

    def could_be_lent(self, permission: str) -> bool:
        """Whether a temporary role could give the person this right."""
        return permission in self.server_rights_of("manager") and self.has_own_perm("snapshots.see")

    def _gives(self, role: "TemporaryRole", permission: str) -> bool:
        return permission in self.server_rights_of(role.role)

    @property
    def held_roles(self) -> "list[TemporaryRole]":
        """Those that give the person anything now. The clock is asked at each question; a role without servers gets nothing."""
        if not self.has_own_perm("snapshots.see"):
            return []
        return [one for one in self.granted_roles if one.is_held]

    @cached_property
    def granted_roles(self) -> "list[TemporaryRole]":
        """Read once for each request, and anew with the person in the transaction of an intent."""
        chosen = "WHERE person_id = %s AND state = %s ORDER BY asked_at DESC"
        return list(sql.select(_model(), chosen, [self.pk, "granted"]))

    def held_roles_on(self, server_id: int) -> "list[TemporaryRole]":
        """For the pages about a server."""
        return [one for one in self.held_roles if one.covers(server_id)]

    def has_all_rights_of(self, role: "TemporaryRole") -> bool:
        """Whether the person may do all that it gives, on all of its servers, without a temporary role."""
        rights = product(self.server_rights_of(role.role), role.server_names)
        return all(self.has_lasting_perm(*one) for one in rights)

    def is_concerned_by(self, role: "TemporaryRole") -> bool:
        """Whether the person asked for it, has all that it gives, or manages people."""
        is_own = role.person_id == self.pk
        return is_own or self.has_own_perm("people.manage") or self.has_all_rights_of(role)

    def sees_temporary_role(self, pk: str) -> bool:
        """Whether the one with this ID concerns the person. Notifications ask, which do not know where it is stored."""
        try:
            found = _model().objects.filter(pk=UUID(pk)).first()
        except ValueError:  # a row that was not written by the portal
            return False
        return found is not None and self.is_concerned_by(found)


def _model() -> "type[TemporaryRole]":
    return apps.get_model("accounts", "TemporaryRole")
