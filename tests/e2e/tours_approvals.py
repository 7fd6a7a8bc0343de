"""Approvals: a policy, a request, and its decision."""

from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from snapportal.accounts.models import Role, User
from snapshots.approvals.models import ApprovalRequest, Kind
from snapshots.operations import server_locks
from snapshots.operations.guarded_models import Policy
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from tests.e2e.browsing import PHONE
from tests.e2e.tours import World, tour
from tests.support.desk import make_desk
from tests.support.policies import approve, place, wish


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


@tour("request_detail", "request_list", "policy_add", "policy_detail", "policy_list")
def states_of_requests(world: World) -> None:
    """Each state of a request, and the forms as a phone without JavaScript shows them."""
    desk = world.desk()
    of_ada = make_desk(world.cast.ada, world.sandbox.token)
    of_ada.views()
    view = desk.server("web-server-01")
    max_ = User.objects.create_user(
        username="max", password=None, name="Max", role=Role.MANAGER, rights_since=world.cast.mia.rights_since
    )
    ada, mia = world.site.page(world.cast.ada), world.site.page(world.cast.mia)
    phone = world.site.page(world.cast.ada, size=PHONE, javascript=False)

    def open_request(page: Page, asked: ApprovalRequest, text: str) -> None:
        world.visit(page, reverse("request_detail", args=[asked.pk]), text)

    phone.goto(reverse("policy_add"))
    phone.get_by_label("Name").fill("Production")
    phone.get_by_role("button", name="Place the policy").click()
    expect(phone.locator("main")).to_contain_text("Enter a reason")
    place(world.cast.ada, view, needed=2, approvers=[world.cast.ada.pk, max_.pk])
    server_locks.place(
        actor=desk.actor,
        server_id=view.server_id,
        server_name=view.name,
        reason="Forensics",
        covers_deletes=True,
    )
    asked = wish(desk, view, asks=True)()
    approve(world.cast.ada, asked)()
    open_request(ada, asked, "You have approved it")
    open_request(mia, asked, "a lock or a freeze that was there")
    User.objects.filter(pk=world.cast.ada.pk).update(rights_since=timezone.now())
    other = wish(desk, view, Kind.DELETE, asks=True)()
    open_request(ada, other, "Emergency: break the glass")
    User.objects.filter(pk=world.cast.ada.pk).update(rights_since=max_.rights_since)
    phone.goto(reverse("request_detail", args=[other.pk]))
    phone.get_by_label("Why it is denied").fill("Not on a Friday")
    phone.get_by_role("button", name="Deny").click()
    open_request(ada, other, "Not on a Friday")
    SandboxSnapshot.objects.filter(pk=asked.item.snapshot_id).update(name="renamed-meanwhile")
    open_request(ada, asked, "Waits until")
    approve(max_, asked)()
    open_request(mia, asked, "It was approved, and could not begin")
    view = desk.server(view.name)
    third = wish(desk, view, Kind.SAFE_RESTORE, asks=True)()
    world.provider_down()
    phone.goto(reverse("request_detail", args=[third.pk]))
    phone.get_by_label("Why it cannot wait for an approval").fill("The shop is down")
    phone.get_by_role("button", name="Break the glass").click()
    open_request(mia, third, "It is approved, and could not begin yet")
    mia.get_by_role("button", name="Withdraw the request").click()
    world.look(mia, "Withdrawn")
    world.visit(ada, reverse("request_list"), "Denied")
    world.provider_up()
    world.visit(ada, reverse("policy_detail", args=[Policy.objects.get().pk]), "2 people")
    world.visit(ada, reverse("policy_list"), "Production")
    world.visit(ada, reverse("policy_add"), "What takes an approval?")
