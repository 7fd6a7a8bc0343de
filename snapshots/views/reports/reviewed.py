"""How far the rows of the report are reviewed now, and what reviewers have found in them."""

from snapshots.audit.reporting.coverage import Coverage
from snapshots.reviews import queries
from snapshots.views.reports.figures import Figure, figure
from snapshots.views.texts import report as texts


def review_notes(coverage: Coverage) -> tuple[str, ...]:
    first = max(coverage.first, queries.signed_until() + 1)
    return (texts.unreviewed_sentence(first, coverage.last),)


def review_figures(coverage: Coverage) -> tuple[Figure, ...]:
    """Without a link: the pages of reviews are for those who may review."""
    noted = queries.noted_in(coverage.first, coverage.last)
    return (
        figure(texts.OPEN_QUESTIONS, noted.open_questions),
        figure(texts.FINDINGS, noted.findings),
    )
