"""Each rule of the chain by itself: what makes a row, an anchor or a key change invalid, and which position is reported."""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from snapshots.audit import chain, sealing
from snapshots.audit.chain import Accepted, Anchor, Head

AT = datetime(2026, 11, 20, 10, 30, 15, 42, tzinfo=UTC)
NEW, OLD, OLDEST = bytes(range(32)), bytes(range(32, 64)), bytes(range(64, 96))
EMPTY = {
    **dict.fromkeys((*sealing.CLEAR_COLUMNS, *sealing.SALTED_COLUMNS), None),
    **dict.fromkeys(sealing.SUBJECT_COLUMNS, ""),
    "salt": "5a" * 16,
}
RING = {"k3": NEW, "k2": OLD, "k1": OLDEST}


def rows(*key_ids: str, first: int = 1, head: Head | None = None) -> list[dict[str, Any]]:
    """A valid chain with one row for each key ID. A change of key is declared."""
    made: list[dict[str, Any]] = []
    previous = head or Head()
    for number, key_id in enumerate(key_ids, first):
        changes = previous.key_id not in {"", key_id}
        row = EMPTY | {
            "sequence": number,
            "at": AT + timedelta(seconds=number),
            "action": chain.KEY_CHANGE if changes else "person.sign_in",
            "key_id": key_id,
            "previous_hash": previous.hash,
        }
        made.append(sealed(row))
        previous = head_of(made[-1])
    return made


def sealed(row: dict[str, Any], **changes: Any) -> dict[str, Any]:
    row = row | changes
    return row | {"hash": chain.seal(row, RING[row["key_id"]])}


def head_of(row: dict[str, Any]) -> Head:
    return Head(row["sequence"], row["hash"], sealing.format_time(row["at"]), row["key_id"])


def anchor_of(row: dict[str, Any], key_id: str = "k3", at: datetime = AT, **changes: Any) -> Anchor:
    head = Head(**(vars(head_of(row)) | changes))
    return chain.sign_anchor(head, at=at, key_id=key_id, key=RING[key_id])


def found(log: Iterable[dict[str, Any]], **options: Any) -> tuple[int, int | None, str, int]:
    verdict = chain.verify(log, RING, **options)
    assert verdict.holds == (verdict.first_broken is None) == (verdict.problem == "")
    return verdict.count, verdict.first_broken, verdict.problem, verdict.head.sequence


def test_times_are_written_in_utc_with_microseconds():
    assert sealing.format_time(AT) == "2026-11-20T10:30:15.000042Z"
    east = timezone(timedelta(hours=2))
    assert sealing.format_time(AT.astimezone(east)) == "2026-11-20T10:30:15.000042Z"


def test_a_row_is_sealed_over_its_sealed_bytes():
    row = rows("k3")[0]
    leaf = hashlib.sha256(b"\0" + sealing.sealed_bytes(row)).digest()
    assert chain.seal(row, NEW) == hmac.new(NEW, leaf, hashlib.sha256).hexdigest()
    assert chain.seal(row, NEW) == chain.seal(row | {"hash": "not this"}, NEW)


def test_a_digest_covers_the_hash_too_and_is_empty_for_what_cannot_be_serialised():
    row = rows("k3")[0]
    assert chain.digest(row) != chain.digest(row | {"hash": "y"})
    assert len(chain.digest(row)) == 64
    assert chain.digest(row | {"action": object()}) == ""
    assert chain.digest(row | {"reason": "\ud800"}) == ""
    assert chain.digest(row | {"salt": "no hex digits"}) == ""


def test_an_anchor_names_the_head_and_is_signed_over_all_of_it():
    row = rows("k3")[0]
    anchor = anchor_of(row)
    assert (anchor.sequence, anchor.hash, anchor.count) == (1, row["hash"], 1)
    assert (anchor.at, anchor.key_id) == ("2026-11-20T10:30:15.000042Z", "k3")
    assert anchor.named_row == (1, row["hash"])
    assert chain.has_valid_signature(anchor, RING)
    signed = anchor.signed_part()
    assert signed == b"snapportal anchor\n" + sealing.canonical(
        {"sequence": 1, "head": row["hash"], "count": 1, "at": anchor.at, "key_id": "k3"}
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"sequence": 2},
        {"hash": "0" * 64},
        {"count": 2},
        {"at": "2026"},
        {"key_id": "k2"},
        {"signature": "0" * 64},
    ],
)
def test_an_anchor_with_any_part_changed_is_not_signed(changes):
    anchor = anchor_of(rows("k3")[0])
    assert not chain.has_valid_signature(Anchor(**(vars(anchor) | changes)), RING)


def test_an_anchor_of_an_unknown_key_is_not_signed():
    anchor = anchor_of(rows("k3")[0])
    assert not chain.has_valid_signature(anchor, {"k2": OLD})
    assert found(rows("k3"), anchors=[Anchor(**(vars(anchor) | {"key_id": "k9"}))]) == (0, 1, "anchor", 0)


def test_a_signature_that_is_not_ascii_is_invalid_and_no_error():
    anchor = anchor_of(rows("k3")[0])
    assert not chain.has_valid_signature(Anchor(**(vars(anchor) | {"signature": "ä\ud800"})), RING)


def test_keys_are_aged_by_their_place_in_the_ring():
    assert [chain.key_age(key_id, RING) for key_id in ("k3", "k2", "k1", "k9")] == [0, 1, 2, 3]


def test_a_valid_chain_holds_to_its_last_row():
    log = rows("k1", "k1", "k2", "k3", "k3")
    verdict = chain.verify(log, RING)
    assert (verdict.count, verdict.first_broken, verdict.problem) == (5, None, "")
    assert verdict.head == head_of(log[-1])
    assert chain.verify([], RING) == chain.Verdict(0, None, "", Head(0, "0" * 64, "", ""))


def test_a_chain_can_be_continued_from_a_trusted_head():
    log = rows("k3", "k3", "k3")
    assert found(log[1:], start=head_of(log[0])) == (2, None, "", 3)
    assert found(log[2:], start=head_of(log[0])) == (0, 2, "gap", 1)
    assert found([], start=head_of(log[0])) == (0, None, "", 1)


@pytest.mark.parametrize(
    ("number", "reported", "problem"),
    [
        (0, 0, "before"), (-1, -1, "before"), (1, 1, "order"), (2, 2, "order"), (4, 3, "gap"), (9, 3, "gap"),
        ("3", 3, "unreadable"), (True, 3, "unreadable"), (None, 3, "unreadable"), (3.0, 3, "unreadable"),
    ],
)  # fmt: skip
def test_a_row_has_the_number_after_the_one_before(number, reported, problem):
    log = rows("k3", "k3", "k3")
    log[2] = sealed(log[2], sequence=number)
    assert found(log) == (2, reported, problem, 2)


def test_a_row_of_which_only_the_number_could_be_read_is_unreadable():
    log = rows("k3", "k3")
    assert found([log[0], {"sequence": 2, chain.UNREADABLE: True}]) == (1, 2, "unreadable", 1)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"key_id": "k9"}, "key"),
        ({"action": "person.sign_out"}, "hash"),
        ({"hash": "0" * 64}, "hash"),
        ({"hash": "ä"}, "hash"),
        ({"action": {1}}, "hash"),
        ({"action": "\ud800"}, "hash"),
    ],
)
def test_a_changed_row_has_no_valid_seal(changes, problem):
    log = rows("k3", "k3", "k3")
    log[1] |= changes
    assert found(log) == (1, 2, problem, 1)
    assert chain.check_seal(log[1], RING) == problem
    assert chain.check_seal(log[0], RING) == ""


def test_a_row_names_the_hash_of_the_one_before():
    log = rows("k3", "k3", "k3")
    log[1] = sealed(log[1], previous_hash="0" * 64)
    assert found(log) == (1, 2, "link", 1)
    assert found([sealed(log[0], previous_hash="1" * 64)]) == (0, 1, "link", 0)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [({"action": "person.sign_in"}, "key_change"), ({"key_id": "k1"}, "key_change"), ({}, "")],
)
def test_a_key_changes_only_when_declared_and_only_to_a_newer_one(changes, problem):
    log = rows("k2", "k3")
    log[1] = sealed(log[1], **changes)
    assert chain.check_row(log[1], head_of(log[0]), RING) == problem


@pytest.mark.parametrize(("microseconds", "problem"), [(-1, "time"), (0, "time"), (1, "")])
def test_the_time_of_a_row_is_after_that_of_the_one_before(microseconds, problem):
    log = rows("k3", "k3")
    log[1] = sealed(log[1], at=log[0]["at"] + timedelta(microseconds=microseconds))
    assert chain.check_row(log[1], head_of(log[0]), RING) == problem


def test_an_accepted_change_excuses_the_seal_of_exactly_that_row():
    log = rows("k3", "k3", "k3")
    log[1] |= {"action": "person.sign_out"}
    accepted = Accepted(rows=frozenset({(2, chain.digest(log[1]))}))
    assert found(log, accepted=accepted) == (3, None, "", 3)
    assert found(log, accepted=Accepted(rows=frozenset({(3, chain.digest(log[1]))}))) == (1, 2, "hash", 1)
    log[1] |= {"previous_hash": "1" * 64}
    accepted = Accepted(rows=frozenset({(2, chain.digest(log[1]))}))
    assert found(log, accepted=accepted) == (1, 2, "link", 1)
    log[1] |= {"key_id": "k9"}
    accepted = Accepted(rows=frozenset({(2, chain.digest(log[1]))}))
    assert found(log, accepted=accepted) == (1, 2, "key", 1)


def test_the_log_must_reach_every_anchored_row():
    log = rows("k3", "k3", "k3")
    anchors = [anchor_of(log[1]), anchor_of(log[2])]
    assert found(log, anchors=iter(anchors)) == (3, None, "", 3)
    assert found(log[:2], anchors=anchors) == (2, 3, "cut", 2)
    assert found([], anchors=anchors) == (0, 1, "cut", 0)


def test_an_anchored_row_has_the_anchored_hash():
    log = rows("k3", "k3", "k3")
    assert found(log, anchors=[anchor_of(log[1], hash="1" * 64)]) == (1, 2, "anchor", 1)
    assert found(log, anchors=[anchor_of(log[1]), anchor_of(log[1], hash="1" * 64)]) == (1, 2, "anchor", 1)


def test_an_anchor_of_an_older_key_than_its_row_is_invalid():
    log = rows("k2", "k3")
    assert found(log, anchors=[anchor_of(log[1], "k2")]) == (1, 2, "anchor", 1)
    assert found(log, anchors=[anchor_of(log[0], "k2")]) == (2, None, "", 2)


def test_after_an_anchor_no_row_has_an_older_key():
    log = rows("k2", "k2", "k2")
    assert found(log, anchors=[anchor_of(log[0], "k3")]) == (1, 2, "key_change", 1)
    assert found(log, anchors=[anchor_of(log[0], "k2")]) == (3, None, "", 3)
    two = [anchor_of(log[0], "k3"), anchor_of(log[1], "k2")]
    assert found(log, anchors=two) == (1, 2, "key_change", 1)


def test_an_anchor_before_the_start_limits_the_keys_too():
    log = rows("k2", "k2")
    start = head_of(log[0])
    assert found(log[1:], start=start, anchors=[anchor_of(log[0], "k3")]) == (0, 2, "key_change", 1)
    assert found(log[1:], start=start, anchors=[anchor_of(log[0], "k2")]) == (1, None, "", 2)
    newest = [anchor_of(log[0], "k3"), anchor_of(log[0], "k2")]
    assert found(log[1:], start=start, anchors=newest) == (0, 2, "key_change", 1)


@pytest.mark.parametrize(("seconds", "problem"), [(-1, ""), (0, "anchor"), (1, "anchor")])
def test_a_row_in_the_place_of_a_lost_one_is_newer_than_the_anchor_that_was_given_up(seconds, problem):
    log = rows("k3", "k3")
    anchors = [
        anchor_of(log[1], hash="1" * 64, at=log[1]["at"] + timedelta(seconds=seconds)),
        anchor_of(log[1], hash="2" * 64, at=AT),
    ]
    accepted = Accepted(anchors=frozenset(anchor.named_row for anchor in anchors))
    assert chain.verify(log, RING, anchors=anchors, accepted=accepted).problem == problem
    assert chain.verify(log[:1], RING, anchors=anchors, accepted=accepted).problem == ""


def test_an_anchor_that_was_given_up_may_still_name_its_row():
    log = rows("k3", "k3")
    anchor = anchor_of(log[1], at=AT + timedelta(days=1))
    accepted = Accepted(anchors=frozenset({anchor.named_row}))
    assert found(log, anchors=[anchor], accepted=accepted) == (2, None, "", 2)


def test_a_further_check_is_made_of_each_row_that_is_valid_otherwise():
    log, asked = rows("k3", "k3", "k3"), []

    def check(row: dict[str, Any]) -> chain.Problem:
        asked.append(row["sequence"])
        return "subject" if row["sequence"] == 2 else ""

    assert found(log, check_more=check) == (1, 2, "subject", 1)
    assert asked == [1, 2]
    log[1] |= {"action": "person.sign_out"}
    assert found(log, check_more=check) == (1, 2, "hash", 1)
