"""The System page: queues, heartbeat and versions."""

import tomllib
from datetime import timedelta

import pytest
from django.conf import settings as project
from django.urls import reverse
from django.utils import timezone

from snapshots.notifications import heartbeat
from snapshots.notifications.models import Delivery, Kind, OutboxItem
from snapshots.worker import status
from tests.support.deletions import plan
from tests.support.notification_receivers import webhook_receiver
from tests.support.notifying import add_webhook, deliver_after, end_operation, read_log

pytestmark = pytest.mark.django_db
NOWHERE = "http://127.0.0.1:1/"


@pytest.fixture
def page(cast, signed_in):
    ada = signed_in(cast.ada)

    def read() -> str:
        return ada.get(reverse("system_detail")).content.decode()

    return read


def test_what_waits_to_be_sent_and_to_be_deleted_is_counted(desk, page, settings):
    settings.SNAPPORTAL_DELETE_GRACE_DAYS = 1
    add_webhook(NOWHERE, kinds=(Kind.COMPLETED,))
    read_log()
    end_operation(desk)
    read_log()
    plan(desk, desk.server())
    assert OutboxItem.objects.get().delivery is None
    assert (status.queue_lengths()["notifications"], status.queue_lengths()["deletions"]) == (1, 1)
    assert "<dt>Notifications that wait to be sent</dt><dd>1</dd>" in page()
    assert "<dt>Planned deletions</dt><dd>1</dd>" in page()


def test_a_message_that_failed_still_waits_and_one_that_was_sent_does_not(desk):
    with webhook_receiver() as receiver:
        receiver.statuses = [500]
        add_webhook(receiver.url, kinds=(Kind.COMPLETED,))
        read_log()
        end_operation(desk)
        read_log()
        deliver_after(10)
        assert Delivery.objects.get().attempts == 1
        assert status.queue_lengths()["notifications"] == 1
        deliver_after(120)
        assert status.queue_lengths()["notifications"] == 0


def test_the_page_shows_since_when_the_heartbeat_is_not_taken(page, settings):
    settings.SNAPPORTAL_HEARTBEAT_URL = ""
    heartbeat.ping()
    assert "SNAPPORTAL_HEARTBEAT_URL is not set" in page()
    settings.SNAPPORTAL_HEARTBEAT_URL = NOWHERE
    heartbeat.ping()
    first = heartbeat.failing_since()
    heartbeat.ping()
    assert first == heartbeat.failing_since()
    assert first is not None
    assert timezone.now() - first < timedelta(minutes=1)
    assert "has taken none since" in page()
    with webhook_receiver() as receiver:
        settings.SNAPPORTAL_HEARTBEAT_URL = receiver.url
        heartbeat.ping()
    assert heartbeat.failing_since() is None
    assert "Taken at the last try" in page()


def test_the_page_shows_the_version_of_the_portal(page):
    stated = tomllib.loads((project.BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
    assert f"SnapPortal {stated}, Django" in page()
