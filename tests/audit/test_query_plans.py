"""What reads a part of the log seeks in it, so that it takes as long in a log of millions of rows."""

import pytest
from django.conf import settings

from snapshots.audit import chain, erasure_rows, verification
from snapshots.audit.models import Entry
from snapshots.audit.search.areas import Area
from snapshots.audit.search.criteria import Criteria
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


@pytest.mark.parametrize("area", Area)
def test_the_list_of_an_area_seeks_each_of_its_actions_in_the_index(area):
    write_events(9)
    steps = plans_of(lambda: Criteria(area=area).listing().page(50))
    seeks = [step for step in steps if "INDEX audit_action (action=? AND sequence>? AND sequence<?)" in step]
    assert seeks, steps
    assert not [step for step in steps if step.startswith("SCAN audit_entry")], steps


def test_the_list_of_a_token_seeks_it_in_its_index():
    write_events(9)
    steps = plans_of(lambda: Criteria(token="f" * 64).listing().page(50))
    assert any("INDEX audit_token (token_fingerprint=? AND sequence>?" in step for step in steps), steps
    assert not [step for step in steps if step.startswith("SCAN audit_entry")], steps
