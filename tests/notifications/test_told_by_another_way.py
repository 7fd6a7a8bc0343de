"""Worker, mail, a target, the clock and the provider end one by one: within ten minutes another way tells it."""

from datetime import timedelta
from itertools import product

import pytest
from django.urls import reverse

from snapshots.notifications import rules
from snapshots.notifications.mail_server import MailServer
from snapshots.notifications.models import Kind, Scope, Trouble
from snapshots.notifications.rules import Choice
from snapshots.worker import status
from tests.support.deep import DEEP
from tests.support.notifying import add_webhook, end_operation, told
from tests.support.simulated_portal import SimulatedPortal

pytestmark = pytest.mark.django_db
EVERYTHING = dict.fromkeys(rules.DEFAULTS, Choice(Scope.ALL, Scope.ALL))
CLOSED_PORT = 1


@pytest.fixture
def portal(clock, imaginary, imaginary_desk, double, sink, receiver, settings) -> SimulatedPortal:
    """A portal that has run for a while, with e-mail, a webhook, a heartbeat and no page open."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.SNAPPORTAL_EMAIL = MailServer("127.0.0.1", sink.port, "snapshots@example.com")
    add_webhook(receiver.url)
    found = SimulatedPortal(clock, imaginary)
    double.answer = found.answer
    found.rest(900)
    assert Trouble.objects.count() == 0
    return found


def mailed(sink, words: str) -> bool:
    return any(words in message.get_content() for message in sink.mails)


def hooked(receiver, kind: Kind) -> bool:
    return any(event["kind"] == kind for event in receiver.events)


def test_a_worker_that_ended_is_told_in_the_portal_and_by_the_silence_of_its_heartbeat(
    portal, cast, signed_in, receiver, settings
):
    settings.SNAPPORTAL_HEARTBEAT_URL = receiver.url.replace("hook", "alive")
    ada = signed_in(cast.ada)
    before = len([path for path in receiver.paths if "alive" in path])
    portal.rest(120)
    beats = [path for path in receiver.paths if "alive" in path]
    assert len(beats) - before >= 2

    def look() -> bool:
        ada.get(reverse("notification_bell"))
        return Kind.WORKER_DOWN in told(cast.ada)

    assert portal.until(look, works=False) <= 360
    assert not status.is_alive()
    assert status.is_missed()
    assert [path for path in receiver.paths if "alive" in path] == beats


def test_a_provider_that_ended_is_told_with_no_page_open(portal, cast, imaginary, receiver):
    imaginary.reads = "down"
    assert portal.until(lambda: Kind.PROVIDER_DOWN in told(cast.mia)) <= 570
    portal.rest(60)
    assert hooked(receiver, Kind.PROVIDER_DOWN)


def test_a_mail_server_that_ended_is_told_in_the_portal_and_by_targets(portal, cast, settings, receiver):
    settings.SNAPPORTAL_EMAIL = MailServer("127.0.0.1", CLOSED_PORT, "snapshots@example.com")
    assert portal.until(lambda: Kind.MAIL_DOWN in told(cast.ada)) <= 540
    portal.rest(60)
    assert hooked(receiver, Kind.MAIL_DOWN)
    assert told(cast.ada) == [Kind.MAIL_DOWN]
    assert told(cast.mia) == []


def test_a_mail_server_that_takes_nothing_is_told_too(portal, imaginary_desk, cast, sink):
    sink.refusals = [b"550 no"] * 100
    rules.set_choices(cast.mia.pk, EVERYTHING)
    end_operation(imaginary_desk)
    portal.until(lambda: Kind.MAIL_DOWN in told(cast.ada))
    sink.refusals = []
    portal.rest(900)
    assert not Trouble.objects.exists()
    assert told(cast.ada) == [Kind.MAIL_DOWN]


def test_a_target_that_ended_is_told_in_the_portal_and_by_e_mail_and_not_to_itself(
    portal, imaginary_desk, cast, receiver, sink
):
    receiver.statuses = [500] * 1000
    end_operation(imaginary_desk)
    portal.until(lambda: Kind.TARGET_DOWN in told(cast.ada))
    portal.rest(60)
    assert mailed(sink, "The target Ops of notifications took nothing")
    receiver.statuses = []
    portal.rest(900)
    assert not Trouble.objects.exists()
    assert not hooked(receiver, Kind.TARGET_DOWN)


LENGTHS = {"minutes": timedelta(minutes=3), "an hour": timedelta(hours=1), "a year": timedelta(days=400)}
WRONG = [*product(LENGTHS, (1, -1))]
"""By default both directions, and each length in one of them."""


@pytest.mark.parametrize(("length", "direction"), WRONG if DEEP else WRONG[::3] + WRONG[4:5])
def test_a_clock_that_was_set_wrong_is_told_in_each_way(portal, cast, length, direction, receiver, sink):
    by = LENGTHS[length]
    portal.set_clock(direction * by)
    ways = {
        "portal": lambda: Kind.CLOCK_WRONG in told(cast.ada),
        "webhook": lambda: hooked(receiver, Kind.CLOCK_WRONG),
        "e-mail": lambda: mailed(sink, "clock differs"),
    }
    portal.until(lambda: all(is_told() for is_told in ways.values()))
    portal.set_clock(-direction * by)
    portal.rest(600)
    assert not Trouble.objects.exists()
    assert told(cast.ada).count(Kind.CLOCK_WRONG) == 1
    portal.set_clock(direction * by)
    portal.until(lambda: told(cast.ada).count(Kind.CLOCK_WRONG) == 2)


def test_clocks_that_differ_a_little_and_a_provider_without_a_date_are_not_told(
    portal, cast, double, imaginary
):
    portal.set_clock(timedelta(seconds=100))
    portal.rest(600)
    double.answer = lambda request: imaginary.read(request.url.path)
    portal.set_clock(timedelta(hours=1))
    portal.rest(600)
    assert told(cast.ada) == []


def test_without_a_mail_server_none_is_missed(portal, cast, settings):
    settings.SNAPPORTAL_EMAIL = None
    portal.rest(900)
    assert told(cast.ada) == []
