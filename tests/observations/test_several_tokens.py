"""Tokens of one account: each change makes one row, and none follows from what only one of them sees."""

import pytest

from snapshots.observations import looking
from tests.support.desk import make_desk
from tests.support.observing import codes, look

pytestmark = pytest.mark.django_db


def test_a_new_token_of_a_known_account_makes_no_news(desk, imaginary, clock, cast):
    look(desk, clock)
    other = make_desk(cast.ada, "token-of-ada")
    assert look(other, clock) == []
    assert look(desk, clock) == []


def test_one_that_a_new_token_lists_first_is_news_for_the_token_that_lacked_it(desk, imaginary, clock, cast):
    look(desk, clock)
    imaginary.add(7, "by-hand")
    other = make_desk(cast.ada, "token-of-ada")
    assert look(other, clock) == []
    assert look(desk, clock) == ["appeared"]
    assert look(other, clock) == ["appeared"]


def test_two_tokens_of_an_account_make_one_row_of_each_change(desk, imaginary, clock, cast):
    other = make_desk(cast.ada, "token-of-ada")
    look(desk, clock)
    look(other, clock)
    imaginary.add(7, "by-hand")
    imaginary.changes[101] = {"name": "renamed-there"}
    del imaginary.snapshots[102]
    imaginary.add(8, "stays")
    for _ in range(4):
        look(desk, clock, minutes=2)
        look(other, clock, minutes=2)
    assert sorted(codes()) == ["appeared", "appeared", "renamed", "vanished"]


def test_one_that_another_token_still_lists_has_not_vanished(desk, imaginary, clock, cast, double):
    other = make_desk(cast.ada, "token-of-ada")
    for one in (desk, other):
        look(one, clock)
    kept = imaginary.snapshots[102]
    for _ in range(4):
        imaginary.snapshots.pop(102)
        look(desk, clock)
        imaginary.snapshots[102] = kept
        look(other, clock)
    assert codes() == []


def hide(imaginary, snapshot_id, call) -> None:
    """Make the call while the provider does not list the snapshot."""
    kept = imaginary.snapshots.pop(snapshot_id)
    call()
    imaginary.snapshots[snapshot_id] = kept


def test_an_absence_waits_for_a_token_that_listed_it_and_has_not_read_since(desk, imaginary, clock, cast):
    other = make_desk(cast.ada, "token-of-ada")
    for one in (desk, other):
        look(one, clock)
    for _ in range(2):
        hide(imaginary, 102, lambda: look(desk, clock))
    assert codes() == []
    look(other, clock)
    for _ in range(8):
        hide(imaginary, 102, lambda: look(desk, clock))
    assert codes() == []


def test_an_absence_does_not_wait_for_a_token_that_is_read_no_more(desk, imaginary, clock, cast):
    other = make_desk(cast.ada, "token-of-ada")
    for one in (desk, other):
        look(one, clock)
    del imaginary.snapshots[102]
    imaginary.add(8, "stays")
    look(desk, clock)
    look(desk, clock)
    assert codes() == ["appeared"]
    assert look(desk, clock) == ["appeared", "vanished"]


def test_a_token_that_is_stored_no_more_is_not_waited_for(desk, imaginary, clock, cast):
    other = make_desk(cast.ada, "token-of-ada")
    for one in (desk, other):
        look(one, clock)
    other.token.delete()
    del imaginary.snapshots[102]
    look(desk, clock)
    assert look(desk, clock) == ["vanished"]


def test_an_older_list_of_another_token_does_not_change_a_name_back(desk, imaginary, clock, cast):
    other = make_desk(cast.ada, "token-of-ada")
    for one in (desk, other):
        look(one, clock)
    clock.shift(30)
    other.views()
    clock.shift(10)
    imaginary.changes[101] = {"name": "renamed-there"}
    desk.views()
    looking.compare_all()
    looking.compare_all()
    assert codes() == ["renamed"]
    assert look(other, clock) == ["renamed"]
