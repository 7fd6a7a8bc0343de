"""Rows that have left the database are reviewed as any others."""

import pytest
from django.urls import reverse

from snapshots.audit.archiving import run
from snapshots.audit.models import Entry
from snapshots.reviews import queries, rows
from snapshots.reviews.content import Content, content_of
from snapshots.reviews.models import Verdict
from tests.support.archives import archive_all, fill_with_checkpoint
from tests.support.audit_rows import MIA
from tests.support.reviews import current, marked, newest, signed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def archived(cast, settings, tmp_path, monkeypatch) -> None:
    """Rows 1 to 256 are in a file."""
    settings.SNAPPORTAL_ARCHIVE_DIR = str(tmp_path)
    monkeypatch.setattr(run, "ROWS_PER_FILE", 256)
    fill_with_checkpoint(300)
    archive_all(tmp_path)
    assert not Entry.objects.filter(sequence=7).exists()


def test_a_review_begins_with_archived_rows(cast, archived, signed_in):
    assert queries.unreviewed().first == 1
    page = signed_in(cast.aron).get(reverse("review_list")).text
    assert "Rows 1 to 301" in page
    review = signed(cast.aron)
    assert (review.first, review.last, review.verified_from) == (1, 301, 1)
    assert content_of(review) is Content.STORED


def test_a_review_can_end_with_an_archived_row(cast, archived):
    review = signed(cast.aron, last=200)
    assert review.hash == ""
    assert "the last row is archived" in newest().evidence
    assert content_of(review) is Content.STORED
    assert signed(cast.aron).first == 201


def test_an_archived_row_is_marked(cast, archived, signed_in):
    entry = rows.find_row(7)
    assert entry.actor_id == MIA.id
    aron = signed_in(cast.aron)
    assert aron.get(reverse("review_mark", args=[7])).status_code == 200
    marked(cast.aron, entry, Verdict.FINDING, "No reason")
    assert current(entry).note == "No reason"
    assert "No reason" in aron.get(reverse("entry_detail", args=[7])).text


def test_a_row_whose_file_is_gone_has_no_page(cast, archived, signed_in, tmp_path):
    for file in tmp_path.glob("audit-*"):
        file.unlink()
    assert signed_in(cast.aron).get(reverse("review_mark", args=[7])).status_code == 404
    assert signed_in(cast.aron).get(reverse("review_list")).status_code == 200
