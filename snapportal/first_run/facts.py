"""What is there already, read from the database in one query and from the last list that was read of the provider.

Nothing asks the provider.
"""

from dataclasses import dataclass
from typing import Final

from django.conf import settings

from snapportal.accounts.factors.models import Authenticator, Passkey
from snapportal.accounts.models import Role, User
from snapshots import sql
from snapshots.audit.models import Entry
from snapshots.inventory.reader import last_whole_reading
from snapshots.inventory.readings import Reading
from snapshots.notifications.models import Delivery, DeliveryState, Target
from snapshots.schedules.models import Schedule, State
from snapshots.vault.models import StoredToken


@dataclass(frozen=True)
class Facts:
    """`people` and `admins` may sign in. `unprotected_admins` have no second factor, `is_unprotected` says whether the person
    who looks is one of them. `token` is the fingerprint of the token that was stored last, '' without any."""

    people: int
    admins: int
    unprotected_admins: int
    is_unprotected: bool
    tokens: int
    good_tokens: int
    token: str
    has_target: bool
    was_told: bool
    has_schedule: bool
    is_anchored: bool

    @property
    def reading(self) -> Reading | None:
        """The last lists read with the newest token, however old; None if there are none."""
        return last_whole_reading(self.token) if self.token else None


_PERSON: Final = User._meta.db_table
_TOKEN: Final = StoredToken._meta.db_table
_PEOPLE: Final = f"{_PERSON} WHERE is_active = %s AND service_owner_id IS NULL"
_UNPROTECTED: Final = f"""
{_PEOPLE} AND role = %s AND ({{by_password}})
  AND NOT EXISTS(
    SELECT 1 FROM {Authenticator._meta.db_table} AS app WHERE app.person_id = {_PERSON}.id AND app.confirmed_at IS NOT NULL)
  AND NOT EXISTS(SELECT 1 FROM {Passkey._meta.db_table} AS passkey WHERE passkey.person_id = {_PERSON}.id)
"""  # noqa: S608 - names of tables
_QUERY: Final = f"""
SELECT (SELECT COUNT(*) FROM {_PEOPLE}),
       (SELECT COUNT(*) FROM {_PEOPLE} AND role = %s),
       (SELECT COUNT(*) FROM {{unprotected}}),
       EXISTS(SELECT 1 FROM {{unprotected}} AND id = %s),
       (SELECT COUNT(*) FROM {_TOKEN}),
       (SELECT COUNT(*) FROM {_TOKEN} WHERE checked_at IS NOT NULL AND refused_at IS NULL),
       COALESCE((SELECT fingerprint FROM {_TOKEN} ORDER BY created_at DESC LIMIT 1), ''),
       EXISTS(SELECT 1 FROM {Target._meta.db_table}),
       EXISTS(SELECT 1 FROM {Delivery._meta.db_table} WHERE state = %s),
       EXISTS(SELECT 1 FROM {Schedule._meta.db_table} WHERE removed_at IS NULL AND state = %s),
       EXISTS(SELECT 1 FROM {Entry._meta.db_table} WHERE action = %s AND result = %s)
"""  # noqa: S608 - names of tables


def count_people() -> int:
    """Who may sign in, or is invited."""
    ((people,),) = sql.run(f"SELECT COUNT(*) FROM {_PEOPLE}", [True])  # noqa: S608 - a name of a table
    return int(people)


def _by_password() -> tuple[str, list[str]]:
    """The condition for whoever may sign in with a password; the identity provider asks the others for a second factor."""
    if settings.SNAPPORTAL_PASSWORD_SIGN_IN:
        return "1 = 1", []
    names = [*sorted(settings.SNAPPORTAL_BREAK_GLASS), ""]  # IN () is no SQL
    return f"username IN ({sql.places(names)})", names


def read_facts(person_id: int) -> Facts:
    condition, names = _by_password()
    text = _QUERY.format(unprotected=_UNPROTECTED.format(by_password=condition))
    admin = [True, Role.ADMIN.value]
    told = [DeliveryState.SENT.value, State.ACTIVE.value, "audit.anchor", "completed"]
    ((people, admins, unprotected, mine, tokens, good, token, target, was_told, schedule, anchored),) = (
        sql.run(text, [True, *admin, *admin, *names, *admin, *names, person_id, *told])
    )
    return Facts(
        people=people,
        admins=admins,
        unprotected_admins=unprotected,
        is_unprotected=bool(mine),
        tokens=tokens,
        good_tokens=good,
        token=token,
        has_target=bool(target),
        was_told=bool(was_told),
        has_schedule=bool(schedule),
        is_anchored=bool(anchored),
    )
