"""Tours of the guide to setting up a new installation."""

from django.urls import reverse
from django.utils import timezone

from snapportal.first_run.models import Mark, SetupMark
from snapshots.vault.models import StoredToken
from tests.e2e.tours import World, tour
from tests.first_run.conftest import deliver_something
from tests.support.desk import make_desk
from tests.support.schedules import define


@tour("server_list", "setup_detail")
def setup_pages(world: World) -> None:
    desk = world.desk()
    ada = world.cast.ada
    page = world.site.page(ada)
    world.visit(page, "/", "Add a token to start")
    page.get_by_text("All steps").click()
    world.look(page, "Back up the portal itself")
    make_desk(ada, world.sandbox.token)
    world.visit(page, "/", "Set up this portal")
    page.get_by_text("Set up this portal").click()
    world.look(page, "Next: ")
    world.visit(page, reverse("setup_detail"), "This is the sandbox")
    page.get_by_role("button", name="Both are backed up").click()
    world.look(page, "Confirmed by Ada")
    page.get_by_role("button", name="Not now").click()
    world.look(page, "The guide is hidden")
    page.goto(reverse("setup_detail"))
    page.get_by_role("button", name="Show it above the servers again").click()
    world.look(page, "is shown above the list of servers again")
    world.settings.SANDBOX = False
    world.provider_down()
    page.goto("/")
    world.visit(page, reverse("setup_detail"), "Does not work")
    world.provider_up()
    finish(world, desk)
    world.visit(page, "/", "This portal is set up")
    world.visit(page, reverse("setup_detail"), "All steps were done for the first time")


def finish(world: World, desk) -> None:
    """What is missing then. No admin has a password in this tour, and so needs no second factor."""
    world.settings.SNAPPORTAL_PASSWORD_SIGN_IN = False
    StoredToken.objects.update(checked_at=timezone.now())
    SetupMark.objects.get_or_create(name=Mark.BACKUP, defaults={"at": timezone.now()})
    deliver_something()
    define(desk)
