"""The journal: intent, outcome and event rows, each in its place, durable, or not at all."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import IntegrityError, connection, transaction

from snapshots.audit import chain, journal
from snapshots.audit.models import Phase
from tests.support.audit_rows import MIA, rows, verdict


def restore(**fields) -> journal.EntryData:
    return MIA.entry(action="snapshot.restore", server_id=12345, server_name="web-server-01", **fields)


def test_a_story_is_told_in_rows_that_form_one_chain(db):
    operation_id = uuid.uuid4()
    with journal.committed():
        journal.intend(restore(operation_id=operation_id, reason="A bad update"))
    with journal.committed():
        journal.conclude(restore(operation_id=operation_id, result="accepted", provider_status=200))
    journal.record(MIA.entry(action="person.sign_out"))

    told = rows()
    assert [(row["sequence"], row["phase"], row["result"]) for row in told] == [
        (1, Phase.INTENT, "pending"),
        (2, Phase.OUTCOME, "accepted"),
        (3, Phase.EVENT, "completed"),
    ]
    assert told[0]["previous_hash"] == chain.GENESIS
    assert told[1]["previous_hash"] == told[0]["hash"]
    assert (told[0]["actor_name"], told[0]["address"], told[0]["reason"]) == (
        "Mia",
        "203.0.113.9",
        "A bad update",
    )
    assert verdict() == chain.Verdict(
        3, None, "", chain.Head(3, told[2]["hash"], chain.to_json_value(told[2]["at"]), "a1")
    )


def test_rows_of_an_operation_are_refused_outside_committed(db):
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


def test_committed_refuses_to_hide_in_a_longer_transaction(transactional_db):
    with pytest.raises(RuntimeError), transaction.atomic(), journal.committed():
        journal.intend(restore(operation_id=uuid.uuid4()))
    with pytest.raises(RuntimeError), transaction.atomic():
        journal.record(MIA.entry(action="person.sign_in"))
    assert rows() == []


def test_an_error_inside_committed_leaves_nothing(transactional_db):
    with pytest.raises(ZeroDivisionError), journal.committed():
        journal.intend(restore(operation_id=uuid.uuid4()))
        _ = 1 / 0
    assert rows() == []
    journal.record(MIA.entry(action="person.sign_in"))
    assert verdict().holds


def test_a_second_use_of_a_unique_key_reaches_the_caller_unchanged(transactional_db):
    Session.objects.create(session_key="once", expire_date=datetime.now(UTC))
    with pytest.raises(IntegrityError), journal.committed():
        journal.intend(restore(operation_id=uuid.uuid4()))
        Session.objects.create(session_key="once", expire_date=datetime.now(UTC))
    assert rows() == []


def test_an_event_may_join_the_transaction_around_it(transactional_db):
    with journal.committed():
        Session.objects.create(session_key="once", expire_date=datetime.now(UTC))
        journal.record(MIA.entry(action="token.add"))
    assert len(rows()) == 1


def test_time_goes_on_when_the_clock_goes_back(db):
    moment = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
    with time_machine.travel(moment, tick=False):
        journal.record(MIA.entry(action="person.sign_in"))
        journal.record(MIA.entry(action="person.sign_out"))
    with time_machine.travel(moment - timedelta(hours=2), tick=False):
        journal.record(MIA.entry(action="person.sign_in"))
    told = rows()
    assert [row["at"] - moment for row in told] == [timedelta(microseconds=n) for n in range(3)]
    assert [row["clock_was_behind"] for row in told] == [False, False, True]
    assert verdict().holds


def test_text_from_outside_is_cleaned_and_cut_to_its_column(db):
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


def test_a_new_first_key_is_told_in_the_log_before_it_seals(db, settings):
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
