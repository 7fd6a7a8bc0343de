"""A key that was given up seals no more: keys go one way, in the log, behind an anchor and in an export."""

from datetime import UTC, datetime

import pytest

from snapshots.audit import chain, journal
from tests.support.audit_rows import MIA, rows, verdict, write_events

pytestmark = pytest.mark.django_db
NEW = bytes(range(32))


@pytest.fixture
def old(settings) -> bytes:
    return settings.SNAPPORTAL_AUDIT_KEYS["a1"]


@pytest.fixture
def rotated(settings, old):
    """Three rows of a1, the change, three rows of a2: the ring is a2, a1."""
    write_events(3)
    settings.SNAPPORTAL_AUDIT_KEYS = {"a2": NEW, "a1": old}
    write_events(3)
    return settings.SNAPPORTAL_AUDIT_KEYS


def sealed(told: list[dict], ring: dict[str, bytes]) -> list[dict]:
    """The rows linked and sealed anew, each with the key that it names."""
    previous = chain.GENESIS
    for number, row in enumerate(told, 1):
        row |= {"sequence": number, "previous_hash": previous}
        row["hash"] = previous = chain.seal(row, ring[row["key_id"]])
    return told


def anchor(at: chain.Head, key_id: str, ring: dict[str, bytes]) -> chain.Anchor:
    return chain.sign_anchor(at, at=datetime.now(UTC), key_id=key_id, key=ring[key_id])


def found(told: list[dict], ring, *anchors: chain.Anchor) -> tuple[int | None, str]:
    result = chain.verify(told, ring, anchors=anchors)
    return result.first_broken, result.problem


def test_a_change_towards_the_front_holds(rotated):
    assert (verdict().holds, verdict().head.key_id) == (True, "a2")


def test_a_way_back_to_an_old_key_is_found_though_a_row_tells_of_it(rotated):
    told = rows()
    back = told[4] | {"action": chain.KEY_CHANGE, "key_id": "a1", "target": "a1"}
    assert found(sealed([*told[:4], back], rotated), rotated) == (5, "key_change")


def test_an_old_key_rewrites_nothing_that_a_newer_one_anchored(rotated, old):
    """All from row 2 on, sealed with the old key alone: the chain itself is whole."""
    noted = anchor(verdict().head, "a2", rotated)
    told = rows()
    forged = [told[0], *(row | {"key_id": "a1", "reason": "nothing to see"} for row in told[1:])]
    assert found(sealed(forged, rotated), rotated) == (None, "")
    assert found(forged, rotated, noted) == (7, "anchor")


def test_an_old_key_adds_nothing_behind_what_a_newer_one_anchored(settings, old):
    write_events(3)
    ring = {"a2": NEW, "a1": old}
    noted = anchor(verdict().head, "a2", ring)
    write_events(2)
    assert found(rows(), ring, noted) == (4, "key_change")
    start = chain.verify(rows()[:3], ring).head
    assert chain.verify(rows()[3:], ring, start=start, anchors=[noted]).problem == "key_change"


def test_an_old_key_anchors_nothing_that_a_newer_one_sealed(rotated):
    assert found(rows(), rotated, anchor(verdict().head, "a1", rotated)) == (7, "anchor")


def test_old_anchors_go_on_to_hold(rotated):
    head = chain.verify(rows()[:3], rotated).head
    anchors = [
        anchor(head, "a1", rotated),
        anchor(head, "a2", rotated),
        anchor(verdict().head, "a2", rotated),
    ]
    assert found(rows(), rotated, *anchors) == (None, "")


@pytest.mark.parametrize("ring", [["a1"], ["a1", "a2"], ["a3"]])
def test_a_process_with_the_keys_of_yesterday_does_not_break_the_chain(rotated, settings, ring):
    known = {**rotated, "a3": bytes(reversed(range(32)))}
    settings.SNAPPORTAL_AUDIT_KEYS = {key_id: known[key_id] for key_id in ring}
    before = rows()
    with pytest.raises(journal.JournalUnavailableError, match="key"):
        journal.record(MIA.entry(action="person.sign_in"))
    settings.SNAPPORTAL_AUDIT_KEYS = rotated
    assert (rows(), verdict().holds) == (before, True)


def test_a_third_key_follows_the_second(rotated, settings):
    settings.SNAPPORTAL_AUDIT_KEYS = {"a3": bytes(reversed(range(32))), **rotated}
    write_events(1)
    assert (verdict().holds, verdict().head.key_id) == (True, "a3")
