"""The indexes of the search: that they are used, what enters and leaves them, and how they are made."""

import re
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.db import NotSupportedError, connection
from django.test.utils import CaptureQueriesContext

from snapshots.audit import erasure, journal, verification
from snapshots.audit.models import Entry
from snapshots.audit.search import names, searched, sources
from snapshots.audit.search.areas import Area
from snapshots.audit.search.criteria import Criteria
from snapshots.audit.search.sources import INDEXES
from snapshots.audit.search.windows import Window
from tests.support.archives import archive_all, fill_with_checkpoint
from tests.support.audit_rows import ARON, MIA, MIA_ID, fill_log, write_events
from tests.support.audit_triggers import without_triggers
from tests.support.searching import all_pages, found, write

pytestmark = pytest.mark.django_db
migration = import_module("snapshots.audit.migrations.0006_search")


def plans(**criteria) -> list[str]:
    """The steps of the plans of the queries that a list makes on the log and its index."""
    with CaptureQueriesContext(connection) as seen:
        found(**criteria)
    statements = [
        query["sql"] for query in seen.captured_queries if re.search("audit_(entry|search)", query["sql"])
    ]
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    with connection.cursor() as cursor:
        return [step[-1] for sql in statements for step in cursor.execute(f"{explain} {sql}").fetchall()]


SOUGHT = {
    "audit_search": {"text": "uncommon"},
    "audit_request": {"text": "7c9e6679aabb"},
    "audit_server_name": {"server": "server"},
    "audit_server": {"server": "none", "servers": (1, 2)},
    "audit_actor": {"people": (77, 78)},
    "audit_token": {"token": "f" * 64},
    "audit_action": {"area": Area.OPERATIONS},
    "audit_no_actor": {"person": "command"},
    "audit_result": {"result": "pending"},
    "audit_settled_by": {"text": "Zoe"},
    "audit_target_subject": {"text": "Zoe"},
    "audit_evidence_subject": {"text": "Zoe"},
    "audit_no_actor_from": {"text": "2001:db8"},
}


def write_what_is_sought() -> None:
    for number in (1, 2):
        write(server_id=number, server_name=f"server-{number}", result="pending", reason="uncommon")
        nobody = journal.Actor(id=None, name=f"command {number}", role="", address="2001:db8::1")
        journal.record(nobody.entry(action="token.check", settled_by="Zoe"))
        person = journal.Actor(id=76 + number, name="Zoe", role="", request_id="7c9e6679aabb")
        journal.record(person.entry(action="person.change", target="Zoe", target_person_id=5))
        write(token_fingerprint="f" * 64, action="snapshot.create")
    journal.record(person.entry(action="person.change", evidence="Zoe → Zo", evidence_person_id=5))


def test_each_filter_uses_its_index_and_goes_through_no_whole_table():
    if connection.vendor == "postgresql":
        fill_log(3000)  # it reads a shorter log as a whole
    write_what_is_sought()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE audit_entry")
    for index, wanted in SOUGHT.items():
        steps = plans(**wanted)
        name = {"audit_search": "VIRTUAL TABLE" if connection.vendor == "sqlite" else ""}.get(index, index)
        assert any(name in step for step in steps), f"{index}: " + "\n".join(steps)
        scans = [
            one for one in steps if "Seq Scan on audit_entry" in one or one.startswith("SCAN audit_entry")
        ]
        assert not scans, f"{index}: " + "\n".join(steps)


@pytest.mark.only_postgresql
@pytest.mark.parametrize(
    "where",
    [
        f"{sources.WINDOW_KEYS} @> ARRAY[8]::bigint[] AND {sources.SEARCHED_TEXT} LIKE upper('%uncommon%')",
        f"{sources.SEARCHED_TEXT} LIKE upper('%uncommon%')",
    ],
)
def test_the_index_of_the_text_fits_what_is_asked_for(where):
    """Windows of a short log are read without it, so it is asked about alone."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        steps = [
            step for (step,) in cursor.execute(f"EXPLAIN SELECT 1 FROM audit_entry WHERE {where}").fetchall()
        ]
    assert any("Bitmap Index Scan on audit_search" in step for step in steps), steps
    assert any(step.strip().startswith("Index Cond") and "upper(" in step for step in steps), steps


def buffers(window: Window) -> int:
    """How many pages of the table and its indexes are read to find the sign-ins of a window."""
    with CaptureQueriesContext(connection) as seen:
        assert sources.ColumnSource("action", ("person.sign_in",)).find(window, None)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {seen.captured_queries[0]['sql']}")
        plan = cursor.fetchone()[0][0]["Plan"]
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


@pytest.mark.only_postgresql
def test_a_window_of_older_rows_is_read_to_its_end_alone():
    """It lies behind the rows of other tests, of which the index keeps entries after they were rolled back."""
    fill_log(12_000)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(
            "ALTER TABLE audit_entry DROP CONSTRAINT audit_entry_pkey"
        )  # a short log is read with it
    assert buffers(Window(0, 8_001, 8_065)) <= buffers(Window(0, 11_937, 12_001)) + 3


@pytest.mark.only_postgresql
def test_the_condition_of_an_export_fits_the_index_too():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = Entry.objects.order_by().filter(searched.contains("uncommon")).explain()
    assert "Bitmap Index Scan on audit_search" in plan


def test_every_index_that_a_source_names_exists():
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, "audit_entry")
    assert set(INDEXES.values()) <= constraints.keys()


@pytest.mark.only_sqlite  # PostgreSQL's index is one of the table itself
def test_archived_rows_leave_the_index(tmp_path):
    fill_with_checkpoint(300)
    archive_all(tmp_path)
    with connection.cursor() as cursor:
        cursor.execute("SELECT rowid FROM audit_search WHERE audit_search MATCH 'vis' ORDER BY rowid")
        assert [number for (number,) in cursor.fetchall()] == [*range(257, 301)]
    assert all_pages(Criteria(text="visit").listing(), 50) == [*range(300, 256, -1)]
    assert verification.check_log().holds


@pytest.mark.only_sqlite
def test_the_index_is_valid_and_stores_no_text():
    write(reason="a reason of some length", server_name="web-server-01")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO audit_search(audit_search) VALUES ('integrity-check')")
        tables = [name for name in connection.introspection.table_names() if name.startswith("audit_search_")]
        assert {"audit_search_data", "audit_search_idx"} <= {*tables}
        assert "audit_search_content" not in tables
        for name in tables:
            stored = repr(cursor.execute(f"SELECT * FROM {name}").fetchall())
            assert "reason" not in stored and "server" not in stored


def test_an_erased_name_and_address_are_found_no_more():
    write_events(2, MIA)
    write_events(1, ARON)
    assert found(text="Mia") == found(person="mia") == found(text="203.0.113.9") == [2, 1]
    with journal.committed():
        erasure.erase_person(actor=ARON, person_id=MIA_ID, names=[], reason="left")
    assert found(text="Mia") == found(person="mia") == found(text="203.0.113.9") == []
    assert names.addresses_like("203.0.113") == [ARON.address]
    assert found(text="203.0.113") == [4, 3]


@pytest.mark.parametrize("value", ["M" * 1000, "\N{SNOWMAN}" * 2000])
def test_a_name_of_any_length_can_be_stored_and_found(value):
    journal.record(
        journal.Actor(id=5, name=value, role="").entry(action="token.check", target=value, target_person_id=5)
    )
    assert found(text=value[:100]) == found(person=value[:200]) == [1]


def test_a_row_that_was_changed_in_the_database_breaks_no_search():
    write_events(3)
    with without_triggers():
        Entry.objects.filter(sequence=2).update(reason="changed behind the portal", server_name="other")
    for text in ("behind", "visit", "other"):
        assert set(found(text=text)) <= {1, 2, 3}
    assert found(text="visit 0") == [1]
    assert found(server="other") == [2]
    assert verification.check_log().first_broken == 2


def run(function) -> None:
    def execute(statement, params=None):
        with connection.cursor() as cursor:
            cursor.execute(statement)

    function(None, SimpleNamespace(connection=connection, execute=execute))


@pytest.mark.django_db(transaction=True)
def test_the_indexes_are_made_for_rows_that_are_there_and_again_after_an_interruption():
    fill_log(20)
    for _ in range(2):
        run(migration.create_search)
        assert found(text="visit 1") == [20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 2]
    run(migration.drop_search)
    assert found(text="vi") == [*range(20, 0, -1)]
    run(migration.create_search)
    write(reason="visit 1 again")
    assert found(text="visit 1")[0] == 21


def test_on_postgresql_every_index_is_made_without_a_lock():
    statements = [one for one in migration.POSTGRESQL_STATEMENTS if "INDEX" in one]
    assert len(statements) == 2 and all("INDEX CONCURRENTLY" in one for one in statements)
    made = [one for one in migration.Migration.operations if hasattr(one, "index")]
    assert made and all(isinstance(one, migration.AddIndexWithoutLock) for one in made)
    assert migration.Migration.atomic is False


@pytest.mark.only_sqlite
def test_an_sqlite_without_the_tokenizer_is_refused_with_a_sentence(monkeypatch):
    monkeypatch.setattr(migration, "TRIGRAM_SINCE", (99, 0))
    with pytest.raises(NotSupportedError, match=r"needs SQLite 3\.34 or newer"):
        run(migration.create_search)
