"""Looks at the pages about who may do what."""

from typing import Any

from django.test import Client
from django.urls import reverse

from tests.support.actors import actor_of
from tests.support.desk import Desk, make_desk
from tests.support.limits import CREATE, limit
from tests.support.looks_at_reviews import look_at_reviews
from tests.support.ownership import own_as_is
from tests.support.sessions import signed_in_client
from tests.support.teams import make_team
from tests.support.temporary_roles import ask_for, lend
from tests.support.translated_texts import Inspector


def look_at_access(inspector: Inspector, desk: Desk, people: Any, token: str, browser: Client) -> None:
    """`token` is that of the desk; `browser` is that of Ada the admin."""
    view = desk.server()
    ada = make_desk(people.ada, token, label="Second token")
    look_at_temporary_roles(inspector, people, view, browser)
    look_at_reviews(inspector, people, signed_in_client(people.mia), signed_in_client(people.aron))
    team = make_team(name="before-sunday-mail", servers=[view.server_id], members=[people.ada])
    limit(desk, servers=[view.server_id], rights=CREATE, by=actor_of(people.ada))
    inspector.visit(browser, reverse("token_limits", args=[desk.token.pk]), shows=view.name)
    inspector.visit(browser, reverse("person_access", args=[desk.user.pk]), shows=view.name)
    inspector.visit(
        browser, reverse("server_people", args=[ada.token.pk, view.server_id]), shows=str(desk.user)
    )
    snapshot = desk.snapshot(view)
    own_as_is(desk.user, snapshot)
    inspector.visit(browser, reverse("person_hand_over", args=[desk.user.pk]), shows=snapshot.name)
    inspector.visit(browser, reverse("team_list"), shows=team.name)
    inspector.visit(browser, reverse("team_add"), shows=view.name)
    inspector.visit(browser, reverse("team_edit", args=[team.pk]), shows="Ada")
    inspector.visit(browser, reverse("team_remove", args=[team.pk]), shows=team.name)


def look_at_temporary_roles(inspector: Inspector, people: Any, view: Any, browser: Client) -> None:
    """One that runs and one that waits."""
    lent = lend(people.omar, view, by=people.ada)
    asked = ask_for(people.omar, view)()
    inspector.visit(browser, reverse("temporary_role_list"), shows=view.name)
    inspector.visit(browser, reverse("temporary_role_add"), shows=view.name)
    for one in (lent, asked):
        inspector.visit(browser, reverse("temporary_role_detail", args=[one.pk]), shows=view.name)
    inspector.visit(browser, reverse("security_detail"), shows=view.name)
    inspector.visit(browser, reverse("person_edit", args=[people.omar.pk]), shows=view.name)
