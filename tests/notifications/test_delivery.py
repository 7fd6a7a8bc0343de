"""Messages to webhooks: signed, combined, repeated under the same ID until they are taken, and given up visibly."""

import socket
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from snapshots.notifications import delivery, targets
from snapshots.notifications.models import Delivery, DeliveryState, Kind, OutboxItem, Target
from snapshots.operations.models import State
from tests.support.notifying import ADA, add_webhook, deliver_after, end_operation, read_log
from tests.support.rendezvous import at_once

pytestmark = pytest.mark.django_db
MINUTE = 61.0


@pytest.fixture
def target(receiver, watched) -> Target:
    return add_webhook(receiver.url)


def only() -> Delivery:
    return Delivery.objects.get()


def test_an_event_is_a_row_before_it_is_a_signed_message(desk, receiver, target):
    operation = end_operation(desk, State.UNKNOWN)
    read_log()
    assert OutboxItem.objects.filter(target=target, delivery=None).count() == 1
    assert receiver.messages == []
    assert deliver_after(6) == 1
    [event] = receiver.events
    assert (event["kind"], event["operation_id"]) == (Kind.UNKNOWN, str(operation.pk))
    assert (
        event["title"]
        == f"Unknown whether {operation.server_name} was restored from {operation.snapshot_name}"
    )
    assert event["url"].endswith(f"/operations/{operation.pk}/")
    assert (receiver.unsigned, receiver.paths) == (0, ["/hook?team=ops"])
    assert (only().state, only().attempts, only().last_error) == (DeliveryState.SENT, 1, "")


def test_twenty_events_of_a_minute_are_one_message(desk, receiver, target):
    for number in range(20):
        end_operation(desk, key=str(number))
    read_log()
    deliver_after(6)
    assert [len(body["data"]["events"]) for _identity, body in receiver.messages] == [20]


def test_what_follows_within_a_minute_of_a_message_waits_for_the_next(desk, receiver, target):
    end_operation(desk, key="first")
    read_log()
    deliver_after(6)
    for number in range(3):
        end_operation(desk, key=str(number))
        read_log()
        deliver_after(20 + 10 * number)
    assert len(receiver.messages) == 1
    deliver_after(6 + MINUTE)
    assert [len(body["data"]["events"]) for _identity, body in receiver.messages] == [1, 3]


def test_a_message_has_a_limit_and_the_rest_is_in_the_next(desk, receiver, target, monkeypatch):
    monkeypatch.setattr(delivery, "MAX_EVENTS", 2)
    for number in range(3):
        end_operation(desk, key=str(number))
    read_log()
    deliver_after(6)
    deliver_after(6 + MINUTE)
    assert [len(body["data"]["events"]) for _identity, body in receiver.messages] == [2, 1]
    assert len({event["operation_id"] for event in receiver.events}) == 3


@pytest.mark.parametrize("status", [500, 404, 302, 429])
def test_a_message_that_was_not_taken_is_sent_again_as_it_was(desk, receiver, target, status):
    receiver.statuses = [status]
    end_operation(desk)
    read_log()
    deliver_after(6)
    waiting = only()
    assert (waiting.state, waiting.attempts) == (DeliveryState.WAITING, 1)
    assert waiting.last_error == f"the answer was {status}"
    assert deliver_after(7) == 0, "it is not tried again at once"
    deliver_after(60)
    assert only().state == DeliveryState.SENT
    [first, second] = receiver.messages
    assert first == second
    assert len(receiver.paths) == 2, "a redirect is not followed"


def test_pauses_grow_and_after_ten_attempts_it_is_given_up_until_somebody_retries(desk, receiver, target):
    receiver.statuses = [500] * 10
    end_operation(desk)
    read_log()
    later = 6.0
    for _ in range(delivery.MAX_ATTEMPTS):
        deliver_after(later)
        later += delivery.MAX_PAUSE_SECONDS + 60
    given_up = only()
    assert (given_up.state, given_up.attempts) == (DeliveryState.GIVEN_UP, 10)
    assert deliver_after(later) == 0
    assert targets.retry(actor=ADA, delivery=given_up)
    assert not targets.retry(actor=ADA, delivery=given_up)
    deliver_after(6)
    assert only().state == DeliveryState.SENT
    assert len(set(receiver.ids)) == 1


def test_pauses_double_up_to_an_hour():
    for attempts in range(1, 60):
        longest = min(10.0 * 2**attempts, 3600.0)
        assert longest / 2 <= delivery.pause_seconds(attempts) <= longest


def test_a_receiver_that_is_gone_is_given_up_at_once(desk, receiver, target):
    receiver.statuses = [410]
    end_operation(desk)
    read_log()
    deliver_after(6)
    assert (only().state, only().attempts) == (DeliveryState.GIVEN_UP, 1)


def test_a_target_is_told_of_its_kinds_and_servers_only(desk, receiver, watched):
    view = desk.server()
    add_webhook(receiver.url, "by kind", kinds=(Kind.FAILED,))
    add_webhook(receiver.url, "by server", servers=[view.server_id])
    add_webhook(receiver.url, "other server", servers=[1])
    add_webhook(receiver.url, "changes", kinds=(Kind.COLLEAGUE,))
    end_operation(desk)
    read_log()
    labels = OutboxItem.objects.values_list("target__label", flat=True)
    assert sorted(labels) == ["by server", "changes"]


def test_the_claim_of_a_killed_sender_ends_and_the_message_is_sent_again(desk, receiver, target):
    end_operation(desk)
    read_log()
    with time_machine.travel(timezone.now() + timedelta(seconds=6), tick=True):
        delivery.combine()
        Delivery.objects.update(claimed_until=timezone.now() + timedelta(seconds=delivery.CLAIM_SECONDS))
        assert delivery.deliver_due() == 0
    assert deliver_after(delivery.CLAIM_SECONDS + 10) == 1
    assert only().state == DeliveryState.SENT


@pytest.mark.django_db(transaction=True)
def test_of_several_workers_one_sends_a_message(desk, receiver):
    read_log()
    add_webhook(receiver.url)
    for number in range(5):
        end_operation(desk, key=str(number))
    read_log()
    with time_machine.travel(timezone.now() + timedelta(seconds=6), tick=True):
        at_once([delivery.deliver_due] * 4)
    assert len(receiver.messages) == 1
    assert len(receiver.events) == 5


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://[::1]:{port}/"]
)
def test_an_address_that_is_not_public_is_not_connected_to(desk, receiver, watched, settings, url):
    settings.SNAPPORTAL_NOTIFY_PRIVATE_ADDRESSES = False
    add_webhook(url.format(port=receiver.url.split(":")[2].split("/")[0]))
    end_operation(desk)
    read_log()
    deliver_after(6)
    assert "not a public address" in only().last_error
    assert receiver.paths == []


def test_a_name_that_is_rebound_to_a_private_address_is_not_connected_to(
    desk, receiver, watched, settings, monkeypatch
):
    """The name has a public address when it is checked, and another one at each later look-up."""
    settings.SNAPPORTAL_NOTIFY_PRIVATE_ADDRESSES = False
    looked_up = []
    port = int(receiver.url.split(":")[2].split("/")[0])

    def rebinding(host, *args, **more):
        looked_up.append(host)
        address = "93.184.216.34" if len(looked_up) > 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    add_webhook(f"http://hook.example:{port}/")
    end_operation(desk)
    read_log()
    deliver_after(6)
    assert looked_up == ["hook.example"], "the address that is checked is the one that is connected to"
    assert "127.0.0.1 is not a public address" in only().last_error
    assert receiver.paths == []


def test_a_target_whose_key_is_missing_is_shown_as_failing(desk, receiver, target, settings):
    end_operation(desk)
    read_log()
    settings.SNAPPORTAL_TOKEN_KEYS = {"other": b"x" * 32}
    deliver_after(6)
    assert only().last_error.startswith("its address cannot be decrypted")
    assert receiver.paths == []
