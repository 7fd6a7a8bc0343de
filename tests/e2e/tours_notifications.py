"""Tours of a person's notifications and of the team's targets."""

from django.urls import reverse

from snapshots.notifications import delivery, rules, targets
from snapshots.notifications.models import Delivery, DeliveryState, TargetKind
from snapshots.operations.models import State
from tests.e2e.tours import World, tour
from tests.support.notifying import ADA, add_webhook, end_operation, read_log


@tour("notification_list", "notification_rules", "server_detail")
def notification_pages(world: World) -> None:
    desk = world.desk()
    page = world.site.page(world.cast.mia)
    world.visit(page, reverse("notification_list"), "No notifications yet")
    read_log()
    view = desk.server()
    for number, state in enumerate([State.COMPLETED, State.FAILED, State.UNKNOWN, State.RECONCILED]):
        end_operation(desk, state, key=str(number))
    read_log()
    world.visit(page, reverse("notification_list"), "Mark all as read")
    page.get_by_role("button", name="Mark all as read").click()
    page.get_by_role("button", name="Mark all as read").wait_for(state="detached")
    world.look(page, "was restored from")
    world.visit(page, reverse("notification_rules"), "No mail server")
    page.get_by_role("button", name="Store").click()
    world.look(page, "Your choices are stored")
    server = reverse("server_detail", args=[desk.token.pk, view.server_id])
    world.visit(page, server, "Follow")
    page.get_by_role("button", name="Follow").click()
    world.look(page, "Stop following")
    assert rules.is_followed(world.cast.mia.pk, view.server_id)


@tour("target_list", "target_add", "target_detail", "target_remove")
def target_pages(world: World) -> None:
    page = world.site.page(world.cast.ada)
    world.visit(page, reverse("target_list"), "No targets yet")
    world.visit(page, reverse("target_add"), "Whoever reads this target")
    page.get_by_role("button", name="Add").click()
    page.get_by_text("This field is required.").first.wait_for()
    world.look(page, "Whoever reads this target")
    page.get_by_label("Signed webhook").check()
    page.get_by_label("Label").fill("Ops room")
    page.get_by_label("Address").fill("http://127.0.0.1:9/hook")
    page.get_by_label("An operation failed").check()
    page.get_by_role("button", name="Add").click()
    world.look(page, "only this once")
    target = add_webhook(
        "http://127.0.0.1:9/", label="A webhook with a rather long label, of the night shift"
    )
    assert target.kind == TargetKind.WEBHOOK
    world.visit(page, reverse("target_detail", args=[target.pk]), "Nothing was sent yet")
    page.get_by_role("button", name="Send a test message").click()
    world.look(page, "has not taken the test message")
    delivery.deliver(targets.send_test(actor=ADA, target=target))
    Delivery.objects.update(state=DeliveryState.GIVEN_UP)
    world.visit(page, reverse("target_detail", args=[target.pk]), "Send it again")
    world.visit(page, reverse("target_list"), "Given up")
    world.visit(page, reverse("target_remove", args=[target.pk]), "is told nothing any more")
