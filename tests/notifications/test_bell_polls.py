"""The bell's poll gets 204 until there is something else to show."""

import re
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from snapshots.notifications.models import Event, Kind, Notification
from snapshots.worker.models import WorkerProcess

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker(clock) -> WorkerProcess:
    now = timezone.now()
    return WorkerProcess.objects.create(id="w", host="h", pid=1, started_at=now, seen_at=now)


@pytest.fixture
def mia(cast, signed_in, worker):
    return signed_in(cast.mia)


def version_of(answer) -> str:
    found = re.search(r'data-version="([^"]+)"', answer.text)
    assert found
    return unescape(found[1])


def poll(browser, version: str):
    return browser.get(reverse("notification_bell"), headers={"HX-Request": "true", "X-Version": version})


@pytest.fixture
def shown(mia) -> str:
    return version_of(mia.get(reverse("notification_bell")))


def notify(person, key: str = "a") -> Notification:
    event = Event.objects.create(key=key, kind=Kind.WORKER_DOWN, at=timezone.now())
    return Notification.objects.create(event=event, person=person)


def test_nothing_new_is_answered_without_session_and_person(mia, shown, django_assert_num_queries):
    with django_assert_num_queries(1):
        answer = poll(mia, shown)
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_notification_is_shown_with_the_next_poll_and_so_is_that_it_was_read(mia, shown, cast):
    told = notify(cast.mia)
    answer = poll(mia, shown)
    assert f'data-newest="{told.pk}"' in answer.text
    assert poll(mia, version_of(answer)).status_code == 204
    mia.post(reverse("notification_read"), {"until": str(told.pk)})
    assert 'data-newest="0"' in poll(mia, version_of(answer)).text


def test_a_notification_of_somebody_else_changes_nothing(mia, shown, cast):
    notify(cast.ada)
    assert poll(mia, shown).status_code == 204


def test_without_a_worker_each_poll_is_answered_in_full(mia, shown, clock, worker):
    clock.shift(100)
    assert poll(mia, shown).status_code == 200


def test_a_version_ends_after_some_minutes(mia, shown, clock, worker):
    clock.shift(301)
    WorkerProcess.objects.update(seen_at=timezone.now())
    assert poll(mia, shown).status_code == 200


def test_the_version_of_another_session_is_not_accepted(shown, signed_in, cast):
    assert poll(signed_in(cast.mia), shown).status_code == 200


def test_the_bell_of_a_page_has_no_version_so_that_it_can_be_kept(mia):
    page = mia.get(reverse("notification_list")).text
    bell = re.search(r'<li id="bell"[^>]*>', page)[0]
    assert "data-version" not in bell
