"""What a person defines of a schedule, its check, and the signed proof that its preview was shown (promise 35)."""

import hashlib
from dataclasses import asdict, dataclass
from typing import Final

import msgspec
from django.core import signing
from django.utils import timezone

from snapshots import contract
from snapshots.operations.errors import OperationRefusedError
from snapshots.schedules.models import Schedule
from snapshots.schedules.naming import is_valid_pattern
from snapshots.schedules.recurrence import BadRecurrenceError, Recurrence
from snapshots.schedules.retention import Keep

SALT: Final = "snapshots.schedules.preview"
MAX_AGE_SECONDS: Final = 60 * 60
MAX_KEPT: Final = 1000
NAME_MAX_LENGTH: Final = 80
MAX_SERVERS: Final = 200
DEFINED: Final = ("name", "preset", "cron", "time_zone", "name_pattern", "description", "covers_all")


@dataclass(frozen=True, kw_only=True)
class Definition:
    """`servers`: (ID, name) of those chosen; ignored where `covers_all`."""

    name: str
    preset: str
    cron: str
    time_zone: str
    name_pattern: str
    keep: Keep
    covers_all: bool = False
    servers: tuple[tuple[int, str], ...] = ()
    description: str = ""

    @property
    def recurrence(self) -> Recurrence:
        return Recurrence(self.cron, self.time_zone)

    @property
    def targets(self) -> list[int | None]:
        """The IDs of its servers; None stands for all."""
        return [None] if self.covers_all else [number for number, _name in self.servers]

    def digest(self, token_id: str) -> str:
        """Of everything that decides what is made and deleted, and with which token."""
        rest = {key: value for key, value in asdict(self).items() if key not in {"description", "servers"}}
        ids = sorted(number for number, _name in self.servers) if not self.covers_all else []
        return hashlib.sha256(msgspec.json.encode([token_id, rest, ids], order="sorted")).hexdigest()

    def check(self) -> None:
        """Raises OperationRefusedError (name_missing, bad_recurrence, bad_pattern, bad_retention, servers_missing)."""
        if not self.name.strip() or len(self.name) > NAME_MAX_LENGTH:
            raise OperationRefusedError("name_missing")
        try:
            self.recurrence.check(timezone.now())
        except BadRecurrenceError:
            raise OperationRefusedError("bad_recurrence") from None
        if not is_valid_pattern(self.name_pattern) or len(self.description) > contract.DESCRIPTION_MAX_LENGTH:
            raise OperationRefusedError("bad_pattern")
        if any(not 0 <= number <= MAX_KEPT for number in asdict(self.keep).values()):
            raise OperationRefusedError("bad_retention")
        if not self.covers_all and not 0 < len(self.servers) <= MAX_SERVERS:
            raise OperationRefusedError("servers_missing")


def definition_of(schedule: Schedule) -> Definition:
    """As it is stored."""
    servers = tuple(schedule.servers.values_list("server_id", "server_name"))
    return Definition(
        keep=schedule.keep, servers=servers, **{name: getattr(schedule, name) for name in DEFINED}
    )


def sign_preview(definition: Definition, *, token_id: str, person_id: int) -> str:
    """The proof that this person was shown the preview of this definition."""
    return signing.dumps([person_id, definition.digest(token_id)], salt=SALT)


def was_previewed(proof: str, definition: Definition, *, token_id: str, person_id: int) -> bool:
    try:
        return bool(
            signing.loads(proof, salt=SALT, max_age=MAX_AGE_SECONDS)
            == [person_id, definition.digest(token_id)]
        )
    except signing.BadSignature:
        return False
