"""With a hung provider and many requests, pages that do not call it answer immediately, and the others wait a limited time."""

import threading
import time
from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.db import connections
from django.test import Client

from snapportal.accounts.models import Role, User
from snapshots import connection
from snapshots.inventory import reader
from snapshots.inventory.reader import expire
from snapshots.operations.reconciliation import read_and_reconcile
from tests.support.desk import Desk, make_desk

SLOTS = connection.call_slots._initial_value
WAITERS = reader._waiting._initial_value
PASSWORD = "correct horse battery"


class Crowd:
    """Threads that each open a page. `ended` has the responses in the order in which they arrived."""

    def __init__(self) -> None:
        self.ended: list[tuple[str, int, str]] = []
        self.failures: list[BaseException] = []
        self._threads: list[threading.Thread] = []

    def open(self, desk: Desk, path: str = "/") -> None:
        browser = Client()
        browser.force_login(desk.user)
        self._start(lambda: self._visit(browser, desk.user.username, path))

    def _start(self, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _visit(self, browser: Client, name: str, path: str) -> None:
        try:
            answer = browser.get(path)
            self.ended.append((name, answer.status_code, answer.content.decode()))
        except BaseException as error:  # noqa: BLE001 - reported by the waiting thread
            self.failures.append(error)
        finally:
            connections.close_all()

    @property
    def waiting(self) -> int:
        return len(self._threads) - len(self.ended) - len(self.failures)

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + 20
        while not condition():
            assert not self.failures, self.failures
            assert time.monotonic() < until, what
            time.sleep(0.01)

    def join(self) -> None:
        self.wait_until(lambda: self.waiting == 0, "a request did not end")
        for thread in self._threads:
            thread.join(10)
        assert not self.failures, self.failures


@pytest.fixture
def hung(http_sandbox, settings):
    """A provider that accepts every request and answers none until `let_go`; the portal would give up after 25 seconds.

    So no assertion about pages that answer meanwhile depends on how busy the machine is.
    """
    settings.SNAPPORTAL_API_URL = http_sandbox.url
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = 25.0
    http_sandbox.misbehave("hang_before", seconds=60, times=0)
    cache.clear()
    yield http_sandbox
    let_go(http_sandbox)


def let_go(provider) -> None:
    """End every open call and answer the next ones."""
    provider.behave()
    provider.drop_connections()


def make_desks(count: int) -> list[Desk]:
    """`count` people, each with an own token."""
    people = [
        User.objects.create_user(f"person-{place}", PASSWORD, name=f"Person {place}", role=Role.ADMIN)
        for place in range(count)
    ]
    return [make_desk(person, f"token-of-{person.username}") for person in people]


def free_slots() -> int:
    """How many call slots are free."""
    taken = 0
    while connection.call_slots.acquire(blocking=False):
        taken += 1
    for _ in range(taken):
        connection.call_slots.release()
    return taken


def test_a_hung_provider_blocks_no_page_that_does_not_call_it(hung, cast):
    desks = make_desks(SLOTS + 4)
    crowd = Crowd()
    for desk in desks[:SLOTS]:
        crowd.open(desk)
    crowd.wait_until(lambda: len(hung.calls) == SLOTS, "not all call slots are taken")
    for desk in desks[SLOTS:] * 3:
        crowd.open(desk)
    crowd.wait_until(lambda: crowd.waiting == SLOTS, "requests without a call slot are kept waiting")
    assert len(hung.calls) == SLOTS, "more calls are open than there are slots"
    assert {status for _name, status, _text in crowd.ended} == {200}
    assert all("Nothing to show yet" in text for _name, _status, text in crowd.ended)
    browser = Client()
    pages = {"/livez": 200, "/readyz": 200, "/sign-in/": 200}
    assert {path: browser.get(path).status_code for path in pages} == pages
    signed_in = browser.post("/sign-in/", {"username": "ada", "password": PASSWORD})
    assert signed_in.status_code == 302
    pages = {
        "/audit/": 200,
        "/audit/1/": 200,
        "/help/": 200,
        "/people/": 200,
        "/tokens/": 200,
        "/account/": 200,
    }
    assert {path: browser.get(path).status_code for path in pages} == pages
    assert browser.post("/sign-out/").status_code == 302
    assert crowd.waiting == SLOTS, "a call ended before the pages answered: they may have waited for it"
    assert free_slots() == 0
    let_go(hung)
    crowd.join()
    assert len(crowd.ended) == SLOTS + 12
    assert free_slots() == SLOTS, "a call slot is not released"


def test_a_limited_number_of_threads_wait_for_anothers_first_reading(hung, cast):
    (desk,) = make_desks(1)
    crowd = Crowd()
    crowd.open(desk)
    crowd.wait_until(lambda: len(hung.calls) == 1, "no thread reads the lists")
    for _ in range(15):
        crowd.open(desk)
    crowd.wait_until(lambda: len(crowd.ended) == 15 - WAITERS, "more threads wait than allowed")
    assert crowd.waiting == 1 + WAITERS
    assert len(hung.calls) == 1, "more than one thread reads the lists"
    let_go(hung)
    crowd.join()
    assert {status for _name, status, _text in crowd.ended} == {200}


def test_the_cached_list_is_shown_immediately_while_another_thread_reads(hung, cast, settings):
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = 6.0
    hung.behave()
    desk = make_desk(cast.mia, hung.sandbox.token)
    read_and_reconcile(desk.token)
    expire(desk.token)
    hung.clear()
    hung.misbehave("hang_before", seconds=20, times=0)
    crowd = Crowd()
    crowd.open(desk)
    crowd.wait_until(lambda: len(hung.calls) == 1, "no thread reads the lists")
    for _ in range(8):
        crowd.open(desk)
    crowd.wait_until(lambda: len(crowd.ended) == 8, "the cached list is not shown immediately")
    assert crowd.waiting == 1
    assert all("web-server-01" in text for _name, _status, text in crowd.ended)
    crowd.join()
    (*_others, (_name, status, text)) = crowd.ended
    assert status == 200
    assert "web-server-01" in text
    assert "does not answer in time" in text


def test_the_page_recovers_after_the_provider_hung(hung, cast, settings):
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = 2.0
    desk = make_desk(cast.mia, hung.sandbox.token)
    crowd = Crowd()
    crowd.open(desk)
    crowd.join()
    assert "does not answer in time" in crowd.ended[0][2] or "Nothing to show yet" in crowd.ended[0][2]
    hung.behave()
    expire(desk.token)
    crowd.open(desk)
    crowd.join()
    assert "web-server-01" in crowd.ended[1][2]
    assert free_slots() == SLOTS
