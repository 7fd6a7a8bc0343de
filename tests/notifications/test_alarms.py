"""Troubles that no row of the log records, and the heartbeat outwards."""

from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from snapshots.inventory.reader import expire
from snapshots.notifications import alarms, heartbeat, outbox
from snapshots.notifications.models import Event, Kind, Target, Trouble
from snapshots.notifications.targets import open_address
from snapshots.operations.models import State
from tests.support.evidence import later, open_operation
from tests.support.notifying import add_webhook, end_operation, read_log, told

pytestmark = pytest.mark.django_db


def test_an_operation_that_takes_too_long_is_told_once(cast, desk):
    open_operation(desk, state=State.ACCEPTED, accepted_at=timezone.now())
    assert alarms.check_all() == 0
    with later(hours=1):
        assert alarms.check_all() == 1
        assert alarms.check_all() == 0
    assert told(cast.mia) == [Kind.OVERDUE]


def test_a_refused_token_is_told_once_to_its_owner(cast, desk):
    desk.token.refused_at = timezone.now()
    desk.token.save()
    assert (alarms.check_all(), alarms.check_all()) == (1, 0)
    assert told(cast.mia) == [Kind.TOKEN_REFUSED]
    assert told(cast.omar) == []


def test_a_token_that_is_refused_again_is_told_again(cast, desk):
    for refused_at in (timezone.now(), None, timezone.now()):
        desk.token.refused_at = refused_at
        desk.token.save()
        assert alarms.check_all() == int(refused_at is not None)
        assert alarms.check_all() == 0
    assert told(cast.mia) == [Kind.TOKEN_REFUSED, Kind.TOKEN_REFUSED]


def test_a_token_that_a_reading_found_refused_is_told(cast, far_desk, http_sandbox):
    http_sandbox.misbehave("answer", status=401, body="{}", times=0)
    far_desk.views()
    assert alarms.check_all() == 1
    assert told(cast.mia) == [Kind.TOKEN_REFUSED]


def test_a_provider_that_is_away_for_five_minutes_is_told_once(cast, far_desk, http_sandbox, settings):
    far_desk.views()
    address = settings.SNAPPORTAL_API_URL
    settings.SNAPPORTAL_API_URL = "http://127.0.0.1:1"
    expire(far_desk.token)
    far_desk.views()
    assert alarms.check_all() == 0
    with later(minutes=6):
        assert (alarms.check_all(), alarms.check_all()) == (1, 0)
    assert Kind.PROVIDER_DOWN in told(cast.mia)
    assert told(cast.aron) == []
    settings.SNAPPORTAL_API_URL = address
    with later(minutes=7):
        expire(far_desk.token)
        far_desk.views()
        alarms.check_all()
    assert Trouble.objects.count() == 0


def test_a_failed_reading_alone_is_no_outage_if_the_provider_answers_again(cast, far_desk, settings):
    address = settings.SNAPPORTAL_API_URL
    settings.SNAPPORTAL_API_URL = "http://127.0.0.1:1"
    expire(far_desk.token)
    far_desk.views()
    alarms.check_all()
    settings.SNAPPORTAL_API_URL = address
    with later(minutes=6):
        assert alarms.check_all() == 0
    assert Event.objects.count() == 0


def test_a_page_notices_that_the_worker_is_away_and_admins_are_told(cast, signed_in):
    outbox.read_log()
    vera = signed_in(cast.vera)
    vera.get(reverse("notification_bell"))
    assert Event.objects.count() == 0
    with later(minutes=6):
        for _ in range(2):
            vera.get(reverse("notification_bell"))
    assert told(cast.ada) == [Kind.WORKER_DOWN]
    assert told(cast.vera) == []


def test_a_worker_that_works_is_not_reported(cast):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(20):
            outbox.read_log()
            clock.shift(timedelta(seconds=30))
            assert alarms.check_all() == 0


def test_old_events_are_deleted_with_their_notifications(cast, desk, watched):
    end_operation(desk)
    read_log()
    assert alarms.clear_old() == 0
    with later(days=91):
        assert alarms.clear_old() == 1
    assert Event.objects.count() == 0


def test_the_heartbeat_is_posted_and_a_failure_is_no_error(receiver, settings):
    settings.SNAPPORTAL_HEARTBEAT_URL = ""
    assert heartbeat.ping() == 0
    settings.SNAPPORTAL_HEARTBEAT_URL = receiver.url
    assert heartbeat.ping() == 1
    assert len(receiver.paths) == 1
    receiver.statuses = [500]
    assert heartbeat.ping() == 0
    settings.SNAPPORTAL_HEARTBEAT_URL = "http://127.0.0.1:1/"
    assert heartbeat.ping() == 0


def test_targets_are_sealed_anew_with_the_tokens(receiver, settings, capsys):
    target = add_webhook(receiver.url)
    settings.SNAPPORTAL_TOKEN_KEYS = {"t2": bytes(range(32)), **settings.SNAPPORTAL_TOKEN_KEYS}
    call_command("reseal_tokens")
    assert "1 sealed anew" in capsys.readouterr().out
    settings.SNAPPORTAL_TOKEN_KEYS = {"t2": bytes(range(32))}
    assert Target.objects.get(pk=target.pk).key_id == "t2"
    assert open_address(Target.objects.get(pk=target.pk)).url == receiver.url
