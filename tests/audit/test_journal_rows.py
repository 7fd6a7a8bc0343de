"""What the journal writes into each column, which values it refuses, and what its errors say."""

import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db.models import F

from snapshots.audit import chain, journal, sealing
from snapshots.audit.journal import EntryData, JournalUnavailableError
from snapshots.audit.models import Entry, Phase
from tests.support.audit_rows import MIA, rows, verdict, write_events
from tests.support.audit_triggers import without_triggers

pytestmark = pytest.mark.django_db
NEW_KEY, WRONG_KEY = bytes(range(32)), bytes(range(1, 33))
TEXTS = dict.fromkeys(
    ("result", "code", "actor_name", "actor_role", "settled_by", "server_name", "snapshot_name", "target", "reason",
     "evidence", "address", "channel", "token_label", "token_fingerprint", "request_id", "provider_message"),
    "",
)  # fmt: skip
NUMBERS = dict.fromkeys(
    ["operation_id", "actor_id", "server_id", "snapshot_id", "provider_status", "duration_ms"]
)
CHAIN = ("sequence", "at", "clock_was_behind", "previous_hash", "key_id", "salt", "hash")


def content(row: dict) -> dict:
    """What was given to the journal: no chain columns, and names instead of commitments."""
    hidden = {*CHAIN, *sealing.SUBJECT_COLUMNS, "full_target", "full_evidence"}
    return {name: value for name, value in row.items() if name not in hidden}


def refusal(message: str):
    return pytest.raises(JournalUnavailableError, match=rf"\A{message}\Z")


def test_a_row_has_exactly_the_given_values_and_is_empty_elsewhere():
    journal.record(EntryData(action="person.sign_in"))
    assert content(rows()[0]) == TEXTS | NUMBERS | {
        "phase": "event",
        "action": "person.sign_in",
        "result": "completed",
    }


def test_an_actor_fills_the_columns_of_who_and_from_where():
    who = {"actor_id": 1003, "actor_name": "Mia", "actor_role": "manager"}
    place = {"address": "203.0.113.9", "address_person_id": 1003, "channel": "browser", "request_id": "r-1"}
    assert MIA.entry(action="a", target="b") == EntryData(action="a", target="b", **who, **place)


def test_every_column_of_a_row_is_stored_as_it_was_given():
    given = {name: f"the {name}"[:20] for name in TEXTS} | {name: n for n, name in enumerate(NUMBERS, 100)}
    given |= {"action": "snapshot.restore", "operation_id": uuid.uuid4(), "channel": "api"}
    with journal.committed():
        journal.conclude(EntryData(**given))
    assert content(rows()[0]) == given | {"phase": "outcome"}


@pytest.mark.parametrize(
    ("write", "phase", "usual"),
    [(journal.intend, Phase.INTENT, "pending"), (journal.record, Phase.EVENT, "completed")],
)
def test_a_row_without_a_result_gets_the_usual_one_of_its_phase(write, phase, usual):
    data = EntryData(action="snapshot.restore", operation_id=uuid.uuid4())
    with journal.committed():
        assert (write(data).phase, write(data).result) == (phase, usual)
        assert write(EntryData(action="a", result="refused")).result == "refused"


def test_an_event_outside_a_transaction_keeps_its_result():
    assert journal.record(EntryData(action="a", result="refused")).result == "refused"
    assert journal.record(EntryData(action="a")).result == "completed"


@pytest.mark.parametrize("missing", [{"result": ""}, {"operation_id": None}])
def test_an_outcome_without_its_operation_or_result_is_refused(missing):
    data = EntryData(**({"action": "a", "operation_id": uuid.uuid4(), "result": "failed"} | missing))
    with (
        journal.committed(),
        pytest.raises(ValueError, match=r"\Aan outcome names its operation and its result\Z"),
    ):
        journal.conclude(data)


@pytest.mark.parametrize("write", [journal.intend, journal.conclude])
def test_an_operations_rows_are_written_inside_committed_only(write):
    data = EntryData(action="a", operation_id=uuid.uuid4(), result="failed")
    with pytest.raises(RuntimeError, match=r"\Athe log is written inside journal.committed\(\)\Z"):
        write(data)
    write_events(1)
    with pytest.raises(RuntimeError):  # also after a transaction that has ended
        write(data)


def test_after_a_failed_transaction_none_is_open():
    with pytest.raises(ZeroDivisionError), journal.committed():
        raise ZeroDivisionError
    with pytest.raises(RuntimeError):
        journal.intend(EntryData(action="a"))


def test_a_chain_links_its_rows_by_number_hash_and_key():
    write_events(3)
    log = rows()
    assert [row["sequence"] for row in log] == [1, 2, 3]
    assert [row["previous_hash"] for row in log] == [chain.GENESIS, log[0]["hash"], log[1]["hash"]]
    assert {row["key_id"] for row in log} == {"a1"}
    assert [row["clock_was_behind"] for row in log] == [False] * 3


def test_the_first_row_has_the_time_of_the_clock_and_the_next_is_a_microsecond_later():
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    with time_machine.travel(moment, tick=False):
        write_events(2)
    with time_machine.travel(moment + timedelta(seconds=5), tick=False):
        write_events(1)
    with time_machine.travel(moment + timedelta(seconds=4), tick=False):
        write_events(1)
    offsets = [(row["at"] - moment) / timedelta(microseconds=1) for row in rows()]
    assert offsets == [0, 1, 5_000_000, 5_000_001]
    assert [row["clock_was_behind"] for row in rows()] == [False, False, False, True]


@pytest.mark.parametrize(
    ("column", "bits"),
    [("server_id", 63), ("snapshot_id", 63), ("actor_id", 63), ("provider_status", 31), ("duration_ms", 31)],
)
def test_a_number_that_does_not_fit_its_column_is_left_out(column, bits):
    def stored(value: int) -> int | None:
        journal.record(EntryData(action="a", **{column: value}))
        return Entry.objects.values_list(column, flat=True).latest("sequence")

    for value in (0, 2**bits - 1, -(2**bits)):
        assert stored(value) == value
    for value in (2**bits, -(2**bits) - 1):
        assert stored(value) is None


def test_a_text_is_cleaned_and_cut_at_the_length_of_its_column():
    journal.record(EntryData(action="a", code="x" * 500, reason="y\x00" + "y" * 5000, channel="z" * 500))
    row = Entry.objects.get()
    for name in ("code", "channel"):
        assert getattr(row, name) == getattr(row, name)[0] * Entry.column(name).max_length
    assert row.reason == "y\N{REPLACEMENT CHARACTER}" + "y" * 1998


def test_a_key_change_is_declared_with_both_keys(settings):
    write_events(1)
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": NEW_KEY, **settings.SNAPPORTAL_AUDIT_KEYS}
    write_events(1)
    declared = rows()[1]
    changes = {"phase": "event", "action": chain.KEY_CHANGE, "result": "completed", "target": "a2"}
    assert content(declared) == TEXTS | NUMBERS | changes | {"evidence": "a1 → a2"}
    assert declared["key_id"] == "a2"
    assert verdict().holds


def test_without_a_key_nothing_is_written(settings):
    settings.SNAPPORTAL_AUDIT_KEYS = {}
    with refusal("no key to seal the log with"):
        write_events(1)
    with refusal("no key to seal the log with"):
        journal.check_key()
    assert rows() == []


def test_a_key_that_is_not_given_is_named(settings):
    write_events(2)
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": NEW_KEY}
    message = "the newest row, 2, is sealed with the key a1, which is not given: nothing was written"
    with refusal(message):
        write_events(1)
    with refusal(message):
        journal.check_key()


def test_a_wrong_key_under_the_right_id_is_named(settings):
    write_events(2)
    settings.SNAPPORTAL_AUDIT_KEYS = {"a1": WRONG_KEY}
    with refusal(
        "the key a1 does not open the newest row, 2: it is a wrong key under the right ID, or the row was changed in the "
        r"database; nothing was written \(docs/operators.md tells how to go on\)"
    ):
        write_events(1)


def test_a_key_that_was_given_up_is_named(settings):
    first = settings.SNAPPORTAL_AUDIT_KEYS
    write_events(1)
    for newer in ({"a2": NEW_KEY}, {"a3": WRONG_KEY, "a2": NEW_KEY}):
        settings.SNAPPORTAL_AUDIT_KEYS = newer | first
        write_events(1)
    for given_up in ("a1", "a2"):  # the first of all, and one that was declared
        ring = {"a3": WRONG_KEY, "a2": NEW_KEY, **first}
        settings.SNAPPORTAL_AUDIT_KEYS = {given_up: ring[given_up], **ring}
        for check in (journal.check_key, lambda: write_events(1)):
            with refusal(f"the key {given_up} was given up for another one: it seals no more"):
                check()
    settings.SNAPPORTAL_AUDIT_KEYS = {"a4": bytes(32), "a3": WRONG_KEY, "a2": NEW_KEY, **first}
    write_events(1)
    assert verdict().head.key_id == "a4"


def test_a_key_whose_id_only_another_action_names_can_be_used(settings):
    journal.record(EntryData(action="person.sign_in", target="a2"))
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": NEW_KEY, **settings.SNAPPORTAL_AUDIT_KEYS}
    journal.check_key()
    write_events(1)
    assert verdict().head.key_id == "a2"


@pytest.mark.parametrize(
    ("action", "accepts", "number"),
    [
        (chain.ACCEPT_CHANGED_ROWS, True, 2),
        (chain.ACCEPT_CHANGED_ROWS, False, 1),
        (chain.ACCEPT_RESTORED_LOG, False, 2),
        ("person.sign_in", False, 2),
    ],
)
def test_only_the_row_that_accepts_the_change_follows_a_changed_row(action, accepts, number):
    write_events(2)
    with without_triggers():
        Entry.objects.filter(sequence=2).update(reason=F("action"))
    newest = Entry.objects.get(sequence=2)
    data = EntryData(action=action, evidence=f"changed; accepted: {number} {chain.digest(newest.row)}")
    if accepts:
        journal.record(data)
        assert len(rows()) == 3
    else:
        with pytest.raises(JournalUnavailableError, match="the key a1 does not open the newest row, 2"):
            journal.record(data)
        assert len(rows()) == 2


def test_a_thread_that_has_opened_no_transaction_writes_no_row():
    errors: list[Exception] = []

    def write() -> None:
        try:
            journal.intend(EntryData(action="a"))
        except Exception as error:  # noqa: BLE001 - compared below
            errors.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    assert [type(error) for error in errors] == [RuntimeError]
