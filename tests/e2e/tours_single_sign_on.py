"""Tours of single sign-on: on the way, back, refused, and what an admin sees of it."""

from contextlib import contextmanager
from typing import Any

from django.core.cache import cache
from django.urls import reverse
from playwright.sync_api import Page

from snapportal.accounts import people
from snapportal.sign_in_settings import SingleSignOn
from snapshots.audit.journal import Actor
from tests.e2e.tours import World, tour
from tests.support.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider, running


@contextmanager
def provider_of(world: World) -> Any:
    with running() as idp:
        cache.clear()
        world.settings.SNAPPORTAL_OIDC = SingleSignOn(
            issuer=idp.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, name="Example ID"
        )
        yield idp


def press(page: Page) -> None:
    page.goto("/sign-in/")
    page.get_by_role("button", name="Example ID").click()


def stay_on_the_way(world: World, page: Page) -> None:
    """The page goes on by itself; here the provider's answer leaves the browser where it is."""
    page.route("**/authorize?**", lambda route: route.fulfill(status=204))
    with page.expect_response("**/authorize?**"):
        press(page)
    page.wait_for_timeout(300)
    world.look(page, "On to Example ID")
    page.unroute("**/authorize?**")


def fail(world: World, idp: IdentityProvider, page: Page) -> None:
    idp.override = lambda path: (500, b"{}")
    press(page)
    world.look(page, "Single sign-on does not work now")
    idp.override = lambda path: None
    idp.states["email_verified"] = False
    press(page)
    world.look(page, "The portal does not recognise you")
    idp.states["email_verified"] = True


@tour(
    "sign_in",
    "sso_start",
    "sso_return",
    "account_detail",
    "person_edit",
    "person_add",
    "api_key_add",
    "invitation_accept",
    "sso_confirmed",
)
def single_sign_on_pages(world: World) -> None:
    with provider_of(world) as idp:
        page = world.site.page()
        world.visit(page, "/sign-in/", "With a password")
        stay_on_the_way(world, page)
        fail(world, idp, page)
        key = people.renew_invitation(world.cast.vera, actor=Actor(id=None, name="tests", role=""))
        world.settings.SNAPPORTAL_PASSWORD_SIGN_IN = False
        world.settings.SNAPPORTAL_BREAK_GLASS = frozenset({"ada"})
        world.visit(page, "/sign-in/?next=/tokens/", "Sign in with an emergency account")
        world.visit(page, "/sign-in/?password=1", "Emergency account")
        world.visit(page, reverse("invitation_accept", args=[key]), "No password is needed")
        press(page)
        page.get_by_role("button", name="Sign out").wait_for()
        confirm(world, page)
        world.visit(page, "/account/", "No password")
        page.get_by_role("button", name="Sign out").click()
        world.look(page, "You are signed out of the portal")
        see_as_admin(world)


def confirm(world: World, page: Page) -> None:
    """A restore of somebody without a password: what was typed waits."""
    world.settings.SNAPPORTAL_STEP_UP_MINUTES = 0
    page.goto(reverse("api_key_add"))
    page.get_by_label("Name", exact=True).fill("nightly")
    page.get_by_role("main").locator("form").last.evaluate(
        "form => { form.noValidate = true; form.submit() }"
    )
    world.look(page, "Confirm at the identity provider")
    page.get_by_role("button", name="Confirm at the identity provider").click()
    world.look(page, "Nothing was sent yet")
    world.settings.SNAPPORTAL_STEP_UP_MINUTES = 10


def see_as_admin(world: World) -> None:
    page = world.site.page(world.cast.ada)
    world.visit(page, reverse("person_edit", args=[world.cast.mia.pk]), "Known there as")
    page.goto("/people/add/")
    page.get_by_label("Sign-in name").fill("nora")
    page.get_by_label("Name", exact=True).fill("Nora Neu")
    page.get_by_label("E-mail").fill("nora@example.com")
    page.get_by_role("button", name="Create invitation").click()
    world.look(page, "No link is needed")
