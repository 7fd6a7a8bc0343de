"""Tours of schedules: the form with its preview, errors and conflicts, the list, and every state of one schedule."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from snapshots.schedules.models import Cause, Run, RunState, Schedule, State
from tests.e2e.tours import World, tour
from tests.support.schedules import define


@tour(
    "schedule_add", "schedule_change", "schedule_detail", "schedule_list", "schedule_remove", "server_detail"
)
def schedules(world: World) -> None:
    desk = world.desk()
    page = world.site.page(world.cast.mia)
    world.visit(page, reverse("schedule_list"), "No schedule takes snapshots")
    page.get_by_role("link", name="Make the first schedule").click()
    world.look(page, "How often?")
    page.get_by_label("As a cron expression").check()
    page.get_by_role("textbox", name="Cron expression").fill("every now and then")
    page.get_by_role("button", name="Show what it would do").click()
    world.look(page, "Nothing was saved")
    page.get_by_label("Name", exact=True).fill("Nightly")
    page.get_by_label("All, also those").check()
    page.get_by_label("Every hour").check()
    page.get_by_label("Newest snapshots").fill("0")
    page.get_by_role("button", name="Show what it would do").click()
    world.look(page, "Choose below how many to keep")
    page.get_by_role("button", name="Save the schedule").click()
    world.look(page, "The schedule Nightly is saved.")
    schedule = Schedule.objects.get()
    add_runs(schedule)
    world.visit(page, reverse("schedule_detail", args=[schedule.pk]), "It stands for 3 earlier due times")
    view = desk.server()
    world.visit(page, reverse("server_detail", args=[desk.token.pk, view.server_id]), "Nightly")
    change = reverse("schedule_change", args=[schedule.pk])
    world.visit(page, change, "It goes on running in your name")
    Schedule.objects.update(changed_at=timezone.now())
    page.get_by_role("button", name="Show what it would do").click()
    world.look(page, "Somebody else has changed this schedule meanwhile")
    world.visit(page, reverse("schedule_remove", args=[schedule.pk]), "The snapshots that it made stay")


def add_runs(schedule: Schedule) -> None:
    now = timezone.now()
    runs = (
        (RunState.COMPLETED, Cause.CATCH_UP, ""),
        (RunState.SKIPPED, Cause.DUE, "overlap"),
        (RunState.FAILED, Cause.DUE, "not_confirmed_live"),
        (RunState.WAITING, Cause.NOW, ""),
    )
    for number, (state, cause, code) in enumerate(runs):
        at = now - timedelta(hours=number)
        Run.objects.create(
            schedule=schedule,
            state=state,
            cause=cause,
            code=code,
            due_at=at,
            created_at=at,
            missed=3 if cause == Cause.CATCH_UP else 0,
        )


@tour("schedule_add", "schedule_change", "schedule_detail", "schedule_list")
def schedules_that_stopped(world: World) -> None:
    desk = world.desk()
    schedule = define(desk, name="Nightly", time_zone="Europe/Berlin")
    Schedule.objects.update(
        state=State.STOPPED, code="token_gone", next_due_at=None, silent_told_at=timezone.now()
    )
    ada = world.site.page(world.cast.ada)
    world.visit(ada, reverse("schedule_list"), "Nothing has come of it for too long")
    world.visit(
        ada, reverse("schedule_detail", args=[schedule.pk]), "its owner's token was removed or replaced"
    )
    world.visit(
        ada,
        reverse("schedule_change", args=[schedule.pk]),
        "None of your tokens shows the servers of this schedule",
    )
    mia = world.site.page(world.cast.mia)
    world.visit(mia, reverse("schedule_detail", args=[schedule.pk]), "Make a new schedule like this one")
    mia.get_by_role("link", name="Make a new schedule like this one").click()
    world.look(mia, "How often?")
    world.provider_down()
    mia.get_by_role("button", name="Show what it would do").click()
    world.look(mia, "So this preview may lack something")
