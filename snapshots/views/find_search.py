"""What a person looks for, and what is found: for all that find_results.py searches."""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.utils.safestring import SafeString

from snapshots.connection import Person
from snapshots.inventory.servers import ListedServer, listed_servers
from snapshots.inventory.shown_servers import readings_shown_to
from snapshots.views.server_filter import ServerFilter, contains, find, search_word

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

_UUID: Final = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){0,3}|[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")
"""Whole, or its first parts."""
SHOWN: Final = 10
SHOWN_OF_ONE: Final = 200
"""Of a group that is asked for alone, because no other page has the list."""


@dataclass(frozen=True)
class Hit:
    """A page that was found. `note` says which of several with the same name it is."""

    url: str
    name: SafeString
    note: "SafeString | StrPromise | str" = ""


@dataclass(frozen=True)
class Search:
    """What a person looks for. `limit`: how many hits of a group are shown."""

    user: Person
    text: str
    limit: int = SHOWN

    @cached_property
    def word(self) -> str:
        return search_word(self.text)

    def finds(self, *texts: str) -> bool:
        return contains(self.word, texts)

    def finds_words(self, *texts: str) -> bool:
        """Whether each word that is looked for stands in one of these texts."""
        return all(contains(word, texts) for word in self.word.split())

    @property
    def keys(self) -> tuple[UUID, UUID] | None:
        """The first and the last key of our own rows that begins with the text; None if none can."""
        if not _UUID.fullmatch(self.word):
            return None
        digits = self.word.replace("-", "")
        return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))

    @cached_property
    def _readings(self) -> list[ListedServer]:
        known = [(token, one) for token, one in readings_shown_to(self.user) if one]
        return [server for token, reading in known for server in listed_servers(token, reading)]

    @cached_property
    def servers(self) -> list[ListedServer]:
        return [one.server for one in find(self._readings, ServerFilter())]

    @property
    def confirmed_at(self) -> datetime | None:
        """As of when the servers and snapshots are known that were looked at."""
        return min(
            (one.reading.confirmed_at for one in self.servers if one.reading.confirmed_at), default=None
        )
