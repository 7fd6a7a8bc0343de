"""The journal writes intent, outcome and event rows in order and durably, or not at all."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from snapportal.accounts.session_models import PersonSession as Session
from snapshots.audit import chain, journal, sealing
from snapshots.audit.models import Phase
from tests.support.audit_rows import MIA, rows, verdict


def restore(**fields) -> journal.EntryData:
    return MIA.entry(action="snapshot.restore", server_id=12345, server_name="web-server-01", **fields)


def test_the_rows_of_an_operation_and_an_event_form_one_chain(db):
    operation_id = uuid.uuid4()
    with journal.committed():
        journal.intend(restore(operation_id=operation_id, reason="A bad update"))
    with journal.committed():
        journal.conclude(restore(operation_id=operation_id, result="accepted", provider_status=200))
    journal.record(MIA.entry(action="person.sign_out"))

    log_rows = rows()
    assert [(row["sequence"], row["phase"], row["result"]) for row in log_rows] == [
        (1, Phase.INTENT, "pending"),
        (2, Phase.OUTCOME, "accepted"),
        (3, Phase.EVENT, "completed"),
    ]
    assert log_rows[0]["previous_hash"] == chain.GENESIS
    assert log_rows[1]["previous_hash"] == log_rows[0]["hash"]
    assert (log_rows[0]["actor_name"], log_rows[0]["address"], log_rows[0]["reason"]) == (
        "Mia",
        "203.0.113.9",
        "A bad update",
    )
    assert verdict() == chain.Verdict(
        3, None, "", chain.Head(3, log_rows[2]["hash"], sealing.to_json_value(log_rows[2]["at"]), "a1")
    )


def test_intent_and_outcome_rows_are_refused_outside_committed(db):
    with pytest.raises(RuntimeError):
        journal.intend(restore(operation_id=uuid.uuid4()))
    with pytest.raises(RuntimeError):
        journal.conclude(restore(operation_id=uuid.uuid4(), result="failed"))
    assert rows() == []


def test_an_outcome_without_result_or_operation_is_refused(db):
    with journal.committed():
        with pytest.raises(ValueError):
            journal.conclude(restore(operation_id=uuid.uuid4()))
        with pytest.raises(ValueError):
            journal.conclude(restore(result="completed"))
    assert rows() == []


def test_an_intent_is_durable_before_committed_ends(transactional_db):
    with journal.committed():
        journal.intend(restore(operation_id=uuid.uuid4()))
    assert not connection.in_atomic_block
    transaction.set_autocommit(False)
    transaction.rollback()
    transaction.set_autocommit(True)
    assert len(rows()) == 1


def test_committed_and_record_are_refused_inside_another_transaction(transactional_db):
    with pytest.raises(RuntimeError), transaction.atomic(), journal.committed():
        journal.intend(restore(operation_id=uuid.uuid4()))
    with pytest.raises(RuntimeError), transaction.atomic():
        journal.record(MIA.entry(action="person.sign_in"))
    assert rows() == []


def test_an_error_inside_committed_rolls_back_all_rows(transactional_db):
    with pytest.raises(ZeroDivisionError), journal.committed():
        journal.intend(restore(operation_id=uuid.uuid4()))
        _ = 1 / 0
    assert rows() == []
    journal.record(MIA.entry(action="person.sign_in"))
    assert verdict().holds


def test_an_integrity_error_inside_committed_reaches_the_caller_unchanged(transactional_db):
    Session.objects.create(session_key="once", expire_date=datetime.now(UTC))
    with pytest.raises(IntegrityError), journal.committed():
        journal.intend(restore(operation_id=uuid.uuid4()))
        Session.objects.create(session_key="once", expire_date=datetime.now(UTC))
    assert rows() == []


def test_an_event_inside_committed_is_written_in_the_same_transaction(transactional_db):
    with journal.committed():
        Session.objects.create(session_key="once", expire_date=datetime.now(UTC))
        journal.record(MIA.entry(action="token.add"))
    assert len(rows()) == 1


def test_row_times_increase_when_the_clock_goes_back(db):
    moment = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
    with time_machine.travel(moment, tick=False):
        journal.record(MIA.entry(action="person.sign_in"))
        journal.record(MIA.entry(action="person.sign_out"))
    with time_machine.travel(moment - timedelta(hours=2), tick=False):
        journal.record(MIA.entry(action="person.sign_in"))
    log_rows = rows()
    assert [row["at"] - moment for row in log_rows] == [timedelta(microseconds=n) for n in range(3)]
    assert [row["clock_was_behind"] for row in log_rows] == [False, False, True]
    assert verdict().holds


def test_values_from_outside_are_cleaned_and_fitted_to_their_columns(db):
    entry = journal.record(
        MIA.entry(
            action="access.refuse",
            target="x" * 1000,
            reason="line\nnext\x00\x1b[31m\u202egnp.exe\ud800" + "y" * 5000,
            server_id=2**70,
            duration_ms=2**40,
        )
    )
    entry.refresh_from_db()
    assert entry.target == "x" * 300
    assert entry.reason.startswith("line\nnext\ufffd\ufffd[31m\ufffdgnp.exe\ufffdy")
    assert len(entry.reason) == 2000
    assert (entry.server_id, entry.duration_ms) == (None, None)
    assert verdict().holds


def test_a_new_first_key_is_declared_in_the_log_before_it_seals_rows(db, settings):
    journal.record(MIA.entry(action="person.sign_in"))
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": bytes(range(32)), **settings.SNAPPORTAL_AUDIT_KEYS}
    journal.record(MIA.entry(action="person.sign_out"))
    journal.record(MIA.entry(action="person.sign_in"))
    assert [(row["action"], row["key_id"]) for row in rows()] == [
        ("person.sign_in", "a1"),
        ("audit.key_change", "a2"),
        ("person.sign_out", "a2"),
        ("person.sign_in", "a2"),
    ]
    assert verdict().holds
