"""While a test that measures time runs, no other test of the run does."""

import threading

import pytest

from tests.support import alone
from tests.support.alone import Turn, turn

SECONDS = 10


class Process:
    """Runs tests in a thread, each until it is let go."""

    def __init__(self, folder, *alone_ones: bool, waits_for_head: bool = False) -> None:
        self.turn = Turn(str(folder / "run"), waits_for_head=waits_for_head)
        self.alone_ones = alone_ones
        self.began = [threading.Event() for _one in alone_ones]
        self.may_end = [threading.Event() for _one in alone_ones]
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        for number, is_alone in enumerate(self.alone_ones):
            with turn(self.turn, alone=is_alone, next_is_alone=any(self.alone_ones[number + 1 : number + 2])):
                self.began[number].set()
                assert self.may_end[number].wait(SECONDS)

    def end(self, number: int = 0) -> None:
        self.may_end[number].set()

    def has_begun(self, number: int = 0, *, within: float = SECONDS) -> bool:
        return self.began[number].wait(within)


def test_others_run_side_by_side(tmp_path):
    first, second = Process(tmp_path, False), Process(tmp_path, False)
    assert first.has_begun()
    assert second.has_begun()
    first.end()
    second.end()


def test_one_that_is_alone_waits_for_those_that_run_and_others_wait_for_it(tmp_path):
    before = Process(tmp_path, False)
    assert before.has_begun()
    measured = Process(tmp_path, True)
    assert not measured.has_begun(within=0.1)
    before.end()
    assert measured.has_begun()
    after = Process(tmp_path, False)
    assert not after.has_begun(within=0.1)
    measured.end()
    assert after.has_begun()
    after.end()


def test_a_process_keeps_its_turn_from_one_that_is_alone_to_the_next(tmp_path):
    measured = Process(tmp_path, True, True, False)
    assert measured.has_begun()
    other = Process(tmp_path, False)
    measured.end(0)
    assert measured.has_begun(1)
    assert not other.has_begun(within=0.1)
    measured.end(1)
    assert other.has_begun()
    assert measured.has_begun(2)
    other.end()
    measured.end(2)


def test_at_the_beginning_others_wait_for_those_that_are_alone(tmp_path):
    other = Process(tmp_path, False, waits_for_head=True)
    assert not other.has_begun(within=0.2)
    measured = Process(tmp_path, True)
    assert measured.has_begun()
    assert not other.has_begun(within=0.2)
    measured.end()
    assert other.has_begun()
    other.end()


@pytest.mark.parametrize("wait", [0, 0.1])
def test_but_not_for_ever(tmp_path, monkeypatch, wait):
    monkeypatch.setattr(alone, "HEAD_START_SECONDS", wait)
    other = Process(tmp_path, False, waits_for_head=True)
    assert other.has_begun()
    other.end()
