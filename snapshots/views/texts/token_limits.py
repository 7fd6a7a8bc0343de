"""Texts about what a stored token may be used for."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from snapshots.inventory.names import visible_name
from snapshots.vault.limits import Limits

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

RIGHTS_TEXTS: dict[tuple[str, ...] | None, "StrPromise"] = {
    None: lazy("All that the role allows"),
    ("snapshots.create", "snapshots.restore"): lazy("See, create and restore, but not delete"),
    ("snapshots.create", "snapshots.delete"): lazy("See, create and delete, but not restore"),
    ("snapshots.create",): lazy("See and create"),
    (): lazy("See only"),
}
"""What is left of the rights → how it is said. Restoring and deleting include creating."""
REFUSED: dict[str, "StrPromise"] = {
    "limited_by_admin": lazy(
        "An admin limited this token meanwhile: you can narrow that, but not widen it. Nothing was changed."
    ),
    "reason_missing": lazy("Say why: the owner of the token sees it."),
    "not_allowed_any_more": lazy("You may not limit this token any more. Nothing was changed."),
}


def rights_text(limits: Limits) -> "StrPromise":
    return RIGHTS_TEXTS.get(limits.rights, RIGHTS_TEXTS[None])


def servers_text(limits: Limits) -> str:
    if limits.servers is None:
        return _("All that the token can access")
    return named(list(limits.servers.values())) or _("None")


def named(names: Sequence[str]) -> str:
    return ", ".join(visible_name(one) for one in names)
