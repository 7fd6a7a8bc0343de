"""What matters in a review: each kind finds its entries, in a time that does not grow with the log."""

import pytest

from snapshots.audit import journal
from snapshots.reviews import kinds
from snapshots.reviews.kinds import EVERYTHING, KINDS, MATTERS
from snapshots.views.texts.audit_actions import ACTIONS
from snapshots.views.texts.reviews import KIND_BADGES, SHOWN
from tests.support.actors import actor_of

pytestmark = pytest.mark.django_db


def sequences(kind: str, first: int = 1) -> list[int]:
    return [one.sequence for one in kinds.listing_of(kind, first).page(50).entries]


@pytest.fixture
def log(cast) -> dict[str, int]:
    """Name → the sequence of a row of this kind, and of one that is of none."""
    mia = actor_of(cast.mia)
    rows = {
        "unknown": mia.entry(action="snapshot.create", result="unknown"),
        "failed": mia.entry(action="snapshot.create", result="failed"),
        "emergency": mia.entry(action="approval.break_glass"),
        "refused": mia.entry(action="access.refuse", result="refused"),
        "sign_in": mia.entry(action="person.sign_in", result="refused"),
        "destroyed": mia.entry(action="snapshot.restore"),
        "observed": mia.entry(action="snapshot.observed"),
        "guard": mia.entry(action="policy.lift"),
        "rights": mia.entry(action="person.change_role"),
        "given_away": mia.entry(action="audit.export"),
        "none": mia.entry(action="person.sign_in"),
    }
    return {name: journal.record(data).sequence for name, data in rows.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_finds_its_rows_and_no_others(log, kind):
    also = [log["sign_in"]] if kind == "refused" else []
    assert sequences(kind) == [*also, log[kind]]


def test_what_matters_is_all_kinds_and_everything_is_more(log):
    assert sequences(MATTERS) == sorted((set(log.values()) - {log["none"]}), reverse=True)
    assert sequences(EVERYTHING) == sorted(log.values(), reverse=True)


def test_only_rows_from_the_first_on_are_listed_and_counted(log):
    assert sequences(MATTERS, log["guard"]) == [log["given_away"], log["rights"], log["guard"]]
    assert [one.kind for one in kinds.figures(log["guard"])] == ["guard", "rights", "given_away"]


def test_every_kind_has_a_name_and_its_actions_have_words():
    assert set(KIND_BADGES) == set(KINDS)
    assert set(SHOWN) == {MATTERS, EVERYTHING, *KINDS}
    named = {
        value
        for sources in KINDS.values()
        for source in sources
        if source.column == "action"
        for value in source.values
    }
    assert named <= set(ACTIONS)
