"""Rows of the log, and people who review them."""

from types import SimpleNamespace

import pytest
from django.test import Client

from snapshots.audit import journal
from snapshots.audit.models import Entry
from snapshots.reviews.models import Verdict
from tests.support.actors import actor_of
from tests.support.reviews import marked


@pytest.fixture
def rows(cast) -> SimpleNamespace:
    """Row 1 by Mia, row 2 by Omar, row 3 by Aron the auditor, row 4 by nobody."""
    people = {"of_mia": cast.mia, "of_omar": cast.omar, "of_aron": cast.aron}
    found = {
        name: journal.record(actor_of(person).entry(action="team.change", target=name))
        for name, person in people.items()
    }
    found["of_nobody"] = journal.record(journal.EntryData(action="audit.anchor"))
    return SimpleNamespace(**found)


@pytest.fixture
def aron(cast, rows, signed_in) -> Client:
    """A browser in which Aron is signed in."""
    return signed_in(cast.aron)


@pytest.fixture
def question(cast, rows) -> Entry:
    """The row of the log about Mia's row, which Aron asks."""
    one = marked(cast.aron, rows.of_mia, Verdict.QUESTION, "Why on a Sunday?")
    return Entry.objects.get(sequence=one.recorded_in)
