"""While a test that measures time runs, no other test of the run does."""

import threading

import pytest

from tests.support import alone

SECONDS = 10


@pytest.fixture(autouse=True)
def own_locks(monkeypatch, tmp_path):
    """Not those of this run, in which this test has its turn."""
    monkeypatch.setattr(alone, "data_folder", lambda: str(tmp_path / "data"))
    monkeypatch.setattr(alone, "IS_INNER", False)


class Runner:
    """A test that runs in a thread until it is let go."""

    def __init__(self, *, is_alone: bool = False) -> None:
        self.began, self.may_end, self.is_alone = threading.Event(), threading.Event(), is_alone
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        with alone.turn(alone=self.is_alone):
            self.began.set()
            assert self.may_end.wait(SECONDS)

    def end(self) -> None:
        self.may_end.set()
        self.thread.join(SECONDS)


def test_others_run_side_by_side():
    first, second = Runner(), Runner()
    assert first.began.wait(SECONDS)
    assert second.began.wait(SECONDS)
    first.end()
    second.end()


def test_one_that_is_alone_waits_for_those_that_run_and_is_not_overtaken():
    before = Runner()
    assert before.began.wait(SECONDS)
    measured = Runner(is_alone=True)
    assert not measured.began.wait(0.1)
    after = Runner()
    assert not after.began.wait(0.1)
    before.end()
    assert measured.began.wait(SECONDS)
    assert not after.began.is_set()
    measured.end()
    assert after.began.wait(SECONDS)
    after.end()


def test_a_run_within_a_turn_does_not_wait_for_it(monkeypatch):
    monkeypatch.setattr(alone, "IS_INNER", True)
    first, second = Runner(is_alone=True), Runner(is_alone=True)
    assert first.began.wait(SECONDS)
    assert second.began.wait(SECONDS)
    first.end()
    second.end()
