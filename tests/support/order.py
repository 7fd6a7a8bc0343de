"""The order of a run: what takes longest begins first, so that no process ends long after the others."""

import os
from collections.abc import Callable, Sequence
from itertools import islice
from operator import itemgetter
from typing import TypeVar

import pytest

Item = TypeVar("Item")
LONG = (("alone",), ("browser",), ("postgres",), ("load",))
"""Marks of tests that are alone (see alone.py), and of long ones. Each group is begun by one process, which starts one Chromium
or one PostgreSQL for all of it."""


def processes() -> int:
    """The number of processes that run tests, as pytest-xdist tells each of them."""
    return int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))


def group_of(item: pytest.Item) -> int | None:
    """The number of the item's group of long tests."""
    return next(
        (number for number, marks in enumerate(LONG) if any(map(item.get_closest_marker, marks))), None
    )


def long_first(items: Sequence[Item], group_of: Callable[[Item], int | None], parts: int) -> list[Item]:
    """The items in an order in which equal parts of it, one for each process, begin with different groups.

    pytest-xdist deals parts of equal length, and takes from the end of a part what another process can run earlier.
    """
    heads: list[list[Item]] = [[] for _part in range(parts)]
    groups = [(group_of(item), item) for item in items]
    short = [item for group, item in groups if group is None]
    for group, item in sorted(
        ((group, item) for group, item in groups if group is not None), key=itemgetter(0)
    ):
        heads[group % parts].append(item)
    ordered: list[Item] = []
    rest = iter(short)
    for number, head in enumerate(heads):
        end = len(items) * (number + 1) // parts
        ordered += head
        ordered += islice(rest, max(0, end - len(ordered)))
    return [*ordered, *rest]
