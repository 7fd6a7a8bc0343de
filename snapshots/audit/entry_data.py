"""What a row of the log says: who did what, where and why, as its writers give it to journal.py."""

from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from snapshots import contract
from snapshots.audit import sealing, subjects
from snapshots.audit.subjects import Kind, Named

OVERRIDE: Final = "Override: "
"""With this begins the line of a reason that says why an operation was sent to a server that a restore holds."""


@dataclass(frozen=True, kw_only=True)
class EntryData:
    """The content of a row, without its chain columns. Text is cleaned and truncated when it is written.

    `target_person_id` and `evidence_person_id` say that the target or the evidence names this person, so that it can be
    erased; `settled_by_id` is the person that `settled_by` names, None for a name typed at the command line;
    `address_person_id` is the person whose request came from `address`, if that is known.
    """

    action: str
    result: str = ""
    code: str = ""
    operation_id: UUID | None = None
    actor_id: int | None = None
    actor_name: str = ""
    actor_role: str = ""
    settled_by: str = ""
    settled_by_id: int | None = None
    server_id: int | None = None
    server_name: str = ""
    snapshot_id: int | None = None
    snapshot_name: str = ""
    target: str = ""
    target_person_id: int | None = None
    reason: str = ""
    evidence: str = ""
    evidence_person_id: int | None = None
    address: str = ""
    address_person_id: int | None = None
    channel: str = ""
    token_label: str = ""
    token_fingerprint: str = ""
    request_id: str = ""
    provider_status: int | None = None
    provider_message: str = ""
    duration_ms: int | None = None


PLAIN_COLUMNS: Final = tuple(
    field.name
    for field in fields(EntryData)
    if field.name in {*sealing.CLEAR_COLUMNS, *sealing.SALTED_COLUMNS}
)
"""The fields of EntryData that are columns of their own; the others are kept as subjects."""


COMMAND_LINE_NAME = "Command line"
"""What stands in rows as the name where a command acts for no person. Pages show it in the reader's language."""


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who acts, from where, through which channel ('browser', 'api', 'schedule', 'command').

    `may_override`: may act on a server that is reserved by a restore, with a reason. It is a permission and is not
    written to the log.
    """

    id: int | None
    name: str
    role: str
    address: str = ""
    channel: str = "browser"
    request_id: str = ""
    may_override: bool = False

    def entry(self, *, action: str, **fields: Any) -> EntryData:
        values = asdict(self)
        return EntryData(
            action=action,
            actor_id=values["id"],
            actor_name=values["name"],
            actor_role=values["role"],
            address=values["address"],
            address_person_id=values["id"],
            channel=values["channel"],
            request_id=values["request_id"],
            **fields,
        )


def subjects_of(data: EntryData, at: datetime) -> dict[str, Named]:
    """Subject column → what is committed there, for what is not empty. `at` is the time of the row."""
    people = {
        "actor_subject": Named(Kind.PERSON, data.actor_id, data.actor_name),
        "settled_by_subject": Named(Kind.PERSON, data.settled_by_id, data.settled_by),
    }
    if data.target_person_id is not None:
        people["target_subject"] = Named(Kind.PERSON, data.target_person_id, data.target)
    if data.evidence_person_id is not None:
        people["evidence_subject"] = Named(Kind.TEXT, data.evidence_person_id, data.evidence)
    sender = data.address_person_id
    if sender is None:
        sender = data.target_person_id  # such as a refused sign-in: most often it is the person's own
    named = people | {"address_subject": Named(Kind.ADDRESS, sender, data.address, at.date())}
    cleaned = {
        column: replace(one, value=contract.clean_text(one.value, subjects.LONGEST_VALUE))
        for column, one in named.items()
    }
    return {column: one for column, one in cleaned.items() if one.value}


PORTAL: Final = Actor(id=None, name="", role="", channel="schedule")
"""Who ends what nobody ends: whatever has waited for too long."""
