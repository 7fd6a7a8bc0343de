"""Tours of the pages about who may do what."""

from django.urls import reverse

from snapshots.vault import tokens
from tests.e2e.tours import World, tour
from tests.support.actors import actor_of
from tests.support.desk import make_desk
from tests.support.limits import CREATE, limit
from tests.support.teams import make_team


@tour("person_access", "server_people")
def access_pages(world: World) -> None:
    desk = world.desk()
    page = world.site.page(world.cast.ada)
    world.visit(
        page, reverse("person_access", args=[world.cast.vera.pk]), "No token is stored for this person"
    )
    servers = [view.server_id for view in desk.views()]
    limit(desk, servers=servers[:3], rights=CREATE, by=actor_of(world.cast.ada))
    ada = make_desk(world.cast.ada, tokens.decrypt(desk.token))
    world.visit(page, reverse("person_access", args=[desk.user.pk]), "Limits of the token, set by")
    world.visit(page, reverse("server_people", args=[ada.token.pk, servers[0]]), "Who can restore")


@tour("team_list", "team_add", "team_edit", "team_remove")
def team_pages(world: World) -> None:
    desk = world.desk()
    view = desk.server()
    page = world.site.page(world.cast.ada)
    world.visit(page, reverse("team_list"), "No teams yet")
    world.visit(page, reverse("team_add"), "Its members still need stored tokens")
    page.get_by_role("button", name="Add the team").click()
    world.look(page, "Choose the servers that it reaches")
    page.get_by_label("Name").fill("Shop")
    page.get_by_label(view.name).check()
    page.get_by_role("button", name="Add the team").click()
    world.look(page, "Nobody is in this team yet")
    page.get_by_role("button", name="Add Vera").click()
    world.look(page, "is in the team now")
    team = make_team(name="Everything")
    world.visit(page, reverse("team_edit", args=[team.pk]) + "?q=nobody", "Nobody else can be added")
    world.visit(page, reverse("team_list"), "Everything")
    world.visit(page, reverse("team_remove", args=[team.pk]), "Remove the team “Everything”?")
    page.get_by_role("button", name="Remove the team").click()
    world.look(page, "is removed")


@tour("temporary_role_list", "temporary_role_add", "temporary_role_detail", "server_detail", "account_detail")
def temporary_role_pages(world: World) -> None:
    desk = world.desk()
    of_vera = make_desk(world.cast.vera, tokens.decrypt(desk.token))
    view = desk.server()
    of_vera.views()
    vera, mia = world.site.page(world.cast.vera), world.site.page(world.cast.mia)
    world.visit(vera, reverse("temporary_role_list"), "No requests")
    vera.get_by_role("link", name="Ask for a temporary role").click()
    world.look(vera, "For how long")
    vera.get_by_role("button", name="Ask", exact=True).click()
    world.look(vera, "Choose the servers that it reaches")
    vera.get_by_label(view.name).check()
    vera.get_by_label("What you need it for").fill("The disk of the shop is full")
    vera.get_by_role("button", name="Ask", exact=True).click()
    world.look(vera, "so others decide")
    world.visit(mia, reverse("temporary_role_list"), "Your decision")
    mia.get_by_role("link", name="Manager", exact=True).click()
    world.look(mia, "If you grant it, it begins at once")
    mia.get_by_role("button", name="Grant", exact=True).click()
    world.look(mia, "Ends by itself")
    world.visit(vera, reverse("server_detail", args=[of_vera.token.pk, view.server_id]), "You have the role")
    world.visit(vera, reverse("account_detail"), "Temporary roles")
    mia.get_by_role("button", name="End now").click()
    world.look(mia, "Enter a reason")
