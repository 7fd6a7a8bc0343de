"""Who is told of what a schedule does: of which servers, how often, and with which link."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from snapshots.audit.models import Entry
from snapshots.notifications import outbox, pages, rules, texts
from snapshots.notifications.models import Event, Kind, OutboxItem, Scope
from snapshots.notifications.rules import Choice
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from snapshots.schedules import runs, service, silence
from snapshots.schedules.models import Run, RunState
from snapshots.schedules.retention import Keep
from snapshots.vault import tokens
from snapshots.views.schedule_lines import run_lines
from tests.support.batches import take_last_places
from tests.support.notifying import add_webhook, read_log, told
from tests.support.schedules import define, finish, next_hour, work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]
GONE = (999999, "gone-1")
FAILED_KINDS = (Kind.SCHEDULE_FAILED, Kind.SCHEDULE_STOPPED)


@pytest.fixture(autouse=True)
def _begin_to_read(transactional_db) -> None:
    outbox.read_log()


def run_once(desk, clock) -> Run:
    clock.move_to(next_hour())
    run = finish(desk, clock)
    read_log()
    return run


def share_token(desk, person) -> None:
    tokens.store(user_id=person.pk, label="shared", token=tokens.decrypt(desk.token), stored_by_name="Mia")


def schedule_events() -> list[Event]:
    return list(Event.objects.filter(kind__in=FAILED_KINDS).order_by("pk"))


def test_a_target_of_one_server_is_told_only_of_the_schedules_that_cover_it(desk, clock):
    view = desk.server()
    add_webhook("https://a.example/", "covered", FAILED_KINDS, [view.server_id])
    add_webhook("https://b.example/", "other", FAILED_KINDS, [12345])
    define(desk, servers=((view.server_id, view.name), GONE))
    run_once(desk, clock)
    assert list(OutboxItem.objects.values_list("target__label", flat=True)) == ["covered"]


def test_a_follower_of_a_covered_server_is_told_of_its_failed_run(desk, clock, cast):
    view = desk.server()
    for person in (cast.omar, cast.vera):
        share_token(desk, person)
    rules.set_followed(cast.omar.pk, view.server_id, follows=True)
    define(desk, servers=((view.server_id, view.name), GONE))
    run_once(desk, clock)
    assert Kind.SCHEDULE_FAILED in told(cast.omar)
    assert Kind.SCHEDULE_FAILED not in told(cast.vera)


def test_a_stop_concerns_the_servers_of_the_schedule_and_its_row_names_the_token(desk, clock):
    schedule = define(desk, covers_all=True, keep=Keep())
    desk.views()
    type(desk.user).objects.filter(pk=desk.user.pk).update(role="viewer")
    silence.check_all()
    read_log()
    (event,) = schedule_events()
    assert event.server_ids == {view.server_id for view in desk.views() if not view.is_gone}
    row = Entry.objects.get(action="schedule.stop")
    assert (row.request_id, row.token_fingerprint) == (str(schedule.pk), desk.token.fingerprint)
    assert event.token_label == desk.token.label


def test_a_run_that_is_completed_in_part_names_the_server_and_is_told_once(desk, clock, cast):
    view = desk.server()
    schedule = define(desk, servers=((view.server_id, view.name), GONE), keep=Keep(last=1))
    for _ in range(3):
        assert run_once(desk, clock).state == RunState.PARTLY
    (event,) = schedule_events()
    assert texts.title(event) == (
        "A run of the schedule nightly was completed only in part: it failed on gone-1"
    )
    assert texts.severity(event) == "warn"
    assert told(cast.mia).count(Kind.SCHEDULE_FAILED) == 1
    assert pages.page_path(event) == reverse("schedule_detail", args=[schedule.pk])
    row = Entry.objects.filter(action="schedule.run").order_by("sequence").first()
    assert row.full_evidence.endswith("Failed: snapshot.create of “gone-1”: server_gone")


def test_the_line_of_a_run_on_the_page_names_the_server_on_which_it_failed(desk, clock):
    view = desk.server()
    define(desk, servers=((view.server_id, view.name), GONE))
    (line,) = run_lines(desk.user, [run_once(desk, clock)])
    assert strip_tags(line.why) == "gone-1: This server is no longer there."


def test_a_run_is_told_again_when_it_fails_in_something_else(desk, clock):
    view, other = [one for one in desk.views() if not one.is_full and not one.is_held][:2]
    servers = ((view.server_id, view.name), (other.server_id, other.name), GONE)
    define(desk, servers=servers, keep=Keep())
    run_once(desk, clock)
    take_last_places(other)
    run_once(desk, clock)
    assert [texts.title(event).partition("failed on ")[2] for event in schedule_events()] == [
        "gone-1",
        f"gone-1, {other.name}",
    ]


def test_a_good_run_between_makes_the_same_failure_new(desk, clock):
    view, other = [one for one in desk.views() if not one.is_full and not one.is_held][:2]
    define(desk, servers=((view.server_id, view.name), (other.server_id, other.name)), keep=Keep())
    take_last_places(other)
    run_once(desk, clock)
    elsewhere = SandboxSnapshot.objects.filter(server_id=other.server_id, name__startswith="elsewhere")
    elsewhere.delete()
    assert run_once(desk, clock).state == RunState.COMPLETED
    take_last_places(other)
    assert run_once(desk, clock).state == RunState.PARTLY
    assert [event.is_partial for event in schedule_events()] == [True, True]


def test_a_run_that_stops_its_schedule_is_told_as_the_stop_alone(desk, clock):
    schedule = define(desk)
    type(desk.token).objects.update(refused_at=timezone.now())
    clock.move_to(next_hour())
    work(desk)
    read_log()
    (event,) = schedule_events()
    assert texts.title(event) == "The schedule nightly stopped: VPS.org refuses the token Team token"
    assert pages.page_path(event) == reverse("schedule_detail", args=[schedule.pk])


def test_who_wants_only_failed_runs_is_told_of_the_stop_that_a_run_causes(desk, clock, cast):
    add_webhook("https://a.example/", "runs", (Kind.SCHEDULE_FAILED,))
    only_runs = {Kind.SCHEDULE_STOPPED: Choice(Scope.OFF, Scope.OFF)}
    rules.set_choices(cast.mia.pk, only_runs)
    rules.set_choices(cast.ada.pk, only_runs)
    define(desk)
    type(desk.token).objects.update(refused_at=timezone.now())
    clock.move_to(next_hour())
    work(desk)
    read_log()
    assert OutboxItem.objects.get().target.label == "runs"
    assert told(cast.mia) == [Kind.SCHEDULE_STOPPED]
    assert told(cast.ada) == []


def test_four_failed_runs_are_told_and_the_fifth_as_the_pause(desk, clock):
    define(desk, servers=(GONE,), keep=Keep())
    for _ in range(5):
        assert run_once(desk, clock).state == RunState.FAILED
    titles = [texts.title(event) for event in schedule_events()]
    assert titles == [
        *["A run of the schedule nightly failed on gone-1"] * 4,
        "The schedule nightly is paused: five runs in a row failed",
    ]


def test_a_run_by_hand_of_a_paused_schedule_without_its_token_is_told(desk, clock):
    schedule = define(desk)
    service.pause(actor=desk.actor, schedule=schedule)
    service.run_now(actor=desk.actor, schedule=schedule, form_key="k")
    desk.token.delete()
    runs.run_due()
    read_log()
    assert [event.kind for event in schedule_events()] == [Kind.SCHEDULE_FAILED]


def test_a_daily_schedule_is_not_silent_when_a_pause_of_three_days_ends(desk, clock):
    schedule = define(desk, cron="0 0 * * *")
    clock.move_to(schedule.next_due_at)
    finish(desk, clock)
    service.pause(actor=desk.actor, schedule=schedule)
    clock.shift(timedelta(days=3))
    service.resume(actor=desk.actor, schedule=schedule)
    assert silence.tell_of_silence() == 0
    clock.shift(timedelta(days=1))
    assert silence.tell_of_silence() == 0
    clock.shift(timedelta(days=1, hours=1))
    assert silence.tell_of_silence() == 1


def test_after_a_pause_that_was_told_a_new_silence_is_told_in_its_time(desk, clock):
    schedule = define(desk, cron="0 0 * * *")
    service.pause(actor=desk.actor, schedule=schedule)
    clock.shift(timedelta(days=10))
    assert silence.tell_of_silence() == 1
    service.resume(actor=desk.actor, schedule=schedule)
    assert silence.tell_of_silence() == 0
    clock.shift(timedelta(days=3))
    assert silence.tell_of_silence() == 1
