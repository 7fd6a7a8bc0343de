"""E-mails to people, through a mail server on loopback."""

import re

import pytest
from django.core import mail
from django.utils.translation import get_language

from snapportal.accounts.models import User
from snapshots.notifications import rules
from snapshots.notifications.mail_server import MailServer
from snapshots.notifications.models import Delivery, DeliveryState, Event, Kind, OutboxItem, Scope
from snapshots.notifications.rules import Choice
from snapshots.operations.models import Operation, State
from tests.support.notifying import deliver_after, end_operation, read_log

pytestmark = pytest.mark.django_db
EVERYTHING = dict.fromkeys(rules.DEFAULTS, Choice(Scope.ALL, Scope.ALL))


@pytest.fixture
def server(sink, settings) -> MailServer:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.SNAPPORTAL_EMAIL = MailServer("127.0.0.1", sink.port, "snapshots@example.com")
    return settings.SNAPPORTAL_EMAIL


@pytest.fixture
def mia(cast, watched):
    rules.set_choices(cast.mia.pk, EVERYTHING)
    return cast.mia


def test_an_event_arrives_as_an_e_mail(desk, mia, server, sink):
    operation = end_operation(desk, State.UNKNOWN)
    read_log()
    deliver_after(6)
    [message] = sink.mails
    assert (message["To"], message["From"]) == ("mia@example.com", "snapshots@example.com")
    assert operation.server_name in message["Subject"]
    assert message["Message-ID"] == f"<{Delivery.objects.get().pk}@example.com>"
    body = message.get_content()
    assert f"/operations/{operation.pk}/" in body
    assert "(Mia)" in body


def test_twenty_events_are_one_e_mail(desk, mia, server, sink):
    for number in range(20):
        end_operation(desk, key=str(number))
    read_log()
    deliver_after(6)
    [message] = sink.mails
    assert message["Subject"] == "[SnapPortal] 20 notifications"
    assert message.get_content().count("/operations/") == 20


def test_a_refused_e_mail_is_tried_again_and_its_error_names_no_address(desk, mia, server, sink):
    sink.refusals = [b"550 mia@example.com is unknown"]
    end_operation(desk)
    read_log()
    deliver_after(6)
    waiting = Delivery.objects.get()
    assert (waiting.state, waiting.last_error) == (
        DeliveryState.WAITING,
        "the mail server did not take it: SMTPRecipientsRefused",
    )
    deliver_after(60)
    assert Delivery.objects.get().state == DeliveryState.SENT
    assert len(sink.mails) == 1


def test_nothing_waits_for_a_mail_server_that_is_not_configured(desk, mia, settings):
    settings.SNAPPORTAL_EMAIL = None
    end_operation(desk)
    read_log()
    assert OutboxItem.objects.count() == 0


def test_a_person_without_an_address_gets_none(desk, mia, server, sink):
    mia.email = ""
    mia.save()
    end_operation(desk)
    read_log()
    assert OutboxItem.objects.count() == 0


@pytest.mark.parametrize("change", ["left", "no_address", "role", "token"])
def test_what_the_person_may_not_see_any_more_is_not_sent(desk, mia, server, sink, change):
    end_operation(desk, State.FAILED)
    Operation.objects.update(actor_id=4242)
    read_log()
    OutboxItem.objects.exclude(person=mia).delete()
    assert OutboxItem.objects.filter(person=mia).count() == 1
    if change == "token":
        desk.token.delete()
    mia.is_active = change != "left"
    mia.role = "auditor" if change == "role" else mia.role
    mia.email = "" if change == "no_address" else mia.email
    mia.save()
    deliver_after(6)
    expected = 1 if change == "role" else 0  # an auditor with the token still sees the operation's page
    assert len(sink.mails) == expected
    if not expected:
        assert Delivery.objects.get().state == DeliveryState.GIVEN_UP


def test_a_subject_with_a_line_break_in_a_name_stays_one_line(desk, mia, server, sink):
    end_operation(desk)
    read_log()
    Event.objects.update(server_name="a\r\nBcc: x@example.com")
    deliver_after(6)
    [message] = sink.mails
    assert message["Bcc"] is None
    assert "a Bcc: x@example.com" in message["Subject"]


def test_the_default_is_to_mail_failures_and_unknown_results_of_ones_own(
    desk, cast, server, watched, settings
):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    for number, state in enumerate([State.COMPLETED, State.FAILED, State.UNKNOWN]):
        end_operation(desk, state, key=str(number))
    read_log()
    kinds = OutboxItem.objects.filter(person=cast.mia).values_list("event__kind", flat=True)
    assert sorted(kinds) == sorted([Kind.FAILED, Kind.UNKNOWN])
    deliver_after(6)
    assert [message.subject for message in mail.outbox] == ["[SnapPortal] 2 notifications"]


def test_an_e_mail_speaks_the_language_of_its_reader_and_gives_times_in_the_readers_zone(
    desk, mia, server, sink
):
    User.objects.filter(pk=mia.pk).update(language="de", time_zone="Asia/Tokyo")
    end_operation(desk)
    read_log()
    deliver_after(6)
    [message] = sink.mails
    assert "wurde aus" in message["Subject"]
    assert message["Content-Language"] == "de"
    assert re.search(r"\d\d\.\d\d\.\d{4}, \d\d:\d\d JST \(", message.get_content())
    assert get_language() == "en"


def test_without_a_choice_an_e_mail_speaks_the_portals_language(desk, mia, server, sink, settings):
    settings.SNAPPORTAL_LANGUAGE = "de"
    end_operation(desk)
    read_log()
    deliver_after(6)
    assert "wurde aus" in sink.mails[0]["Subject"]
    assert " UTC  " in sink.mails[0].get_content()


def test_names_in_an_e_mail_from_right_to_left_are_isolated(desk, mia, server, sink):
    User.objects.filter(pk=mia.pk).update(language="he")
    operation = end_operation(desk)
    read_log()
    deliver_after(6)
    assert f"\u2068{operation.server_name}\u2069" in sink.mails[0].get_content()
