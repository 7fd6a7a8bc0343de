"""The pages of reviews seek in the log, so that they take as long in a log of millions of rows."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from snapshots.audit import journal
from snapshots.reviews.kinds import SHOWN_KINDS
from tests.support.actors import actor_of
from tests.support.reviews import signed

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.only_sqlite,  # PostgreSQL plans from statistics, which a short table does not have
]


def urls() -> list[str]:
    lists = [f"{reverse('review_entries')}?show={kind}" for kind in SHOWN_KINDS]
    return [*lists, reverse("review_list"), reverse("review_sign"), reverse("review_mark", args=[4])]


def scans_of(statements: list[str]) -> list[str]:
    """Those that go through the log. One with a limit goes through as much as that."""
    found = []
    with connection.cursor() as cursor:
        for sql in statements:
            steps = [step[3] for step in cursor.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()]
            if any(step.startswith("SCAN audit_entry") for step in steps) and "LIMIT" not in sql:
                found.append(sql)
    return found


def test_no_page_goes_through_the_log(cast, rows, signed_in):
    signed(cast.ada, last=2)
    journal.record(actor_of(cast.mia).entry(action="person.sign_in", result="refused"))
    aron = signed_in(cast.aron)
    for url in urls():
        with CaptureQueriesContext(connection) as seen:
            assert aron.get(url).status_code == 200
        statements = [query["sql"] for query in seen.captured_queries if "audit_entry" in query["sql"]]
        assert statements
        assert scans_of(statements) == [], url


def test_refused_sign_ins_are_found_among_what_was_refused(cast, rows, signed_in):
    with CaptureQueriesContext(connection) as seen:
        signed_in(cast.aron).get(f"{reverse('review_entries')}?show=sign_in")
    found = [query["sql"] for query in seen.captured_queries if "INDEXED BY" in query["sql"]]
    assert found
    assert all("INDEXED BY audit_result" in sql for sql in found)
