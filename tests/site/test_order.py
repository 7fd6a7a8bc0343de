"""The long tests begin first, and none is lost by ordering them."""

import pytest

from tests.support.order import LONG, long_first

ITEMS = [(number, {3: 0, 11: 1, 17: 1, 18: 0}.get(number)) for number in range(21)]


def ordered(items: list, parts: int) -> list:
    return long_first(items, lambda item: item[1], parts)


@pytest.mark.parametrize("parts", [1, 2, 3, 7, 40])
def test_every_item_is_run_once(parts):
    assert sorted(ordered(ITEMS, parts)) == ITEMS


@pytest.mark.parametrize("groups", [[0] * 9, [0, 1, 1, 1, 1, 1], [None] * 3, []])
def test_every_item_is_run_once_when_nearly_all_are_long(groups):
    items = list(enumerate(groups))
    assert sorted(ordered(items, 2), key=items.index) == items


def test_one_process_begins_with_all_long_items():
    order = [number for number, _group in ordered(ITEMS, 1)]
    assert order[:4] == [3, 18, 11, 17]
    assert order[4:] == sorted(order[4:])


def test_each_of_two_processes_begins_with_its_group():
    order = ordered(ITEMS, 2)
    assert [number for number, _group in order[:3]] == [3, 18, 0]
    assert [number for number, _group in order[10:13]] == [11, 17, 9]


def test_the_groups_are_marks_that_exist(pytestconfig):
    known = {line.partition(":")[0] for line in pytestconfig.getini("markers")}
    assert {mark for marks in LONG for mark in marks} <= known
