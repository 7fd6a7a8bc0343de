"""Names of people in pictures and reports, by which the filter of the log finds them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from snapshots.audit.erasure_rows import row_that_erased
from snapshots.templatetags.erased import erased_text
from snapshots.views.marks import names_of_people
from snapshots.views.roster import Roster


@dataclass(frozen=True)
class PersonLabel:
    """`is_found`: whether the filter of the log finds the person by it."""

    text: str
    is_found: bool


def labels_of(people: Sequence[int], roster: Roster) -> dict[int, PersonLabel]:
    """Unique names; of who was erased, in which row. Who has no name shown has the sign-in name as one."""
    known = {one.id: roster.label(one) for one in roster.people}
    nameless = {person for person, name in names_of_people(people).items() if not name} | (
        set(people) - set(known)
    )
    erased = {person: row for person in nameless if (row := row_that_erased(person)) is not None}
    return {
        person: PersonLabel(erased_text(erased[person]), is_found=False)
        if person in erased
        else PersonLabel(known.get(person) or _("Person %(id)s") % {"id": person}, is_found=person in known)
        for person in people
    }
