"""Keys change in one direction only: a retired key cannot seal rows again, neither in the log nor after an anchor."""

from datetime import UTC, datetime

import pytest

from snapshots.audit import chain, journal, log_reader, verification
from tests.support.audit_rows import MIA, rows, verdict, write_events

pytestmark = pytest.mark.django_db
NEW_KEY = bytes(range(32))


@pytest.fixture
def old_key(settings) -> bytes:
    return settings.SNAPPORTAL_AUDIT_KEYS["a1"]


@pytest.fixture
def rotated(settings, old_key):
    """Three rows sealed with a1, the declaration of a2, three rows sealed with a2. The ring is a2, a1."""
    write_events(3)
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": NEW_KEY, "a1": old_key}
    write_events(3)
    return settings.SNAPPORTAL_AUDIT_KEYS


def resealed(log_rows: list[dict], ring: dict[str, bytes]) -> list[dict]:
    """The rows numbered, linked and sealed again, each with the key that it names."""
    previous = chain.GENESIS
    for number, row in enumerate(log_rows, 1):
        row |= {"sequence": number, "previous_hash": previous}
        row["hash"] = previous = chain.seal(row, ring[row["key_id"]])
    return log_rows


def anchor(at: chain.Head, key_id: str, ring: dict[str, bytes]) -> chain.Anchor:
    return chain.sign_anchor(at, at=datetime.now(UTC), key_id=key_id, key=ring[key_id])


def problem_of(log_rows: list[dict], ring, *anchors: chain.Anchor) -> tuple[int | None, str]:
    result = chain.verify(log_rows, ring, anchors=anchors)
    return result.first_broken, result.problem


@pytest.mark.parametrize("rows_per_read", [1, 2, 3, 4, 1000])
def test_rows_of_an_old_key_after_an_anchor_of_a_newer_one_are_found_in_every_batch(
    settings, old_key, monkeypatch, rows_per_read
):
    write_events(4)
    settings.SNAPPORTAL_AUDIT_KEYS = ring = {"a2": NEW_KEY, "a1": old_key}
    noted = anchor(verdict().head, "a2", ring)
    settings.SNAPPORTAL_AUDIT_KEYS = {"a1": old_key}
    write_events(4)
    settings.SNAPPORTAL_AUDIT_KEYS = ring
    monkeypatch.setattr(log_reader, "ROWS_PER_BATCH", rows_per_read)
    monkeypatch.setattr(log_reader, "ROWS_PER_READ", rows_per_read)
    found = verification.check_log(anchors=[noted])
    assert (found.first_broken, found.problem, found.count) == (5, "key_change", 4)
    later = verification.check_log(anchors=[noted], start=verification.find_head(noted))
    assert (later.first_broken, later.problem) == (5, "key_change")


def test_several_anchors_of_one_row_agree(rotated):
    noted = anchor(verdict().head, "a2", rotated)
    write_events(2)
    assert verification.check_log(anchors=[noted, noted]).holds


def test_a_change_to_a_newer_key_is_valid(rotated):
    assert (verdict().holds, verdict().head.key_id) == (True, "a2")


def test_a_change_back_to_an_old_key_is_invalid_even_when_declared(rotated):
    log_rows = rows()
    back = log_rows[4] | {"action": chain.KEY_CHANGE, "key_id": "a1", "target": "a1"}
    assert problem_of(resealed([*log_rows[:4], back], rotated), rotated) == (5, "key_change")


def test_rows_rewritten_with_an_old_key_contradict_an_anchor_of_a_newer_key(rotated, old_key):
    """The rows from 2 on are sealed with the old key only: without the anchor the chain is valid."""
    head_anchor = anchor(verdict().head, "a2", rotated)
    log_rows = rows()
    forged = [log_rows[0], *(row | {"key_id": "a1", "reason": "nothing to see"} for row in log_rows[1:])]
    assert problem_of(resealed(forged, rotated), rotated) == (None, "")
    assert problem_of(forged, rotated, head_anchor) == (7, "anchor")


def test_rows_added_with_an_old_key_after_an_anchor_of_a_newer_key_are_invalid(settings, old_key):
    write_events(3)
    ring = {"a2": NEW_KEY, "a1": old_key}
    head_anchor = anchor(verdict().head, "a2", ring)
    write_events(2)
    assert problem_of(rows(), ring, head_anchor) == (4, "key_change")
    start = chain.verify(rows()[:3], ring).head
    assert chain.verify(rows()[3:], ring, start=start, anchors=[head_anchor]).problem == "key_change"


def test_an_anchor_signed_with_an_older_key_than_its_row_is_invalid(rotated):
    assert problem_of(rows(), rotated, anchor(verdict().head, "a1", rotated)) == (7, "anchor")


def test_anchors_of_an_old_key_stay_valid_after_a_key_change(rotated):
    head = chain.verify(rows()[:3], rotated).head
    anchors = [
        anchor(head, "a1", rotated),
        anchor(head, "a2", rotated),
        anchor(verdict().head, "a2", rotated),
    ]
    assert problem_of(rows(), rotated, *anchors) == (None, "")


@pytest.mark.parametrize("ring", [["a1"], ["a1", "a2"], ["a3"]])
def test_a_process_with_outdated_keys_cannot_write(rotated, settings, ring):
    known = {**rotated, "a3": bytes(reversed(range(32)))}
    settings.SNAPPORTAL_AUDIT_KEYS = {key_id: known[key_id] for key_id in ring}
    before = rows()
    with pytest.raises(journal.JournalUnavailableError, match="key"):
        journal.record(MIA.entry(action="person.sign_in"))
    settings.SNAPPORTAL_AUDIT_KEYS = rotated
    assert (rows(), verdict().holds) == (before, True)


def test_a_third_key_can_follow_the_second(rotated, settings):
    settings.SNAPPORTAL_AUDIT_KEYS = {"a3": bytes(reversed(range(32))), **rotated}
    write_events(1)
    assert (verdict().holds, verdict().head.key_id) == (True, "a3")
