"""A clock that was ahead and is set back leaves times in the future: nothing waits until they come."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from snapshots.inventory import leases
from snapshots.inventory.reader import last_reading
from snapshots.notifications import delivery, outbox
from snapshots.notifications.models import Cursor, Delivery, DeliveryState, Trouble
from snapshots.notifications.troubles import lasting
from snapshots.operations import following
from snapshots.worker import status
from snapshots.worker.loop import Worker
from snapshots.worker.models import TaskRun
from snapshots.worker.tasks import HOUR, Task
from tests.support.notifying import add_webhook, deliver_after, end_operation, read_log

pytestmark = pytest.mark.django_db
AHEAD = timedelta(days=400)


@pytest.fixture
def set_back():
    """The clock is ahead until this is called."""
    travel = time_machine.travel(timezone.now() + AHEAD, tick=True)
    travel.start()
    stops = [travel.stop]

    def stop() -> None:
        stops.pop()()

    yield stop
    for one in stops:
        one()


def test_an_event_that_waited_for_its_message_is_sent(desk, watched, receiver, set_back):
    add_webhook(receiver.url)
    end_operation(desk)
    read_log()
    set_back()
    deliver_after(0)
    assert len(receiver.messages) == 1


def test_a_message_that_waited_for_its_next_try_is_sent(desk, watched, receiver, set_back):
    add_webhook(receiver.url)
    receiver.statuses = [500]
    end_operation(desk)
    read_log()
    deliver_after(6)
    assert Delivery.objects.get().state == DeliveryState.WAITING
    set_back()
    deliver_after(0)
    assert Delivery.objects.get().state == DeliveryState.SENT


def test_a_message_that_was_claimed_by_a_worker_that_died_is_sent(desk, watched, receiver, set_back):
    add_webhook(receiver.url)
    end_operation(desk)
    read_log()
    with time_machine.travel(timezone.now() + timedelta(seconds=6)):
        delivery.combine()
        Delivery.objects.update(claimed_until=timezone.now() + timedelta(seconds=delivery.CLAIM_SECONDS))
    set_back()
    deliver_after(0)
    assert Delivery.objects.get().state == DeliveryState.SENT


def test_a_message_in_the_future_does_not_hold_up_the_next_one(desk, watched, receiver, set_back):
    add_webhook(receiver.url)
    end_operation(desk)
    read_log()
    deliver_after(6)
    set_back()
    end_operation(desk, key="later")
    read_log()
    deliver_after(6)
    assert len(receiver.messages) == 2


def test_the_pulse_of_the_log_and_a_trouble_begin_anew(set_back):
    outbox.read_log()
    lasting("provider", is_bad=True, after=timedelta(minutes=5))
    set_back()
    outbox.read_log()
    assert lasting("provider", is_bad=True, after=timedelta(minutes=5)) is None
    assert Cursor.objects.get().checked_at <= timezone.now()
    assert Trouble.objects.get().since <= timezone.now()


def test_a_dead_worker_is_not_alive_and_its_lease_and_tasks_are_taken(set_back):
    runs = []
    task = Task(name="hourly", every_seconds=HOUR, run=lambda: runs.append(1) or 1)
    Worker([task], version="0").tick()
    set_back()
    assert not status.is_alive()
    assert status.is_missed()
    Worker([task], version="0").tick()
    assert len(runs) == 2
    assert status.is_alive()
    assert TaskRun.objects.get().due_at < timezone.now() + timedelta(hours=2)
    Worker([task], version="0").tick()
    assert len(runs) == 2


def test_a_lease_that_is_held_is_not_taken_however_long():
    assert leases.take("key", "one", 5000)
    assert not leases.take("key", "two", 30)
    assert leases.keep("other", "one", 30)
    assert not leases.keep("other", "two", 30)
    assert leases.keep("other", "one", 30)


def test_a_list_from_the_future_is_stale_and_read_again(desk, set_back):
    desk.views()
    set_back()
    reading = last_reading(desk.token)
    assert reading.is_stale
    assert following._is_due(desk.token, 4)
    desk.views(fresh=False)
    assert not last_reading(desk.token).is_stale
