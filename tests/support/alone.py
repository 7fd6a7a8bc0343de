"""Tests that measure time run alone: all others of the run wait meanwhile, in whichever process.

So the suite may use more processes than the machine has cores, and limits can be as strict as without that. These tests come
first, all in one process (see order.py), and it keeps its turn from the first to the last of them: taking turns, each of
them would wait for the longest of the tests that run beside it.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest

from tests.support.run_folder import data_folder

MARK = "alone"
NAME = "SNAPPORTAL_TESTS_IN_A_TURN"
"""The variable by which a run that a test has started knows that it is part of that test's turn."""
IS_INNER = NAME in os.environ
HEAD_START_SECONDS = 10
"""At the beginning others wait for so long, so that those that are alone need not wait for them."""


def is_alone(item: pytest.Item | None) -> bool:
    return item is not None and item.get_closest_marker(MARK) is not None


class Turn:
    """What a process holds while it runs tests. The kernel releases it with the process, whatever happens to that."""

    def __init__(self, folder: str, *, waits_for_head: bool = False) -> None:
        self._path = Path(f"{folder}-turn.lock")
        self._began = Path(f"{folder}-turn.began")
        self._file: TextIO | None = None
        self._waits_for_head = waits_for_head

    def take(self, *, alone: bool) -> None:
        if self._file is not None:
            return
        if not alone and self._waits_for_head:
            until = time.monotonic() + HEAD_START_SECONDS
            while not self._began.exists() and time.monotonic() < until:
                time.sleep(0.05)
        self._waits_for_head = False
        self._file = self._path.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        if alone:
            self._began.touch()
        os.environ[NAME] = "1"

    def give_back(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
            os.environ.pop(NAME, None)


@contextmanager
def turn(mine: Turn, *, alone: bool, next_is_alone: bool = False) -> Iterator[None]:
    mine.take(alone=alone)
    try:
        yield
    finally:
        if not (alone and next_is_alone):
            mine.give_back()


TURN: pytest.StashKey[Turn] = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    if IS_INNER:
        return (yield)
    stash = item.session.stash
    if TURN not in stash:
        has_head = "PYTEST_XDIST_WORKER" in os.environ and any(map(is_alone, item.session.items))
        stash[TURN] = Turn(data_folder(), waits_for_head=has_head)
    with turn(stash[TURN], alone=is_alone(item), next_is_alone=is_alone(nextitem)):
        return (yield)
