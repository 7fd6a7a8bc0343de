"""Statements that several packages make."""

from collections.abc import Sequence
from typing import Final

from snapshots.audit.wording.kinds import COUNT, ID, MOMENT, RIGHT, ROLE, TEXT, list_of
from snapshots.audit.wording.statements import Counted, Statement

DUE: Final = Statement("due", "Due %(at)s.", at=MOMENT)
UNTIL: Final = Statement("until", "until %(at)s", at=MOMENT)
DAYS_CHANGED: Final = Counted(
    "days.changed",
    "%(before)s → %(after)s day",
    "%(before)s → %(after)s days",
    by="after",
    before=COUNT,
    after=COUNT,
)
THE_SETTING: Final = Statement("days.setting", "(the setting)")
ROLE_ONLY: Final = Statement(
    "role",
    "%(role)s",
    only=("person.", "team."),
    role=ROLE,
)
ALL_SERVERS: Final = Statement("servers.all", "servers: all")
NO_SERVERS: Final = Statement("servers.none", "servers: none")
SERVERS: Final = Statement("servers", "servers: %(ids)s", ids=list_of(ID))
RIGHTS: Final = Statement("rights", "rights: %(rights)s", rights=list_of(RIGHT))
ALL_RIGHTS: Final = Statement("rights.all", "rights: all of the role")
NO_RIGHTS: Final = Statement("rights.none", "rights: see only")
FAILURE: Final = Statement("failure", "failed: “%(error)s”", error=TEXT)


def servers_said(ids: Sequence[int] | None) -> str:
    """None: all of them."""
    if ids is None:
        return ALL_SERVERS.said()
    return SERVERS.said(ids=ids) if ids else NO_SERVERS.said()


def rights_said(rights: Sequence[str] | None) -> str:
    """None: all that the person's role has."""
    if rights is None:
        return ALL_RIGHTS.said()
    return RIGHTS.said(rights=rights) if rights else NO_RIGHTS.said()
