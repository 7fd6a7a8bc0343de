"""How the log describes a schedule."""

from snapshots.audit.wording.statements import joined
from snapshots.schedules import statements
from snapshots.schedules.definition import Definition
from snapshots.schedules.retention import Keep


def described(definition: Definition) -> str:
    """Such as '“30 2 * * *” Europe/Berlin; keeps 3 last, 0 daily, 0 weekly, 0 monthly; servers 501, 502; named “a”'."""
    ids = [number for number, _name in definition.servers]
    return joined(
        [
            statements.RULE.said(cron=definition.cron, zone=definition.time_zone),
            _kept(definition.keep),
            statements.ON_ALL_SERVERS.said()
            if definition.covers_all
            else statements.ON_SERVERS.said(ids=ids),
            statements.NAMED.said(pattern=definition.name_pattern),
        ]
    )


def _kept(keep: Keep) -> str:
    if keep.is_everything:
        return statements.DELETES_NOTHING.said()
    return statements.KEEPS.said(last=keep.last, daily=keep.daily, weekly=keep.weekly, monthly=keep.monthly)
