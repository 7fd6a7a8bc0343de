"""Approvals: a policy, a request, and its decision."""

from django.urls import reverse

from tests.e2e.tours import World, tour
from tests.support.desk import make_desk


@tour(
    "policy_add",
    "policy_detail",
    "policy_list",
    "request_detail",
    "request_list",
    "snapshot_restore",
    "operation_detail",
)
def approvals(world: World) -> None:
    desk = world.desk()
    of_ada = make_desk(world.cast.ada, world.sandbox.token)
    of_ada.views()
    view = desk.server("web-server-01")
    ada, mia = world.site.page(world.cast.ada), world.site.page(world.cast.mia)
    world.visit(ada, reverse("request_list"), "No requests")
    world.visit(ada, reverse("policy_list"), "No policies")
    ada.get_by_role("link", name="Place a policy").click()
    world.look(ada, "What takes an approval?")
    ada.get_by_role("button", name="Place the policy").click()
    world.look(ada, "Give the policy a name")
    ada.get_by_label("Name").fill("Production")
    ada.get_by_label("Reason").fill("Agreed by the team after the restore of the wrong server")
    ada.get_by_role("button", name="Place the policy").click()
    world.look(ada, "everybody else who may do it")
    world.visit(
        mia, reverse("snapshot_restore", args=[desk.token.pk, desk.snapshot(view).id]), "has to approve this"
    )
    mia.get_by_label("Take a snapshot of the present state first").uncheck()
    mia.get_by_label("The server's name").fill(view.name)
    mia.get_by_label("Reason").fill("The upgrade broke the shop")
    mia.get_by_role("button", name="Ask for approval").click()
    world.look(mia, "You asked for it, so others decide")
    world.visit(ada, reverse("request_list"), "Your decision")
    ada.get_by_role("link", name="Restore", exact=True).click()
    world.look(ada, "The snapshot is as it was when it was asked")
    ada.get_by_role("button", name="Deny").click()
    world.look(ada, "Enter a reason")
    ada.get_by_role("button", name="Approve", exact=True).click()
    world.look(ada, "To its page")
    ada.get_by_role("link", name="To its page").click()
    world.look(ada, view.name)
    world.visit(ada, reverse("policy_list"), "Production")
    ada.get_by_role("link", name="Production").click()
    ada.get_by_label("Reason").fill("The shop is closed")
    ada.get_by_role("button", name="Ask to lift the policy").click()
    world.look(ada, "somebody else must agree")
