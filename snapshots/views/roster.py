"""Names of people in the audit log: the name, and the sign-in name where two people have the same name.

A row holds the person's id and the name at that time: people may be renamed, and two may share a name.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _

from snapshots.audit.models import Entry
from snapshots.views.texts import audit as texts

LONGEST_CHOICE: Final = 500
SHORTEST_WORD: Final = 3
NUMBER: Final = re.compile(r"#([0-9]{1,18})")


@dataclass(frozen=True)
class Person:
    id: int
    name: str
    username: str


class Roster:
    """`people`: everybody who has an account, active or not."""

    def __init__(self, people: Iterable[Person]) -> None:
        self.people = list(people)
        self._name_counts = Counter(one.name for one in self.people)

    @classmethod
    def load(cls) -> "Roster":
        everybody = get_user_model()._default_manager.all()
        return cls(Person(one.pk, str(one), one.get_username()) for one in everybody)

    def label(self, person: Person) -> str:
        """A person's unique label in a list of choices."""
        if self._name_counts[person.name] > 1:
            return f"{person.name} ({person.username})"
        return person.name

    def choices(self) -> list[str]:
        return [self.label(one) for one in self.people[:LONGEST_CHOICE]]

    @cached_property
    def exact_terms(self) -> dict[int, str]:
        """Person's number → the text by which `find` finds this person alone: the label, or else the number.

        Of who was erased the label is what stands in place of the sign-in name.
        """
        labels = {one.id: self.label(one) for one in self.people}
        counts = Counter(labels.values())
        return {
            number: label if counts[label] == 1 and not NUMBER.fullmatch(label) else f"#{number}"
            for number, label in labels.items()
        }

    def find(self, text: str) -> list[Person]:
        """The person with this number (#12) or label; otherwise everybody with this name or sign-in name."""
        if by_number := NUMBER.fullmatch(text):
            return [one for one in self.people if one.id == int(by_number[1])]
        chosen = [one for one in self.people if self.label(one) == text]
        folded = text.casefold()
        return chosen or [one for one in self.people if folded in {one.name.casefold(), one.username}]

    def find_like(self, text: str) -> list[Person]:
        """Everybody whose name or sign-in name contains `text`."""
        folded = text.casefold()
        return [one for one in self.people if folded in one.name.casefold() or folded in one.username]

    def names_somebody(self, text: str) -> bool:
        """Whether a word of `text` is one of a name, or a sign-in name."""
        words = {word for one in self.people for word in f"{one.name} {one.username}".casefold().split()}
        return any(len(word) >= SHORTEST_WORD and word in words for word in text.casefold().split())

    def names(self, entries: Iterable[Entry]) -> dict[int, str]:
        """Sequence → who acted: the name in the row, with the sign-in name if several people have that name."""
        entries = list(entries)
        ids_by_name: dict[str, set[object]] = defaultdict(set)
        for one in self.people:
            ids_by_name[one.name].add(one.id)
        for entry in entries:
            ids_by_name[entry.actor_name].add(entry.actor_id)
        return {
            entry.sequence: self._distinct(entry)
            if len(ids_by_name[entry.actor_name]) > 1
            else texts.who(entry)
            for entry in entries
        }

    def _distinct(self, entry: Entry) -> str:
        if not entry.actor_name or entry.actor_id is None:
            return texts.who(entry)
        for one in self.people:
            if one.id == entry.actor_id:
                return f"{entry.actor_name} ({one.username})"
        return _("%(name)s (person %(id)s)") % {"name": entry.actor_name, "id": entry.actor_id}
