"""Verifying the rows since a checkpoint seeks in the log, so that it takes as long in a log of millions of rows."""

import pytest
from django.conf import settings

from snapshots.audit import chain, erasure_rows, verification
from snapshots.audit.models import Entry
from tests.support.audit_rows import write_events
from tests.support.query_plans import plans_of

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.only_sqlite,  # PostgreSQL plans from statistics, which a short table does not have
]


def since_row_4() -> None:
    rows = Entry.objects.all().rows(until=4)
    start = chain.verify(rows, settings.SNAPPORTAL_AUDIT_KEYS).head
    assert verification.check_log(start=start).count == 5


@pytest.mark.parametrize("work", [since_row_4, lambda: erasure_rows.row_that_erased(7)])
def test_no_query_goes_through_all_rows_or_all_of_one_result(work):
    write_events(9)
    steps = plans_of(work)
    assert any("INDEX audit_action" in step for step in steps)
    assert not [step for step in steps if "audit_result" in step]
