"""Schedules that stop, are paused or fall silent, and who is told (promise 35)."""

from datetime import timedelta

import httpx
import pytest
from django.utils import timezone

from snapshots.audit.models import Entry
from snapshots.jobs import service as jobs
from snapshots.jobs.models import Job, JobState
from snapshots.operations.models import Operation
from snapshots.schedules import runs, service, silence
from snapshots.schedules.models import Cause, Run, RunState, State
from snapshots.schedules.retention import Keep
from tests.support.double import ask_sandbox
from tests.support.schedules import define, finish, names_on, next_hour, work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]


def auto_names(server_id: int) -> list[str]:
    return [name for name in names_on(server_id) if name.startswith("auto-")]


def test_a_paused_schedule_is_not_due_and_catches_nothing_up(desk, clock):
    schedule = define(desk)
    service.pause(actor=desk.actor, schedule=schedule)
    clock.shift(timedelta(hours=3))
    work(desk)
    assert not Run.objects.exists()
    service.resume(actor=desk.actor, schedule=schedule)
    work(desk)
    assert not Run.objects.exists()
    clock.move_to(next_hour())
    assert finish(desk, clock).cause == Cause.DUE


def test_five_failures_in_a_row_pause_it(desk, clock):
    schedule = define(desk, servers=((999999, "gone"),), keep=Keep())
    for number in range(1, 6):
        clock.move_to(next_hour())
        assert finish(desk, clock).state == RunState.FAILED
        schedule.refresh_from_db()
        assert schedule.failures == number
    assert (schedule.state, schedule.code) == (State.PAUSED, "five_failures")
    assert Entry.objects.get(action="schedule.stop").code == "five_failures"
    assert Entry.objects.filter(action="schedule.run", result="failed").count() == 5


def test_a_server_that_is_gone_does_not_stop_the_others(desk, clock):
    view = desk.server()
    schedule = define(desk, servers=((view.server_id, view.name), (999999, "gone")))
    clock.move_to(next_hour())
    run = finish(desk, clock)
    assert (run.state, run.code) == (RunState.PARTLY, "server_gone")
    assert len(auto_names(view.server_id)) == 1
    schedule.refresh_from_db()
    assert schedule.failures == 0


@pytest.mark.parametrize("how", ["deactivated", "demoted", "token removed", "token of another account"])
def test_it_stops_when_its_owner_or_token_is_gone(desk, clock, how):
    schedule = define(desk)
    if how == "deactivated":
        type(desk.user).objects.filter(pk=desk.user.pk).update(is_active=False)
    elif how == "demoted":
        type(desk.user).objects.filter(pk=desk.user.pk).update(role="viewer")
    elif how == "token removed":
        desk.token.delete()
    else:
        type(desk.token).objects.filter(pk=desk.token.pk).update(fingerprint="f" * 64)
    assert silence.check_all() == 1
    schedule.refresh_from_db()
    assert (schedule.state, schedule.next_due_at) == (State.STOPPED, None)
    row = Entry.objects.get(action="schedule.stop")
    assert (row.result, row.code, row.target) == ("failed", schedule.code, "nightly")
    clock.shift(timedelta(hours=3))
    runs.run_due()
    assert not Operation.objects.exists()


def test_a_refused_token_stops_it_and_the_run_says_why(desk, clock):
    schedule = define(desk)
    type(desk.token).objects.update(refused_at=timezone.now())
    clock.move_to(next_hour())
    work(desk)
    schedule.refresh_from_db()
    assert (schedule.state, schedule.code) == (State.STOPPED, "token_refused")
    assert Run.objects.get().code == "token_refused"


def test_a_cancelled_run_counts_as_no_failure(desk, clock):
    schedule = define(desk)
    clock.move_to(next_hour())
    runs.run_due()  # due
    runs.run_due()  # and begun, with nothing sent yet
    jobs.cancel(actor=desk.actor, job=Job.objects.get())
    run = finish(desk, clock)
    assert (run.state, Job.objects.get().state) == (RunState.CANCELLED, JobState.CANCELLED)
    schedule.refresh_from_db()
    assert schedule.failures == 0


def test_a_schedule_of_which_nothing_came_is_told_once(desk, clock):
    schedule = define(desk)
    clock.move_to(next_hour())
    finish(desk, clock)
    assert silence.tell_of_silence() == 0
    clock.shift(timedelta(hours=2, minutes=30))
    assert [silence.tell_of_silence(), silence.tell_of_silence()] == [1, 0]
    row = Entry.objects.get(action="schedule.silent")
    assert (row.result, row.target) == ("failed", schedule.name)
    finish(desk, clock)
    schedule.refresh_from_db()
    assert schedule.silent_told_at is None


def test_one_that_a_person_paused_is_recalled_after_a_week(desk, clock):
    schedule = define(desk)
    service.pause(actor=desk.actor, schedule=schedule)
    clock.shift(timedelta(days=6))
    assert silence.tell_of_silence() == 0
    clock.shift(timedelta(days=2))
    assert silence.tell_of_silence() == 1


def test_a_run_that_was_claimed_but_not_begun_ends_when_the_schedule_is_paused(desk, clock):
    schedule = define(desk)
    clock.move_to(next_hour())
    runs._claim_due()
    service.pause(actor=desk.actor, schedule=schedule)
    runs.run_due()
    run = Run.objects.get()
    assert (run.state, run.code) == (RunState.FAILED, "paused")
    assert not Operation.objects.exists()


def test_a_schedule_of_all_servers_waits_for_a_list_of_all(desk, clock, double):
    double.answer = ask_sandbox
    define(desk, covers_all=True, keep=Keep())
    clock.move_to(next_hour())
    double.answer = lambda request: (
        httpx.Response(500) if "/servers/" in request.url.path else ask_sandbox(request)
    )
    runs.run_due()
    runs.run_due()
    assert Run.objects.get().state == RunState.WAITING
    assert not Job.objects.exists()


@pytest.mark.parametrize(("keep", "is_stopped"), [(Keep(last=1), True), (Keep(), False)])
def test_an_owner_who_may_only_create_runs_what_deletes_nothing(desk, clock, keep, is_stopped):
    define(desk, keep=keep)
    type(desk.user).objects.filter(pk=desk.user.pk).update(role="operator")
    assert silence.stop_orphans() == is_stopped
