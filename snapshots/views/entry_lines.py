"""The lines of a list of entries of the log."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from snapshots.audit.models import Entry
from snapshots.audit.sealing import SUBJECT_COLUMNS
from snapshots.templatetags.portal import id_text
from snapshots.views import kept_html
from snapshots.views.links import link
from snapshots.views.log_links import server_log_url
from snapshots.views.texts import audit as texts
from snapshots.views.texts.base import Badge

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

KEPT_FOR: Final = timedelta(minutes=10)
"""Rows of the log do not change, but names are erased from it: after this time they have left the memory too."""


@dataclass(frozen=True)
class EntryLine:
    """One line of the list: the latest row of an operation, or an event.

    `who`: Roster's. `who_url`: all that this person did, '' if there is no link.
    `is_in_tree`: of an archived row, whether it is the row that the tree has at its place.
    """

    entry: Entry
    who: str
    is_in_tree: bool = True
    who_url: str = ""

    @property
    def html(self) -> SafeString:
        """The row of the table, kept for as long as it shows the same."""
        names = [(self.entry.value_of(column), self.entry.erased_in(column)) for column in SUBJECT_COLUMNS]
        is_unanswered = texts.is_unanswered(self.entry)
        key = kept_html.key_of(
            "entry", self.entry.row, names, self.who, self.who_url, is_unanswered, self.is_in_tree
        )
        return kept_html.keep(key, self._render, at_most=KEPT_FOR)

    def _render(self) -> SafeString:
        return render_to_string("audit/_entry_line.html", {"line": self})

    @property
    def url(self) -> str:
        return link("entry_detail", int(self.entry.sequence))

    @property
    def who_html(self) -> str:
        """With a link to what else the person did; of who was erased, to the row that says so."""
        shown = texts.who_html(self.entry, self.who)
        if not (self.who_url and self.entry.actor_name):
            return shown
        return format_html('<a href="{}">{}</a>', self.who_url, shown)

    @property
    def server_url(self) -> str:
        """All that happened on the server of this line; '' if it is about none."""
        return server_log_url(self.entry.server_id) if self.entry.server_id else ""

    @property
    def server_words(self) -> str:
        name = self.entry.server_name or id_text(self.entry.server_id or 0)
        return _("Everything about %(server)s") % {"server": name}

    @property
    def what_html(self) -> SafeString:
        return texts.headline_html(self.entry)

    @property
    def note(self) -> "StrPromise | str":
        return texts.code_words(self.entry)

    @property
    def result(self) -> Badge:
        return texts.result_badge(self.entry)


def sequence_from(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 19 else None  # noqa: PLR2004 - fits the column
