"""The audit log through the API: a collector that polls it loses no row and gets none twice."""

import itertools

import pytest

from snapshots.audit.models import Entry
from tests.support.api import Script, make_key
from tests.support.audit_rows import fill_log, write_events, write_operation

pytestmark = pytest.mark.django_db


@pytest.fixture
def collector(cast) -> Script:
    return Script(make_key(cast.aron)[1])


def collect(script: Script, after: int = 0, **filters: object) -> tuple[list[dict], int]:
    """Everything after this row, and the cursor."""
    rows: list[dict] = []
    for _ in itertools.count():
        query = "&".join(f"{name}={value}" for name, value in {"after": after, **filters}.items())
        answer = script.get(f"audit/?{query}")
        assert answer.status_code == 200, answer.content
        page = answer.json()
        rows += page["results"]
        after = page["next_after"]
        if page["is_at_end"]:
            return rows, after
    raise AssertionError


def numbers(rows: list[dict]) -> list[int]:
    return [one["row"]["sequence"] for one in rows]


def test_all_rows_come_once_and_in_their_order_while_the_log_grows(collector):
    write_events(30)
    seen, after = collect(collector, limit=7)
    for count in (1, 8, 0, 15):
        write_events(count)
        more, after = collect(collector, after, limit=7)
        seen += more
    stored = list(Entry.objects.order_by("sequence").values_list("sequence", flat=True))
    assert numbers(seen) == stored


def test_a_filter_loses_nothing_either(collector):
    fill_log(5_200)  # more than one answer looks at
    write_operation("accepted", "completed")
    write_events(3)
    rows, after = collect(collector, action="snapshot.restore")
    assert [one["row"]["phase"] for one in rows] == ["intent", "outcome", "outcome"]
    write_operation("failed")
    more, _after = collect(collector, after, action="snapshot.restore")
    assert len(more) == 2


def test_each_row_has_its_seal_and_what_opens_it(collector):
    write_operation("accepted")
    rows, _after = collect(collector)
    row = next(one for one in rows if one["row"]["action"] == "snapshot.restore")
    stored = Entry.objects.get(sequence=row["row"]["sequence"])
    assert row["hash"] == stored.hash
    assert row["open"]["server_name"]["value"] == "web-server-01"
    assert row["row"]["previous_hash"] == stored.previous_hash


def test_reading_the_log_is_recorded_once_a_day(collector, clock):
    for _ in range(3):
        collect(collector)
    assert Entry.objects.filter(action="audit.export", code="api").count() == 1
    clock.shift(24 * 3600)
    collect(collector)
    assert Entry.objects.filter(action="audit.export", code="api").count() == 2


def test_a_cursor_at_the_end_waits_there(collector):
    collect(collector)
    newest = Entry.objects.latest("sequence").sequence
    page = collector.get(f"audit/?after={newest}").json()
    assert (page["results"], page["next_after"], page["is_at_end"]) == ([], newest, True)


def test_a_cursor_beyond_the_end_is_an_error(collector):
    """A restored backup has fewer rows: waiting there would hide the rows that are written next."""
    answer = collector.get("audit/?after=1000000")
    assert (answer.status_code, answer.json()["code"]) == (409, "log_is_shorter")
    assert answer.json()["newest"] == Entry.objects.latest("sequence").sequence


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=0", "limit=501", f"after={2**63}"])
def test_a_cursor_that_is_none_is_400(collector, query):
    assert collector.get(f"audit/?{query}").status_code == 400


def test_only_keys_with_the_right_read_it(cast, desk):
    key = make_key(cast.ada, None, rights=["audit.read"])[1]
    assert Script(key).get("audit/").status_code == 200
    answer = Script(make_key(desk.user, desk.token)[1]).get("audit/")
    assert answer.status_code == 403
