"""Tours of the pages about who may do what."""

from django.urls import reverse

from snapshots.vault import tokens
from tests.e2e.tours import World, tour
from tests.support.desk import make_desk
from tests.support.limits import CREATE, actor_of, limit


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
