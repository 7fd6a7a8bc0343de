"""A form is sent once: a double click, the back button, a reload or twenty concurrent posts make one provider call."""

import threading

import pytest
from django.db import connections
from django.test import Client

from snapshots.audit.models import Entry
from snapshots.inventory import leases
from snapshots.operations import idempotency
from snapshots.operations.confirmation import read_confirmation
from snapshots.operations.models import Action, Operation
from tests.operations.test_intent_first import ACTIONS, form_for, write_calls


def browser_of(desk) -> Client:
    browser = Client()
    browser.force_login(desk.user)
    return browser


@pytest.mark.parametrize("action", ACTIONS)
def test_twenty_concurrent_posts_make_one_call_and_all_return_its_operation(
    far_desk, http_sandbox, settings, action
):
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = 5
    url, data = form_for(action, far_desk)
    browsers = [browser_of(far_desk) for _ in range(20)]
    answers: list[tuple[int, str]] = []
    start = threading.Barrier(len(browsers))

    def post(browser: Client) -> None:
        try:
            start.wait(10)
            answer = browser.post(url, data)
            answers.append((answer.status_code, answer.headers.get("Location", "")))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=post, args=[browser]) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(write_calls(http_sandbox)) == 1
    operation = Operation.objects.get()
    assert Entry.objects.filter(phase="intent").count() == 1
    seen = {location for status, location in answers if status == 302}
    assert seen == {f"/operations/{operation.pk}/"}
    # At most half of the threads may wait. The other requests get the same form back; sent again, it leads there too.
    assert {status for status, _ in answers} <= {302, 409}
    assert browsers[0].post(url, data)["Location"] == f"/operations/{operation.pk}/"


def test_a_post_that_may_not_wait_gets_the_same_form_back(far_desk, http_sandbox, monkeypatch):
    url, data = form_for(Action.CREATE, far_desk)
    monkeypatch.setattr(idempotency, "_waiting", threading.BoundedSemaphore(1))
    assert idempotency._waiting.acquire(blocking=False)
    key = read_confirmation(
        data["confirmation"], actor_id=far_desk.user.pk, action=Action.CREATE, token_id=far_desk.token.pk
    ).idempotency_key
    assert leases.take(f"once:{key}", "the first click", 60)
    answer = browser_of(far_desk).post(url, data)
    assert answer.status_code == 409
    assert data["confirmation"] in answer.content.decode()
    assert write_calls(http_sandbox) == []


@pytest.mark.parametrize("action", ACTIONS)
def test_a_form_sent_again_leads_to_the_first_operation(far_desk, http_sandbox, action):
    browser = browser_of(far_desk)
    url, data = form_for(action, far_desk)
    first = browser.post(url, data)
    second = browser.post(url, data)
    assert first.status_code == second.status_code == 302
    assert first["Location"] == second["Location"]
    assert len(write_calls(http_sandbox)) == 1


def test_a_form_of_another_person_is_refused(far_desk, http_sandbox, cast):
    from tests.support.desk import make_desk

    make_desk(cast.ada, http_sandbox.sandbox.token)
    url, data = form_for(Action.DELETE, far_desk)
    answer = Client()
    answer.force_login(cast.ada)
    assert answer.post(url, data).status_code == 404
    assert write_calls(http_sandbox) == []
