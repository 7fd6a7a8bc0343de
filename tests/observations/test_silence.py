"""A server of which no snapshot was completed for too long is told once for each silence."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from snapshots.audit.models import Entry
from snapshots.notifications.models import Kind
from snapshots.observations import silence
from snapshots.observations.models import KnownServer
from snapshots.operations.errors import OperationRefusedError
from tests.support.desk import make_desk
from tests.support.imaginary import CREATE_TAKES
from tests.support.notifying import read_log, told
from tests.support.observing import look
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def default(settings):
    settings.SNAPPORTAL_SILENT_AFTER_DAYS = 3


def silent() -> list[int | None]:
    silence.tell_of_silence()
    rows = Entry.objects.filter(action="server.silent").order_by("sequence")
    return list(rows.values_list("server_id", flat=True))


def choose(desk, days, server_id=7):
    silence.set_days(actor=desk.actor, server_id=server_id, server_name="web", days=days)


def complete(desk, imaginary, clock, server_id=7) -> None:
    imaginary.add(server_id, "new")
    look(desk, clock, seconds=10)
    look(desk, clock, seconds=CREATE_TAKES.total_seconds())


def test_each_silence_is_told_once_and_ends_with_a_completed_snapshot(desk, imaginary, clock):
    look(desk, clock)
    complete(desk, imaginary, clock, 8)
    look(desk, clock, days=1)
    assert silent() == []
    look(desk, clock, days=1, hours=1)
    assert silent() == [7]
    assert silent() == [7]
    complete(desk, imaginary, clock)
    complete(desk, imaginary, clock, 8)
    assert KnownServer.objects.get(pk=7).silent_told_at is None
    look(desk, clock, days=2)
    assert silent() == [7]
    complete(desk, imaginary, clock, 8)
    look(desk, clock, days=1, hours=1)
    assert silent() == [7, 7]


def test_the_row_says_what_is_known_and_names_nobody(desk, imaginary, clock):
    look(desk, clock)
    last = KnownServer.objects.get(pk=7).completed_at
    read_at = timezone.now()
    clock.shift(timedelta(days=4))
    silent()
    row = Entry.objects.filter(action="server.silent", server_id=7).get()
    assert (row.result, row.actor_id, row.channel, row.server_name) == ("failed", None, "evidence", "web")
    assert row.token_fingerprint == desk.token.fingerprint
    assert f"“old” of {last:%Y-%m-%d %H:%M:%S} UTC" in row.evidence
    assert f"The last confirmed list is of {read_at:%Y-%m-%d %H:%M:%S} UTC" in row.evidence
    assert "told after 3 days" in row.evidence


def test_a_snapshot_that_is_not_completed_does_not_end_the_silence(desk, imaginary, clock):
    look(desk, clock)
    look(desk, clock, days=3)
    imaginary.snapshots[imaginary.add(7, "fails")]["fails"] = True
    imaginary.add(8, "still-moving")
    look(desk, clock, seconds=30)
    assert sorted(silent()) == [7, 8]
    look(desk, clock, minutes=10)
    assert KnownServer.objects.get(pk=7).silent_told_at is not None
    assert KnownServer.objects.get(pk=8).silent_told_at is None


def test_a_provider_that_cannot_be_read_is_silence_too(desk, imaginary, clock):
    look(desk, clock)
    imaginary.reads = "down"
    for _ in range(4):
        look(desk, clock, days=1)
    assert sorted(silent()) == [7, 8]


def test_a_server_without_any_snapshot_counts_from_its_first_sight(desk, imaginary, clock):
    imaginary.servers[9] = "new"
    look(desk, clock)
    look(desk, clock, days=2, hours=23)
    assert 9 not in silent()
    look(desk, clock, hours=2)
    assert 9 in silent()
    assert "No completed snapshot was ever listed" in Entry.objects.get(server_id=9).evidence


def test_a_server_that_is_gone_is_not_silent(desk, imaginary, clock):
    imaginary.counts_servers = True
    look(desk, clock)
    del imaginary.servers[8], imaginary.snapshots[102]
    look(desk, clock)
    look(desk, clock, days=4)
    assert silent() == [7]
    imaginary.servers[8] = "db"
    look(desk, clock)
    assert silent() == [7, 8]


def test_a_server_that_another_token_lists_is_not_gone(desk, imaginary, clock, cast):
    imaginary.counts_servers = True
    other = make_desk(cast.ada, "token-of-ada")
    for one in (desk, other):
        look(one, clock)
    look(other, clock)
    server, snapshot = imaginary.servers.pop(8), imaginary.snapshots.pop(102)
    look(desk, clock)
    assert KnownServer.objects.get(pk=8).gone_at is None
    imaginary.servers[8], imaginary.snapshots[102] = server, snapshot


def test_the_choice_of_a_server_counts_more_than_the_setting(desk, imaginary, clock, settings):
    look(desk, clock)
    choose(desk, 1)
    choose(desk, 0, 8)
    clock.shift(timedelta(days=4))
    assert silent() == [7]
    settings.SNAPPORTAL_SILENT_AFTER_DAYS = 0
    choose(desk, 2)
    assert silent() == [7, 7]
    choose(desk, None)
    assert silent() == [7, 7]
    assert (
        Entry.objects.filter(action="server.set_silence").latest("sequence").evidence
        == "2 → 0 days (the setting)"
    )


def test_a_snapshot_without_a_time_or_with_one_ahead_counts_from_its_first_sight(desk, imaginary, clock):
    imaginary.changes[101] = {"created_at": None}
    imaginary.changes[102] = {"created_at": f"{timezone.now() + timedelta(days=300):%Y-%m-%dT%H:%M:%SZ}"}
    look(desk, clock)
    for _ in range(3):
        look(desk, clock, days=1)
    assert silent() == []
    look(desk, clock, minutes=1)
    assert sorted(silent()) == [7, 8]


def test_people_who_see_the_server_are_told(desk, imaginary, clock, cast):
    look(desk, clock)
    make_desk(cast.vera, "token-of-vera").views()
    read_log()
    clock.shift(timedelta(days=4))
    silent()
    read_log()
    assert told(cast.mia) == [Kind.SILENT] * 2
    assert told(cast.vera) == [Kind.SILENT] * 2
    assert told(cast.omar) == []


def test_it_is_chosen_on_the_servers_page(desk, imaginary, clock, signed_in, cast):
    look(desk, clock)
    mia = signed_in(desk.user)
    page, url = (reverse(name, args=[desk.token.pk, 7]) for name in ("server_detail", "server_silence"))
    assert "3 days" in text_of(mia.get(page))
    assert "As set for all servers (3 days)" in text_of(mia.get(url))
    mia.post(url, {"days": "7", "reason": "weekly"})
    assert "7 days" in text_of(mia.get(page))
    row = Entry.objects.filter(action="server.set_silence").get()
    assert (row.actor_name, row.reason, row.evidence) == ("Mia", "weekly", "3 → 7 days")
    assert mia.post(url, {"days": "8"}).status_code == 422
    clock.shift(timedelta(days=8))
    desk.views()
    silent()
    assert "Silence" in text_of(signed_in(desk.user).get(page))
    vera = make_desk(cast.vera, "token-of-vera")
    own = reverse("server_detail", args=[vera.token.pk, 7])
    assert "/silence/" not in signed_in(cast.vera).get(own).text


def test_a_person_who_lost_the_right_meanwhile_changes_nothing(desk, imaginary, clock):
    look(desk, clock)
    desk.user.role = "viewer"
    desk.user.save()
    with pytest.raises(OperationRefusedError, match="not_allowed_any_more"):
        choose(desk, 1)
    assert KnownServer.objects.get(pk=7).silent_after_days is None


def test_a_server_that_was_never_compared_can_be_chosen(desk, imaginary, clock):
    choose(desk, 1)
    clock.shift(timedelta(days=2))
    assert silent() == [7]
    look(desk, clock)
    assert KnownServer.objects.get(pk=7).token_fingerprint == desk.token.fingerprint
