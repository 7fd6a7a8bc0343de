"""A point that requests at once pass together: all have read and checked before the first of them writes."""

import threading
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import connections

WAIT_SECONDS = 10


class Rendezvous:
    """A password validator (Django calls it when a form is checked) that waits until `barrier` is full."""

    barrier = threading.Barrier(1)

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        self.barrier.wait(WAIT_SECONDS)


VALIDATORS = [{"NAME": "tests.support.rendezvous.Rendezvous"}]


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """The results of `calls`, each made in a thread of its own."""
    results: list[Any] = []

    def run(call: Callable[[], Any]) -> None:
        try:
            results.append(call())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == len(calls), "a call ended with an exception"
    return results
