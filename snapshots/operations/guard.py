"""What guards a team is not taken away by one person at once (promise 45): it takes a second person, or time.

One person asks for it to be lifted. It lifts when somebody else agrees, or after SNAPPORTAL_GUARD_DELAY_HOURS, of which everybody
concerned is told. Until then whoever may ask may call it back. The functions change a row inside the caller's transaction, which
writes the row of the log and checks the rights. No step of it takes a temporary role.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.utils import timezone

from snapshots.audit import journal
from snapshots.audit.journal import Actor, EntryData
from snapshots.contract import clean_reason, clean_text
from snapshots.inventory.names import visible_name
from snapshots.operations import statements
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.guarded_models import Guarded, OnServers
from snapshots.operations.rights import Right, check_lasting, check_person
from snapshots.operations.second_person import check_two_people

_LIFT_FIELDS = ("lift_person_id", "lift_reason", "lift_due_at")


def required_reason(text: str) -> str:
    """Raises OperationRefusedError "reason_missing"."""
    reason = clean_reason(text)
    if not reason:
        raise OperationRefusedError("reason_missing")
    return reason


def required_name(text: str) -> str:
    """As it is displayed: a name of which nothing can be seen is none. Raises OperationRefusedError "name_missing"."""
    name = clean_text(visible_name(text), 80)
    if not name:
        raise OperationRefusedError("name_missing")
    return name


def ask(row: Guarded, actor: Actor, reason: str) -> None:
    """`reason` was cleaned. Raises OperationRefusedError "lift_asked"."""
    if row.lift_due_at is not None:
        raise OperationRefusedError("lift_asked")
    row.lift_due_at = timezone.now() + timedelta(hours=settings.SNAPPORTAL_GUARD_DELAY_HOURS)
    row.lift_person_id, row.lift_reason = int(actor.id or 0), reason
    row.save(update_fields=_LIFT_FIELDS)


def when_it_lifts(row: Guarded) -> str:
    """For the log, after `ask`."""
    return statements.LIFTS_AT.said(at=row.lift_due_at)


def who_asked(row: Guarded) -> str:
    """For the log; '' if nobody has."""
    if row.lift_person_id is None:
        return ""
    return statements.ASKED_FOR_BY.said(person=row.lift_person_id, reason=row.lift_reason)


def check_second_person(row: Guarded, actor: Actor, rights: Iterable[Right]) -> None:
    """Raises OperationRefusedError (lift_not_asked, second_person, rights_too_new, asker_too_new)."""
    _check_asked(row)
    check_two_people(check_person(actor.id, ()), row.lift_person_id or 0, rights)


def call_back(row: Guarded) -> None:
    """It stays. Raises OperationRefusedError "lift_not_asked"."""
    _check_asked(row)
    row.lift_person_id, row.lift_reason, row.lift_due_at = None, "", None
    row.save(update_fields=_LIFT_FIELDS)


def _check_asked(row: Guarded) -> None:
    if row.lift_due_at is None:
        raise OperationRefusedError("lift_not_asked")


Row = TypeVar("Row", bound=OnServers)
Found = TypeVar("Found")


@contextmanager
def refusals_recorded(entry: Callable[[], EntryData | None]) -> Iterator[None]:
    """Around a transaction: what is refused in it has a row of the log too (promise 7), if `entry` has one for it."""
    try:
        yield
    except OperationRefusedError as error:
        refused = entry()
        if refused is not None:
            journal.record(replace(refused, result="refused", code=error.code))
        raise


@contextmanager
def under_lock(
    find: Callable[[], Found | None], entry: Callable[[Found], EntryData], *, missing: str
) -> Iterator[Found]:
    """A transaction with the row as it is under the log's lock: somebody else may decide about it at this moment.

    `entry`: the row of the log for what is refused in it. `missing`: the code of the refusal if there is no row.
    """

    def refused() -> EntryData | None:
        row = find()
        return None if row is None else entry(row)

    with refusals_recorded(refused), journal.alone():
        row = find()
        if row is None:
            raise OperationRefusedError(missing)
        yield row


@dataclass(frozen=True)
class Lifting(Generic[Row]):
    """The steps in which a freeze or a policy is lifted, each with its row of the log.

    `prefix`: of the log's actions. `over`: the code of a row that does not hold any more. `rights`: what it takes
    to place or lift one.
    """

    model: type[Row]
    prefix: str
    over: str
    rights: Callable[[Row], Sequence[Right]]

    def ask(self, *, actor: Actor, pk: int, reason: str) -> None:
        """It lifts after the delay, or as soon as somebody else agrees.

        Raises OperationRefusedError (reason_missing, `over`, lift_asked, those of the rights), JournalUnavailableError.
        """
        text = required_reason(reason)
        with self._step(actor, pk, "ask_lift", text) as row:
            ask(row, actor, text)
            journal.record(self.entry(row, actor, "ask_lift", reason=text, evidence=when_it_lifts(row)))
            self.check_rights(actor, row)

    def agree(self, *, actor: Actor, pk: int) -> None:
        """It is lifted now. Not by whoever asked.

        Raises OperationRefusedError (`over`, lift_not_asked, second_person, those of the rights), JournalUnavailableError.
        """
        with self._step(actor, pk, "lift") as row:
            journal.record(self.entry(row, actor, "lift", evidence=who_asked(row)))
            self.check_rights(actor, row)
            check_second_person(row, actor, self.rights(row))
            row.delete()

    def keep(self, *, actor: Actor, pk: int) -> None:
        """Call the lifting back: it stays.

        Raises OperationRefusedError (`over`, lift_not_asked, those of the rights), JournalUnavailableError.
        """
        with self._step(actor, pk, "keep") as row:
            journal.record(self.entry(row, actor, "keep", evidence=who_asked(row)))
            self.check_rights(actor, row)
            call_back(row)

    def check_rights(self, actor: Actor, row: Row) -> None:
        """Raises OperationRefusedError (not_allowed_any_more, not_on_this_server, only_temporary)."""
        check_lasting(actor.id, self.rights(row))

    def entry(self, row: Row, actor: Actor, verb: str, **more: Any) -> EntryData:
        """The row of the log, with the server if it is about one."""
        (server_id, server_name) = row.servers[0] if len(row.servers) == 1 else (None, "")
        return actor.entry(
            action=f"{self.prefix}.{verb}",
            target=row.name,
            server_id=server_id,
            server_name=server_name,
            **more,
        )

    @contextmanager
    def placing(self, row: Row, actor: Actor, evidence: str) -> Iterator[None]:
        """A transaction with the row of the log that it is placed, and the rights checked."""
        entry = self.entry(row, actor, "place", reason=row.reason, evidence=evidence)
        with refusals_recorded(lambda: entry), journal.committed():
            journal.record(entry)
            self.check_rights(actor, row)
            yield

    @contextmanager
    def _step(self, actor: Actor, pk: int, verb: str, reason: str = "") -> Iterator[Row]:
        find = partial(self._found, pk)
        refused = partial(self.entry, actor=actor, verb=verb, reason=reason)
        with under_lock(find, refused, missing=self.over) as row:
            if row.is_over(timezone.now()):
                raise OperationRefusedError(self.over)
            yield row

    def _found(self, pk: int) -> Row | None:
        row: Row | None = self.model._default_manager.filter(pk=pk).first()
        return row
