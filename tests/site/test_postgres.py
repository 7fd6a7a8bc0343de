"""The tests of the audit log, operations, readings, people and tokens also pass on PostgreSQL."""

import psycopg
import pytest
from django.db import connection

from snapportal import health
from tests.support import audit_concurrency, own_run, postgres, postgres_selection

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def database_url(django_db_blocker):
    """The URL of a server's own database, beside a migrated one that the tests copy."""
    with postgres.cluster() as url:
        with django_db_blocker.unblock():
            postgres.migrate_template(url)
        yield url


@pytest.fixture
def copied_url(database_url):
    """The URL of a migrated database of the test's own."""
    yield postgres.copy_template(database_url, "copied")
    with psycopg.connect(database_url, autocommit=True) as server:
        server.execute("DROP DATABASE copied")


NOT_HERE = {
    "archive_verification",
    "chain_rules",
    "checkpoint_file",
    "concurrent_writers",
    "ed25519",
    "end_signal",
    "log_format_page",
    "notes",
    "outbound",
    "proof_lines",
    "query_plans",
    "sealing",
    "search_windows",
    "statements",
    "stream_command",
    "stream_kill",
    "stream_syslog",
    "subject_verification",
    "tile_check",
    "tree",
    "verification_texts",
    "verify_log",
    "verify_log_checkpoints",
    "verify_log_erasures",
    "verify_log_refusals",
    "witness",
    "witness_faults",
}
"""Tests of the log in tests/audit that need no database or only read rows that they wrote (verification runs on
PostgreSQL in test_attacks, test_tamper and test_archive), whose tests are all marked `load` or `only_sqlite`, or that start
processes with an SQLite file (test_concurrent_writers; below is the same on PostgreSQL) or to send them a signal. How far
a stream has come is stored in the same way whether by syslog or by a webhook."""
AUDIT_FILES = [
    f"audit/{path.name}"
    for path in own_run.find_files(["audit/test_*.py"])
    if path.stem.removeprefix("test_") not in NOT_HERE
]
TEST_FILES = {
    "the log": [*AUDIT_FILES, "views/test_audit_filter.py", "views/test_saved_views*.py"],
    "operations, people and tokens": [
        "operations/test_operations.py",
        "operations/test_idempotency.py",
        "operations/test_reconciliation.py",
        "operations/test_rights_in_flight.py",
        "operations/test_two_people.py",
        "operations/test_guard_rows.py",
        "approvals/test_approvals_at_once.py",
        "reviews/test_reviews_at_once.py",
        "reviews/test_signatures.py",
        "inventory/test_reader.py",
        "jobs/test_safe_restore.py",
        "worker/test_loop.py",
        "worker/test_follow.py",
        "api/test_foreign_keys.py",
        "api/test_texts.py",
        "accounts/factors/test_codes_at_once.py",
        "accounts/factors/test_factor_canaries.py",
        "accounts/factors/test_second_step.py",
        "accounts/test_erasure*.py",
        "accounts/test_people*.py",
        "accounts/test_sign_in.py",
        "views/test_token_races.py",
        "vault/test_concurrent_changes.py",
        "vault/test_limits.py",
        "vault/test_stored_binding.py",
        "vault/test_token_*.py",
        "vault/test_vault.py",
        "site/test_health.py",
        "site/test_readiness_writes.py",
    ],
}
"""Files whose outcome can depend on the database: locks, constraints, triggers, transactions of several processes or threads,
the comparison and search of texts, JSON, times and whole numbers as they are stored. Of factors, tokens and pages those files
are not here that check what the portal answers to what somebody typed: their queries are of the same kind as in these files.
tests/support/postgres_selection.py names single tests that are left out for the same reason.
Two runs, so that a failure of the log hides nothing else."""


@pytest.mark.parametrize("group", TEST_FILES)
def test_tests_that_pass_on_sqlite_pass_on_postgresql(database_url, group, tmp_path):
    own_run.run_files(
        own_run.find_files(TEST_FILES[group]),
        tmp_path,
        *(
            "-m",
            "not load",
            "--create-db",  # what others left would change the plans of queries
            "--reuse-db",
            *postgres_selection.deselections(own_run.TESTS),
        ),
        timeout_seconds=600,
        SNAPPORTAL_DATABASE_URL=database_url,
        SNAPPORTAL_TESTS_TEMPLATE=postgres.TEMPLATE,
    )
    with psycopg.connect(database_url) as server:
        assert server.execute("SELECT 1 FROM pg_database WHERE datname = 'test_postgres'").fetchone()


@pytest.mark.parametrize(
    ("option", "is_ready"),
    [
        ("", True),
        ("-c temp_file_limit=0", False),  # like a full disk: no file may grow
        ("-c role=reader", False),  # may write sessions, but no audit row
        ("-c default_transaction_read_only=on", False),
    ],
)
def test_readiness_fails_when_an_audit_row_cannot_be_written(copied_url, django_db_blocker, option, is_ready):
    with django_db_blocker.unblock(), postgres.opened(copied_url):
        with connection.cursor() as cursor:
            cursor.execute("DROP ROLE IF EXISTS reader; CREATE ROLE reader")
            cursor.execute("GRANT SELECT, INSERT ON person_session TO reader")
            cursor.execute(
                "GRANT SELECT ON audit_entry, stored_token, authenticator, django_migrations TO reader"
            )
        try:
            connection.settings_dict["OPTIONS"]["options"] = option
            assert health.run_checks()["audit_log"] is is_ready
        finally:
            with connection.cursor() as cursor:
                cursor.execute("DROP OWNED BY reader; DROP ROLE reader")


@pytest.mark.load
def test_sixteen_processes_share_the_log_on_postgresql(copied_url, django_db_blocker):
    with django_db_blocker.unblock(), postgres.opened(copied_url):
        audit_concurrency.write_at_once(
            {"SNAPPORTAL_DATABASE_URL": copied_url}, writers=16, each=audit_concurrency.ROWS_EACH
        )
        audit_concurrency.check_log(writers=16, each=audit_concurrency.ROWS_EACH)
