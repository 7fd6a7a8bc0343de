"""If the provider's clock differs from ours, pages show no loss, age, progress or date computed from both."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from snapshots.operations.models import Operation
from snapshots.sandbox.models import Snapshot
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def mia(desk, signed_in):
    return signed_in(desk.user)


def shift(name: str, **by) -> Snapshot:
    """Shift the creation time of a sandbox snapshot, as a clock that differs from ours would."""
    snapshot = Snapshot.objects.get(name=name)
    snapshot.created_at = timezone.now() + timedelta(**by)
    snapshot.save()
    return snapshot


def restore_page(mia, desk, snapshot) -> str:
    return text_of(mia.get(reverse("snapshot_restore", args=[desk.token.pk, snapshot.pk])))


@pytest.mark.parametrize("by", [{"hours": 2}, {"minutes": 10}, {"seconds": 90}])
def test_a_snapshot_dated_ahead_of_our_clock_has_no_known_loss(desk, mia, by):
    text = restore_page(mia, desk, shift("pre-migration", **by))
    assert "Everything written since the snapshot was created will be lost" in text
    assert "How much will be lost is not known" in text
    assert "clock is ahead" in text
    assert "seconds)" not in text


def test_a_snapshot_without_a_creation_time_shows_no_time_that_may_be_wrong(
    imaginary_desk, imaginary, signed_in
):
    mine, other = imaginary.snapshots
    imaginary.changes[mine] = {"created_at": None}
    imaginary.changes[other] = {"created_at": f"{timezone.now() + timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}"}
    imaginary_desk.views()
    client = signed_in(imaginary_desk.user)
    pages = [
        text_of(client.get(reverse(f"snapshot_{verb}", args=[imaginary_desk.token.pk, mine])))
        for verb in ("restore", "delete")
    ]
    assert "The provider does not say when it was created" in pages[0]
    assert "How much will be lost is not known" in pages[0]
    assert not any(words in page for page in pages for words in ("time above", "clock is ahead", "created —"))


def test_the_loss_is_not_known_without_a_creation_time_though_clocks_agree(
    imaginary_desk, imaginary, signed_in
):
    mine = next(iter(imaginary.snapshots))
    imaginary.changes[mine] = {"created_at": None}
    imaginary_desk.views()
    url = reverse("snapshot_restore", args=[imaginary_desk.token.pk, mine])
    assert "How much will be lost is not known" in text_of(signed_in(imaginary_desk.user).get(url))


def test_a_few_seconds_ahead_are_not_a_clock_difference_and_not_a_loss(desk, mia):
    text = restore_page(mia, desk, shift("pre-migration", seconds=20))
    assert "Everything written since the snapshot was created will be lost" in text
    assert "clock is ahead" not in text
    assert "seconds)" not in text


def test_one_snapshot_dated_ahead_makes_the_loss_of_the_others_unknown(desk, mia):
    other = Snapshot.objects.filter(server__name="web-server-01").exclude(name="pre-migration")[0]
    assert "Everything written since then (" in restore_page(mia, desk, other)
    shift("pre-migration", hours=2)
    desk.views()
    assert "How much will be lost is not known" in restore_page(mia, desk, other)


def test_the_loss_of_a_snapshot_requested_here_is_measured_by_our_own_clock(desk, mia):
    operation = desk.create(desk.server("web-server-01"), "mine")
    snapshot = Snapshot.objects.get(name="mine")
    ahead = operation.snapshot_created_at + timedelta(hours=2)
    Snapshot.objects.filter(pk=snapshot.pk).update(created_at=ahead, ends_at=timezone.now())
    Operation.objects.update(snapshot_created_at=ahead)
    with time_machine.travel(operation.sent_at + timedelta(minutes=30, seconds=5)):
        text = restore_page(mia, desk, snapshot)
    assert "Everything written since then (30 minutes) will be lost" in text
    assert "clock is ahead" in text


def test_a_delete_page_says_that_the_clocks_differ(desk, mia):
    snapshot = shift("pre-migration", hours=2)
    text = text_of(mia.get(reverse("snapshot_delete", args=[desk.token.pk, snapshot.pk])))
    assert "clock is ahead" in text
    assert "just now" not in text


def test_a_card_says_how_far_ahead_a_time_is_and_shows_no_unknown_age(desk, mia):
    shift("pre-migration", hours=2, minutes=1)
    page = mia.get("/?q=web-server-01")
    assert "2 hours ahead of this portal's clock" in text_of(page)
    table = page.content.decode().split("<tbody>")[1]
    assert "data-ago" not in table
    assert "days ago" not in text_of(page)
    assert len(re.findall('class="when"', table)) == 3


def test_no_progress_bar_is_shown_where_the_clocks_differ(desk, mia):
    snapshot = shift("pre-migration", hours=2)
    assert "<progress" not in mia.get("/?q=web-server-01").content.decode()
    moving = Snapshot.objects.filter(server=snapshot.server)
    moving.update(ends_at=timezone.now() + timedelta(hours=3))
    moving.exclude(pk=snapshot.pk).update(created_at=timezone.now() - timedelta(minutes=5))
    desk.views()
    page = mia.get("/?q=web-server-01")
    assert "Creating" in text_of(page)
    assert "<progress" not in page.content.decode()


def test_the_progress_bar_of_a_snapshot_requested_here_follows_our_own_clock(desk, mia, settings):
    settings.SNAPPORTAL_SANDBOX_SPEED = 1
    operation = desk.create(desk.server("web-server-01"), "mine")
    later = timezone.now() + timedelta(hours=2)
    Snapshot.objects.filter(name="mine").update(created_at=later, ends_at=later)
    with time_machine.travel(operation.accepted_at + timedelta(minutes=5)):
        page = mia.get("/?q=web-server-01").content.decode()
    assert 'value="50"' in page


def test_a_proposed_name_has_no_date_where_the_clocks_differ(desk, mia):
    shift("pre-migration", hours=2)
    url = reverse("snapshot_create", args=[desk.token.pk, desk.server("web-server-01").server_id])
    assert 'value="before-change"' in mia.get(url).content.decode()
    desk.create(desk.server("web-server-01"), "before-change")
    assert 'value="before-change-2"' in mia.get(url).content.decode()
