"""Tours of batches and restore points."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from snapshots.deletions.grace import set_grace
from snapshots.jobs import engine
from snapshots.operations.models import Operation, State
from snapshots.operations.protection import protect
from snapshots.sandbox.models import Snapshot
from tests.e2e.tours import World, tour
from tests.support.batches import create_many, restore_many, roomy, take_last_places
from tests.support.deletions import target_of


@tour("batch_create", "job_detail", "server_list")
def create_on_several_servers(world: World) -> None:
    desk = world.desk()
    page = world.site.page(world.cast.mia)
    world.visit(page, reverse("batch_create"), "Nothing is selected")
    world.visit(page, "/", "Tick servers")
    for name in ("web-server-01", "shop-staging", "mail-01"):
        page.get_by_label(f"Select the server {name}").check()
    world.look(page, "Selected: 3")
    take_last_places(desk.server("mail-01"))
    desk.views()
    page.get_by_role("button", name="Create on the selected servers").click()
    world.look(page, "Not possible now, and left out")
    page.get_by_label("Name", exact=True).fill("two words")
    page.get_by_role("button", name="Create 2 snapshots").click()
    world.look(page, "A name has no spaces")
    page.get_by_label("Name", exact=True).fill("before-maintenance")
    page.get_by_role("button", name="Create 2 snapshots").click()
    world.look(page, "2 in progress")


@tour("batch_delete", "server_detail")
def delete_several_snapshots(world: World) -> None:
    desk = world.desk()
    page = world.site.page(world.cast.mia)
    world.visit(page, reverse("batch_delete"), "Nothing is selected")
    view = desk.server("db-server-01")
    set_grace(actor=desk.actor, server_id=view.server_id, server_name=view.name, days=3)
    world.visit(page, reverse("server_detail", args=[desk.token.pk, view.server_id]), "Tick snapshots")
    page.get_by_role("button", name="All snapshots").click()
    world.look(page, "Selected: 5")
    protect(actor=desk.actor, target=target_of(desk, view, view.snapshots[0]))
    page.get_by_role("button", name="Delete the selected snapshots").click()
    world.look(page, "4 snapshots will be deleted")
    page.get_by_role("button", name="Delete 4 snapshots").click()
    world.look(page, "Enter a reason")


@tour("batch_create", "job_detail", "restore_point_list", "restore_point_detail", "restore_point_restore")
def restore_points(world: World) -> None:
    desk = world.desk()
    page = world.site.page(world.cast.mia)
    world.visit(page, reverse("restore_point_list"), "No restore points yet")
    views = roomy(desk, 4)
    job = create_many(desk, views)
    take_last_places(views[1])
    engine.advance(job.pk)
    detail = reverse("restore_point_detail", args=[job.pk])
    world.visit(page, detail, "Not all of its snapshots are settled")
    restore = reverse("restore_point_restore", args=[job.pk])
    world.visit(page, restore, "No server can go back now")
    Snapshot.objects.filter(name=job.title).update(ends_at=timezone.now() - timedelta(minutes=1))
    desk.views()
    lost = Operation.objects.filter(server_id=views[2].server_id)
    lost.update(state=State.UNKNOWN, created_at=timezone.now() - timedelta(hours=1))
    world.visit(page, reverse("job_detail", args=[job.pk]), "not completed")
    lost.update(state=State.COMPLETED)
    take_last_places(views[2])
    desk.views()
    job_page = reverse("job_detail", args=[job.pk])
    world.visit(page, job_page, "Try 1 item again")
    page.get_by_role("link", name="Try 1 item again").click()
    world.look(page, "There is nothing to confirm")
    world.visit(page, reverse("restore_point_list"), "3 of 3 still there")
    world.visit(page, detail, "Go back to this point")
    world.visit(page, restore, "3 servers are stopped and restored")
    page.get_by_role("button", name="Restore and lose newer data").click()
    world.look(page, "Choose what happens before this server is restored")
    again = restore_many(desk, job)
    engine.advance(again.pk)
    world.visit(page, reverse("job_detail", args=[again.pk]), "in progress")
    world.visit(page, detail, "Gone back to it")
