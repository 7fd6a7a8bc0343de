"""The lines of a list of entries of the log."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.http import HttpRequest
from django.urls import reverse

from snapshots.audit.models import Entry
from snapshots.views.texts import audit as texts
from snapshots.views.texts.base import Badge

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True)
class EntryLine:
    """One line of the list: the latest row of an operation, or an event."""

    url: str
    at: datetime
    who: str
    who_html: str
    role: str
    what: str
    what_html: str
    why: str
    note: "StrPromise | str"
    result: Badge
    is_in_tree: bool
    """Of an archived row: whether it is the row that the tree has at its place."""


def entry_line(entry: Entry, who: str, *, is_in_tree: bool = True) -> EntryLine:
    return EntryLine(
        url=reverse("entry_detail", args=[int(entry.sequence)]),
        at=entry.at,
        who=who,
        who_html=texts.who_html(entry, who),
        role=entry.actor_role,
        what=texts.headline(entry),
        what_html=texts.headline_html(entry),
        why=entry.reason,
        note=texts.code_words(entry),
        result=texts.result_badge(entry),
        is_in_tree=is_in_tree,
    )


def sequence_from(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 19 else None  # noqa: PLR2004 - fits the column
