"""Changes past the portal on the server's page, in the log and in notifications."""

import pytest
from django.urls import reverse

from snapshots.audit.models import Entry
from snapshots.notifications import rules
from snapshots.notifications.models import Event, Kind
from tests.support.desk import make_desk
from tests.support.notifying import read_log, told
from tests.support.observing import look
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db


def server_page(client, desk, server_id=7) -> str:
    return text_of(client.get(reverse("server_detail", args=[desk.token.pk, server_id])))


def change_everything(desk, imaginary, clock) -> None:
    look(desk, clock)
    imaginary.add(7, "by-hand")
    imaginary.changes[101] = {"name": "renamed-there", "size_mb": 11}
    del imaginary.snapshots[102]
    imaginary.add(8, "stays")
    look(desk, clock)
    look(desk, clock)


def test_the_page_of_a_server_shows_its_changes_alone(desk, imaginary, clock, signed_in):
    mia = signed_in(desk.user)
    look(desk, clock)
    assert "Nothing has changed at the provider but through this portal" in server_page(mia, desk)
    change_everything(desk, imaginary, clock)
    page = server_page(mia, desk)
    assert "Seen past the portal" in page
    for words in (
        "by-hand",
        "Appeared",
        "renamed-there",
        "Renamed",
        "Size changed",
        "Who did it is not known",
    ):
        assert words in page
    assert "Vanished" not in page
    assert "Vanished" in server_page(mia, desk, 8)


def test_readers_of_the_log_get_links_into_it_and_others_do_not(desk, imaginary, clock, signed_in, cast):
    change_everything(desk, imaginary, clock)
    ada = make_desk(cast.ada, "token-of-mia")
    row = Entry.objects.filter(action="snapshot.observed").first()
    for one, expected in ((desk, False), (ada, True)):
        page = signed_in(one.user).get(reverse("server_detail", args=[one.token.pk, row.server_id]))
        assert (reverse("entry_detail", args=[row.sequence]) in page.text) is expected
        assert ("action=snapshot.observed" in page.text) is expected


def test_the_log_tells_it_as_observed_and_names_nobody(desk, imaginary, clock, signed_in, cast):
    change_everything(desk, imaginary, clock)
    aron = signed_in(cast.aron)
    lines = text_of(aron.get(reverse("entry_list"), {"action": "snapshot.observed"}))
    for words in (
        "Snapshot by-hand of web appeared past this portal",
        "A snapshot of web was renamed to renamed-there past this portal",
        "The size of snapshot renamed-there of web changed past this portal",
        "Snapshot old of db vanished past this portal",
    ):
        assert words in lines
    assert "Observed" in lines
    assert "The portal" in lines
    assert "Mia" not in lines
    row = Entry.objects.filter(action="snapshot.observed", code="vanished").get()
    assert "not listed at" in text_of(aron.get(reverse("entry_detail", args=[row.sequence])))


def test_followers_are_told_each_change_once(desk, imaginary, clock, cast):
    rules.set_followed(cast.mia.pk, 7, follows=True)
    read_log()
    change_everything(desk, imaginary, clock)
    read_log()
    assert told(cast.mia) == [Kind.OBSERVED] * 3


def test_a_person_whose_other_token_shows_the_server_is_told_too(desk, imaginary, clock, cast):
    ada = make_desk(cast.vera, "token-of-vera")
    ada.views()
    rules.set_followed(cast.vera.pk, 7, follows=True)
    rules.set_followed(cast.omar.pk, 7, follows=True)
    read_log()
    change_everything(desk, imaginary, clock)
    read_log()
    assert told(cast.vera) == [Kind.OBSERVED] * 3
    assert told(cast.omar) == []
    assert Event.objects.filter(kind=Kind.OBSERVED, actor_id=None).count() == 5
