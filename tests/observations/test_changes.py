"""What changes at the provider past the portal is recorded as observed, once, and what we do ourselves is not (promise 37)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from snapshots.observations import looking
from snapshots.observations.models import Change, KnownSnapshot
from snapshots.operations.models import Operation, State
from tests.support.observing import codes, look, observed

pytestmark = pytest.mark.django_db


def test_the_first_reading_is_the_baseline_and_no_news(desk, imaginary, clock):
    imaginary.add(7, "made-before")
    assert look(desk, clock) == []
    assert look(desk, clock) == []
    assert KnownSnapshot.objects.count() == 3


def test_one_that_appears_is_recorded_once_with_the_evidence_and_without_a_person(desk, imaginary, clock):
    look(desk, clock)
    before = timezone.now()
    made = imaginary.add(7, "by-hand")
    assert look(desk, clock) == ["appeared"]
    (row,) = observed()
    assert (row.server_id, row.server_name, row.snapshot_id, row.snapshot_name) == (7, "web", made, "by-hand")
    assert (row.actor_id, row.actor_name, row.channel) == (None, "", "evidence")
    assert (row.token_label, row.token_fingerprint) == (desk.token.label, desk.token.fingerprint)
    assert f"Not listed at {before:%Y-%m-%d %H:%M:%S} UTC" in row.evidence
    assert f"listed at {timezone.now():%Y-%m-%d %H:%M:%S} UTC as “by-hand”" in row.evidence
    assert look(desk, clock) == ["appeared"]


def test_one_that_vanishes_is_recorded_once_a_second_list_lacks_it_too(desk, imaginary, clock):
    look(desk, clock)
    listed_at = timezone.now()
    del imaginary.snapshots[101]
    imaginary.add(7, "another")
    assert look(desk, clock) == ["appeared"]
    assert look(desk, clock) == ["appeared", "vanished"]
    row = observed()[-1]
    assert (row.server_id, row.snapshot_id, row.snapshot_name) == (7, 101, "old")
    assert f"Listed as “old” at {listed_at:%Y-%m-%d %H:%M:%S} UTC, not listed at" in row.evidence
    assert look(desk, clock) == ["appeared", "vanished"]


def test_a_list_that_lags_shows_no_change(desk, imaginary, clock):
    look(desk, clock)
    kept = imaginary.snapshots.pop(101)
    assert look(desk, clock, seconds=30) == []
    imaginary.snapshots[101] = kept
    assert look(desk, clock, seconds=30) == []
    assert look(desk, clock) == []


def list_again_what_vanished(desk, imaginary, clock) -> None:
    """Two lists lack a snapshot, which is recorded; then the provider lists it again."""
    look(desk, clock)
    gone = imaginary.snapshots.pop(101)
    assert look(desk, clock, seconds=30) == []
    assert look(desk, clock, seconds=70) == ["vanished"]
    imaginary.snapshots[101] = gone


def test_a_list_that_lags_does_not_bring_back_what_vanished(desk, imaginary, clock):
    list_again_what_vanished(desk, imaginary, clock)
    assert look(desk, clock, seconds=20) == ["vanished"]
    del imaginary.snapshots[101]
    assert look(desk, clock, minutes=10) == ["vanished"]
    assert look(desk, clock, minutes=10) == ["vanished"]


def test_what_vanished_and_is_listed_for_good_has_appeared_again(desk, imaginary, clock):
    list_again_what_vanished(desk, imaginary, clock)
    assert look(desk, clock, seconds=70) == ["vanished"]
    assert look(desk, clock, minutes=3) == ["vanished", "appeared"]
    assert look(desk, clock) == ["vanished", "appeared"]


def test_a_change_of_name_and_of_size_is_recorded(desk, imaginary, clock):
    look(desk, clock)
    imaginary.changes[101] = {"name": "renamed-there"}
    assert look(desk, clock) == ["renamed"]
    assert "Listed as “old”" in observed()[0].evidence
    assert "as “renamed-there”" in observed()[0].evidence
    imaginary.changes[101] |= {"size_mb": 12}
    assert look(desk, clock) == ["renamed", "resized"]
    assert "with 10 MB" in observed()[1].evidence
    assert look(desk, clock) == ["renamed", "resized"]


def test_the_size_that_comes_at_the_end_of_a_creation_is_no_news(desk, imaginary, clock):
    look(desk, clock)
    imaginary.add(7, "by-hand")
    assert look(desk, clock, minutes=1) == ["appeared"]
    assert look(desk, clock, minutes=10) == ["appeared"]
    assert KnownSnapshot.objects.get(name="by-hand").size_mb == 10


@pytest.mark.parametrize("reads", ["down", "no count"])
def test_a_list_that_is_not_whole_and_fresh_proves_nothing(desk, imaginary, clock, reads):
    look(desk, clock)
    imaginary.reads = reads
    del imaginary.snapshots[101]
    imaginary.add(7, "by-hand")
    for _ in range(3):
        assert look(desk, clock) == []
    imaginary.reads = "fine"
    look(desk, clock)
    assert sorted(look(desk, clock)) == ["appeared", "vanished"]


def test_a_reading_that_has_become_old_is_not_compared(desk, imaginary, clock):
    look(desk, clock)
    imaginary.add(7, "by-hand")
    clock.shift(60)
    desk.views()
    clock.shift(61)
    looking.compare_all()
    assert codes() == []


def test_what_we_do_ourselves_is_no_news(desk, imaginary, clock):
    look(desk, clock)
    view = desk.server("web")
    desk.create(view, name="ours")
    desk.delete(view, view.snapshots[0])
    for _ in range(4):
        assert look(desk, clock) == []
    assert {one.state for one in Operation.objects.all()} == {State.COMPLETED}
    assert not Change.objects.exists()


def test_what_an_open_operation_may_have_done_waits_until_it_is_settled(desk, imaginary, clock):
    look(desk, clock)
    view = desk.server("web")
    imaginary.mode = "lost after"
    lost = desk.create(view, name="ours")
    imaginary.mode = "lost after"
    deleted = desk.delete(view, view.snapshots[0])
    with_unknown = [State.UNKNOWN] * 2
    assert [Operation.objects.get(pk=one.pk).state for one in (lost, deleted)] == with_unknown
    for _ in range(4):
        assert look(desk, clock) == []
    assert not Operation.objects.open().exists()
    assert not Change.objects.exists()


def test_a_create_that_did_not_happen_does_not_explain_another_ones_snapshot(desk, imaginary, clock):
    look(desk, clock)
    view = desk.server("web")
    imaginary.mode = "lost before"
    lost = desk.create(view, name="same")
    imaginary.add(7, "same")
    imaginary.add(7, "same")  # two candidates: evidence cannot settle it
    assert look(desk, clock) == []
    assert Change.objects.count() == 2
    Operation.objects.filter(pk=lost.pk).update(state=State.RECONCILED, finding="not_happened")
    assert look(desk, clock) == ["appeared", "appeared"]


def test_a_delete_that_found_nothing_does_not_explain_the_absence(desk, imaginary, clock):
    look(desk, clock)
    view = desk.server("web")
    imaginary.add(7, "another")
    imaginary.mode = "too late"
    desk.delete(view, view.snapshots[0])
    for _ in range(3):
        look(desk, clock)
    assert codes() == ["appeared", "vanished"]


def test_a_delete_that_the_provider_refused_does_not_explain_the_absence(desk, imaginary, clock):
    look(desk, clock)
    view = desk.server("web")
    imaginary.add(7, "another")
    imaginary.mode = "400"
    assert desk.delete(view, view.snapshots[0]).state == State.FAILED
    del imaginary.snapshots[101]
    look(desk, clock)
    look(desk, clock)
    assert codes() == ["appeared", "vanished"]


def test_a_server_that_goes_with_its_snapshots_is_not_said_to_have_lost_them(desk, imaginary, clock):
    imaginary.counts_servers = True
    look(desk, clock)
    del imaginary.servers[8], imaginary.snapshots[102]
    look(desk, clock)
    assert look(desk, clock) == ["vanished_with_server"]
    assert (
        "Its server is not listed either: it was deleted, or the token may not see it"
        in observed()[0].evidence
    )


def test_of_a_server_that_the_token_may_not_list_it_is_said_that_it_may_exist(desk, imaginary, clock):
    imaginary.reads = "no servers"
    look(desk, clock)
    del imaginary.snapshots[102]
    look(desk, clock)
    assert look(desk, clock) == ["vanished"]
    assert "the token may not list servers" in observed()[0].evidence


def test_after_the_clock_was_set_back_changes_are_seen_at_once(desk, imaginary, clock):
    look(desk, clock, days=2)
    clock.shift(-timedelta(days=2))
    imaginary.add(7, "by-hand")
    assert look(desk, clock) == ["appeared"]


def test_the_worker_looks_with_each_token_that_nobody_looked_with(desk, imaginary, clock, settings):
    assert looking.look() == 1
    assert looking.look() == 0
    looking.compare_all()
    imaginary.add(7, "by-hand")
    clock.shift(timedelta(minutes=3))
    assert looking.look() == 1
    assert looking.compare_all() == 1
    clock.shift(timedelta(minutes=2))
    desk.views()
    clock.shift(timedelta(minutes=2))
    assert looking.look() == 0
    settings.SNAPPORTAL_LOOK_EVERY_MINUTES = 0
    clock.shift(timedelta(hours=2))
    assert looking.look() == 0


def test_a_provider_that_fails_is_asked_no_more_often(desk, imaginary, clock):
    imaginary.reads = "down"
    assert looking.look() == 1
    clock.shift(timedelta(minutes=2))
    assert looking.look() == 0
    clock.shift(timedelta(minutes=1))
    assert looking.look() == 1


def test_an_absence_is_confirmed_sooner_than_the_next_regular_look(desk, imaginary, clock, settings):
    settings.SNAPPORTAL_LOOK_EVERY_MINUTES = 60
    looking.look()
    looking.compare_all()
    clock.shift(timedelta(minutes=60))
    imaginary.add(7, "stays")
    del imaginary.snapshots[101]
    assert (looking.look(), looking.compare_all()) == (1, 1)
    clock.shift(timedelta(minutes=1))
    assert (looking.look(), looking.compare_all()) == (1, 1)
    assert sorted(codes()) == ["appeared", "vanished"]


def test_old_changes_are_deleted_and_the_log_keeps_its_rows(desk, imaginary, clock):
    look(desk, clock)
    imaginary.add(7, "by-hand")
    look(desk, clock)
    assert looking.clear_old() == 0
    clock.shift(timedelta(days=91))
    assert looking.clear_old() > 0
    assert not Change.objects.exists()
    assert codes() == ["appeared"]
