"""Tests that measure time run alone: all others of the run wait meanwhile, in whichever process.

So the suite may use more processes than the machine has cores, and limits can be as strict as without that.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support.run_folder import data_folder

MARK = "alone"
NAME = "SNAPPORTAL_TESTS_IN_A_TURN"
"""The variable by which a run that a test has started knows that it is part of that test's turn."""
IS_INNER = NAME in os.environ


@contextmanager
def _locked(name: str, mode: int) -> Iterator[None]:
    """A lock that the kernel releases with the process, whatever happens to it."""
    with Path(f"{data_folder()}-{name}.lock").open("w") as file:
        fcntl.flock(file, mode)
        yield


@contextmanager
def turn(*, alone: bool) -> Iterator[None]:
    """Wait for one's turn. Whoever must be alone keeps the others from beginning, so that it does not wait for ever."""
    if IS_INNER:
        yield
        return
    with ExitStack() as running:
        with ExitStack() as gate:
            gate.enter_context(_locked("gate", fcntl.LOCK_EX))
            running.enter_context(_locked("running", fcntl.LOCK_EX if alone else fcntl.LOCK_SH))
            if alone:
                running.push(gate.pop_all())
        os.environ[NAME] = "1"
        running.callback(os.environ.pop, NAME, None)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    with turn(alone=item.get_closest_marker(MARK) is not None):
        return (yield)
