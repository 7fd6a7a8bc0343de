"""Writes rows to be searched for, and reads filtered lists of the log."""

from functools import reduce
from operator import or_
from typing import Any

from django.db import connection
from django.db.models import Q

from snapshots.audit import journal
from snapshots.audit.models import Entry
from snapshots.audit.search import searched
from snapshots.audit.search.criteria import Criteria
from snapshots.audit.search.listing import Listing
from tests.support.audit_rows import MIA

PAGE = 50


def write(**columns: Any) -> int:
    """Write an event; returns its sequence."""
    return journal.record(MIA.entry(**({"action": "token.check"} | columns))).sequence


def found(**criteria: Any) -> list[int]:
    """The sequences of the first page, newest first."""
    return [entry.sequence for entry in Criteria(**criteria).listing().page(PAGE).entries]


def all_pages(listing: Listing, size: int) -> list[int]:
    """The sequences of all pages, from the first one on, following the links to older ones."""
    page = listing.page(size)
    sequences = [entry.sequence for entry in page.entries]
    while page.older is not None:
        page = listing.page(size, before=page.older)
        sequences += [entry.sequence for entry in page.entries]
    return sequences


def all_pages_back(listing: Listing, size: int) -> list[int]:
    """The sequences of all pages from the last one on, following the links to newer ones; newest first."""
    page = listing.page(size, after=0)
    sequences = [entry.sequence for entry in page.entries]
    while page.newer is not None:
        page = listing.page(size, after=page.newer)
        sequences = [entry.sequence for entry in page.entries] + sequences
    return sequences


def containing(text: str) -> list[int]:
    """The rows with `text` in a searched column, found by comparing every row, newest first.

    On SQLite `icontains` knows the upper case of A to Z alone.
    """
    rows = Entry.objects.order_by("-sequence")
    if connection.vendor == "postgresql":
        condition = reduce(or_, (Q(**{f"{column}__icontains": text}) for column in searched.COLUMNS))
        return list(rows.filter(condition).values_list("sequence", flat=True))
    folded = text.casefold()
    return [
        row["sequence"]
        for row in rows.values("sequence", *searched.COLUMNS)
        if any(folded in row[column].casefold() for column in searched.COLUMNS)
    ]
