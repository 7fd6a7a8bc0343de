"""Erases names and addresses from the table of subjects, with the row of the log that records it.

The rows of the log are not touched: they hold commitments, which reveal nothing without the salt. So erasing takes the
same time whatever the length of the log. Texts that people typed (reasons, labels) are not subjects and stay.
"""

from collections.abc import Iterable
from datetime import date

from django.db.models import Q, QuerySet

from snapshots.audit import erasure_rows, holds, journal, locking, statements
from snapshots.audit.erasure_rows import ADDRESS_ERASE, PERSON_ERASE
from snapshots.audit.journal import Actor
from snapshots.audit.models import Entry
from snapshots.audit.subjects import SUBJECTS_PER_READ, Kind, Named, Subject
from snapshots.audit.wording.statements import joined


def subjects_of_person(person_id: int, names: Iterable[str]) -> QuerySet[Subject]:
    """What is stored about the person: names, texts, addresses, and exactly these names typed on the command line."""
    typed = [Named(Kind.PERSON, None, name).lookup for name in {*names} - {""}]
    return Subject.objects.filter(Q(person_id=person_id) | Q(lookup__in=typed), erased_in=None)


def names_of(person_id: int) -> set[str]:
    """Every name under which the log knows the person: present and former names, and the sign-in name."""
    found = Subject.objects.filter(person_id=person_id, kind=Kind.PERSON, erased_in=None)
    return set(found.values_list("value", flat=True))


def addresses_of(person_id: int) -> set[str]:
    found = Subject.objects.filter(person_id=person_id, kind=Kind.ADDRESS, erased_in=None)
    return set(found.values_list("value", flat=True))


def erase_person(
    *, actor: Actor, person_id: int, names: Iterable[str], reason: str, more: Iterable[str] = ()
) -> Entry:
    """Erase what `subjects_of_person` finds; return the row that records it. Only inside `journal.committed()`.

    The row names the person by number alone. `more`: statements that are added to its evidence.
    """
    locking.take_advisory_lock()  # no subject of the person is added from here on
    found = subjects_of_person(person_id, names)
    return _erase(found, actor=actor, action=PERSON_ERASE, target=str(person_id), reason=reason, more=more)


def erase_addresses(*, actor: Actor, before: date) -> Entry | None:
    """Erase the addresses of rows before this day (UTC), except of people under a hold; None if there is none.

    Only inside `journal.committed()`.
    """
    locking.take_advisory_lock()
    found = Subject.objects.filter(kind=Kind.ADDRESS, day__lt=before, erased_in=None)
    found = found.exclude(person_id__in=holds.people())
    if not found.exists():
        return None
    return _erase(
        found,
        actor=actor,
        action=ADDRESS_ERASE,
        target="",
        reason="",
        more=[statements.BEFORE_DAY.said(day=before)],
    )


def _erase(
    found: QuerySet[Subject], *, actor: Actor, action: str, target: str, reason: str, more: Iterable[str]
) -> Entry:
    """Write the row, then blank the subjects in its name."""
    commitments = list(found.values_list("commitment", flat=True))
    evidence = joined([str(erasure_rows.of_commitments(commitments)), *more])
    row = journal.record(actor.entry(action=action, target=target, reason=reason, evidence=evidence))
    for start in range(0, len(commitments), SUBJECTS_PER_READ):
        batch = Subject.objects.filter(commitment__in=commitments[start : start + SUBJECTS_PER_READ])
        batch.update(value="", salt="", lookup="", erased_in=row.sequence)
    return row
