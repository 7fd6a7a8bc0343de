"""What matters in a review: each kind finds its entries, in a time that does not grow with the log."""

import pytest

from snapshots.audit import journal
from snapshots.reviews import kinds
from snapshots.reviews.kinds import EVERYTHING, KINDS, MATTERS
from snapshots.views.texts.audit_actions import ACTIONS
from snapshots.views.texts.reviews import KIND_BADGES, SHOWN
from tests.support.actors import actor_of

pytestmark = pytest.mark.django_db
ROUTINE = """
    snapshot.create snapshot.protect snapshot.hand_over
    approval.request approval.approve approval.deny approval.withdraw approval.expire approval.void
    deletion.plan deletion.keep deletion.keep_until deletion.remind deletion.wait_again deletion.refuse
    deletion.set_grace deletion.keep_grace
    job.start job.end job.cancel schedule.run_now schedule.run schedule.silent server.silent
    person.sign_out session.end access.refuse
    server.lock server.keep_lock server.set_silence freeze.place freeze.keep policy.place policy.keep
    temporary_role.ask temporary_role.deny temporary_role.withdraw temporary_role.expire temporary_role.end
    schedule.create schedule.change schedule.pause schedule.resume schedule.remove schedule.stop
    notification.target_add notification.target_change notification.target_remove notification.test notification.retry
    token.remove token.check token.rotate_keys
    factor.add factor.remove factor.make_recovery_codes
    person.set_look person.set_password person.deactivate person.unlink_identity team.remove team.remove_member
    api_key.revoke audit.verify audit.anchor audit.archive audit.hold log_view.share log_view.rename log_view.delete
    setup.confirm setup.withdraw setup.hide setup.show setup.finish
    review.fine review.question review.finding review.answer review.sign
"""
"""Actions that a reviewer need not see unless their result matters: decided for each of them."""


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
    assert _named() <= set(ACTIONS)


def test_each_action_matters_or_is_routine():
    routine = set(ROUTINE.split())
    assert routine & _named() == set()
    assert routine | _named() == set(ACTIONS)


def _named() -> set[str]:
    """The actions that the kinds name."""
    sources = [source for sources in KINDS.values() for source in sources]
    pairs = [pair for one in sources for pair in ((one.column, one.values), one.also or ("", ()))]
    return {value for column, values in pairs if column == "action" for value in values}
