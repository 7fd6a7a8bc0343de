"""Pages of the archive: the files with their rows, and the rows of one file read back."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from snapshots.audit.archiving import reading, rows
from snapshots.audit.archiving.files import ArchiveFileError
from snapshots.audit.archiving.rows import Archive
from snapshots.views.access import requires
from snapshots.views.entry_lines import EntryLine, sequence_from
from snapshots.views.live_pages import live
from snapshots.views.roster import Roster
from snapshots.views.texts import archive as texts
from snapshots.views.texts.base import Badge

FILES_PER_PAGE = 20
"""The SHA-256 of each file on the page is computed: about 5 ms for each file of 16,384 rows."""
ROWS_PER_PAGE = 50


@dataclass(frozen=True)
class FileLine:
    """One archive file in the list. `size` is in bytes."""

    url: str
    record_url: str
    archive: Archive
    recorded_at: datetime | None
    badge: Badge


def _folder() -> Path:
    return Path(settings.SNAPPORTAL_ARCHIVE_DIR)


def _file_line(archive: Archive, state: str) -> FileLine:
    return FileLine(
        url=reverse("archive_detail", args=[archive.first]),
        record_url=reverse("entry_detail", args=[archive.recorded_in]),
        archive=archive,
        recorded_at=archive.recorded_at,
        badge=texts.FILE_STATES[state],
    )


@live()
@requires("audit.read", "GET", "HEAD")
def archive_list(request: HttpRequest) -> HttpResponse:
    """Files, newest first; `before` is the first row of the file after those of the page."""
    archives = rows.read_all()
    before = sequence_from(request, "before")
    shown = [one for one in reversed(archives) if before is None or one.first < before]
    context = {
        "files": [_file_line(one, reading.state_of(one, _folder())) for one in shown[:FILES_PER_PAGE]],
        "older": shown[FILES_PER_PAGE - 1].first if len(shown) > FILES_PER_PAGE else None,
        "is_first_page": before is None,
        "count": len(archives),
        "last": archives[-1].last if archives else 0,
    }
    return render(request, "audit/archive_list.html", context)


@requires("audit.read", "GET", "HEAD")
def archive_detail(request: HttpRequest, first: int) -> HttpResponse:
    """The rows of the file that begins with the row `first`, read back, newest first."""
    archive = next((one for one in rows.read_all() if one.first == first), None)
    if archive is None:
        raise Http404
    until = min(sequence_from(request, "until") or archive.last, archive.last)
    state = reading.state_of(archive, _folder())
    try:
        found = [] if state else reading.read_page(archive, _folder(), until=until, limit=ROWS_PER_PAGE)
    except ArchiveFileError:
        found, state = [], "changed"
    names = Roster.load().names(one.entry for one in found)
    older = until - ROWS_PER_PAGE
    context = {
        "file": _file_line(archive, state),
        "archive": archive,
        "state": state,
        "lines": [EntryLine(one.entry, names[one.entry.sequence], one.is_in_tree) for one in found],
        "older": older if older >= archive.first else None,
        "newer": until + ROWS_PER_PAGE if until < archive.last else None,
    }
    return render(request, "audit/archive_detail.html", context)
