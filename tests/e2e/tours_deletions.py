"""Tours of protections, planned deletions and grace times."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from snapshots.deletions import due, keeping
from snapshots.deletions.grace import set_grace
from snapshots.deletions.models import PlannedDeletion
from snapshots.vault import tokens
from tests.e2e.tours import World, tour
from tests.support.deletions import plan, target_of
from tests.support.desk import make_desk
from tests.support.ownership import own_as_is


@tour(
    "deletion_list", "server_detail", "server_grace", "server_silence", "snapshot_delete", "snapshot_keeping"
)
def deletions(world: World) -> None:
    desk = world.desk()
    page = world.site.page(world.cast.mia)
    world.visit(page, reverse("deletion_list"), "No snapshot waits")
    view = desk.server("web-server-01")
    snapshot = desk.snapshot(view)
    grace = reverse("server_grace", args=[desk.token.pk, view.server_id])
    world.visit(page, grace, "How long does a deletion wait?")
    page.get_by_label("How long does a deletion wait?").select_option("3")
    page.get_by_role("button", name="Save").click()
    world.look(page, "3 days")
    silence = reverse("server_silence", args=[desk.token.pk, view.server_id])
    world.visit(page, silence, "Tell when no snapshot was completed for")
    page.get_by_label("Tell when no snapshot was completed for").select_option("7")
    page.get_by_role("button", name="Save").click()
    world.look(page, "7 days")
    keeping_url = reverse("snapshot_keeping", args=[desk.token.pk, snapshot.id])
    world.visit(page, keeping_url, "It is not protected at the provider's own site")
    page.get_by_role("button", name="Set the date").click()
    world.look(page, "Enter a date")
    page.get_by_role("button", name="Protect the snapshot").click()
    world.look(page, "Protected by")
    world.visit(page, reverse("server_detail", args=[desk.token.pk, view.server_id]), "Protected")
    delete = reverse("snapshot_delete", args=[desk.token.pk, snapshot.id])
    world.visit(page, delete, "This snapshot is protected")
    page.goto(keeping_url)
    page.get_by_role("button", name="Lift the protection").click()
    world.look(page, "Enter a reason")
    world.seen -= {"snapshot_keep_until", "snapshot_unprotect"}  # where a refused form is shown again


@tour(
    "person_edit",
    "person_hand_over",
    "server_detail",
    "snapshot_delete",
    "snapshot_hand_over",
    "snapshot_keeping",
)
def own_snapshots(world: World) -> None:
    desk = world.desk()
    omar = make_desk(world.cast.omar, tokens.decrypt(desk.token))
    view = omar.server("web-server-01")
    own, foreign = view.snapshots[:2]
    own_as_is(omar.user, own)
    page = world.site.page(omar.user)
    world.visit(page, reverse("server_detail", args=[omar.token.pk, view.server_id]), "Owner: Omar")
    world.visit(page, reverse("snapshot_delete", args=[omar.token.pk, foreign.id]), "Who could delete it")
    world.visit(page, reverse("snapshot_keeping", args=[omar.token.pk, own.id]), "A manager can protect it")
    page.get_by_role("link", name="Hand over").click()
    world.look(page, "To whom?")
    page.get_by_role("button", name="Hand over").click()
    world.look(page, "Choose a person")
    page = world.site.page(make_desk(world.cast.ada, tokens.decrypt(desk.token)).user)
    world.visit(page, reverse("person_edit", args=[omar.user.pk]), "Hand over the snapshots")
    page.get_by_role("link", name="Hand over the snapshots").click()
    world.look(page, own.name)


@tour("server_detail", "server_lock", "snapshot_restore")
def locked_server(world: World) -> None:
    desk = world.desk()
    page = world.site.page(world.cast.mia)
    view = desk.server("web-server-01")
    world.visit(page, reverse("server_lock", args=[desk.token.pk, view.server_id]), "Lock it")
    page.get_by_role("button", name="Lock the server").click()
    world.look(page, "Enter a reason")
    page.get_by_label("Reason").fill("The books are being closed")
    page.get_by_label("Until the end of").fill(f"{timezone.now().year + 1}-12-31")
    page.get_by_role("button", name="Lock the server").click()
    world.look(page, "This server is locked")
    restore = reverse("snapshot_restore", args=[desk.token.pk, desk.snapshot(view).id])
    world.visit(page, restore, "The books are being closed")
    world.visit(page, reverse("server_detail", args=[desk.token.pk, view.server_id]), "Locked")
    page.get_by_role("link", name="About the lock").click()
    page.get_by_label("Reason").fill("They are closed")
    page.get_by_role("button", name="Ask to lift the lock").click()
    world.look(page, "somebody else must agree")


@tour("freeze_add", "freeze_detail", "freeze_list", "server_detail", "snapshot_restore")
def frozen_servers(world: World) -> None:
    desk = world.desk()
    page = world.site.page(world.cast.mia)
    view = desk.server("web-server-01")
    world.visit(page, reverse("freeze_list"), "No freezes")
    page.get_by_role("link", name="Place a freeze").click()
    world.look(page, "If each week")
    page.get_by_role("button", name="Place the freeze").click()
    world.look(page, "Enter when it ends")
    page.get_by_label("Name").fill("Around the clock")
    page.get_by_label("Each week for some days or hours").check()
    page.get_by_label("From this day").select_option("Monday")
    page.get_by_label("From this time").fill("07:00")
    page.get_by_label("Ends on").fill("2099-12-31")
    page.get_by_label("Reason").fill("Nobody is there to look after a restore that goes wrong")
    page.get_by_role("button", name="Place the freeze").click()
    world.look(page, "Each week from Monday 07:00")
    restore = reverse("snapshot_restore", args=[desk.token.pk, desk.snapshot(view).id])
    world.visit(page, restore, "nothing is restored or deleted here")
    world.visit(page, reverse("server_detail", args=[desk.token.pk, view.server_id]), "About freezes")
    page.get_by_role("link", name="About freezes").click()
    page.get_by_role("link", name="Around the clock").click()
    page.get_by_label("Reason").fill("The release is done")
    page.get_by_role("button", name="Ask to lift the freeze").click()
    world.look(page, "somebody else must agree")


@tour("deletion_detail", "deletion_list", "server_list", "snapshot_delete", "snapshot_keeping")
def deletions_that_wait(world: World) -> None:
    desk = world.desk()
    page = world.site.page(world.cast.mia)
    view = desk.server("db-server-01")
    set_grace(actor=desk.actor, server_id=view.server_id, server_name=view.name, days=3)
    first, second, third = view.snapshots[:3]
    world.visit(page, reverse("snapshot_delete", args=[desk.token.pk, first.id]), "The deletion waits")
    page.get_by_label("I understand").check()
    page.get_by_role("button", name="Delete the snapshot").click()
    world.look(page, "This snapshot will be deleted")
    until = timezone.now().date() + timedelta(days=9)
    keeping.set_keep_until(actor=desk.actor, target=target_of(desk, view, second), until=until)
    world.visit(page, reverse("deletion_list"), "Kept until")
    world.visit(page, "/", "Will be deleted")
    world.visit(page, reverse("snapshot_keeping", args=[desk.token.pk, second.id]), "Change the date")
    world.visit(page, reverse("snapshot_delete", args=[desk.token.pk, first.id]), "planned already")
    sent = plan(desk, view, third)
    PlannedDeletion.objects.filter(pk=sent.pk).update(due_at=timezone.now() - timedelta(seconds=1))
    due.run_due()
    world.visit(page, reverse("deletion_detail", args=[sent.pk]), "The deletion was sent")
    page.goto(reverse("deletion_list"))
    page.get_by_role("button", name="Keep").first.click()
    world.look(page, "The snapshot is kept")
    world.visit(page, reverse("deletion_list"), "Ended last")
