"""Tours of second factors: setting up, the second step, removing, and an admin's reset."""

from django.urls import reverse

from tests.conftest import PASSWORD
from tests.e2e.browsing import sign_in
from tests.e2e.tours import World, tour
from tests.support.second_factors import code_of, give_all, give_passkey

LONG_NAME = "The blue security key in the upper drawer of the desk, left"


@tour(
    "factor_list",
    "authenticator_set_up",
    "authenticator_remove",
    "recovery_codes",
    "passkey_add",
    "passkey_remove",
)
def own_factors(world: World) -> None:
    world.settings.SNAPPORTAL_REQUIRE_SECOND_FACTOR = frozenset({"manager"})
    page = world.site.page(world.cast.mia)
    world.visit(page, "/account/", "Set one up now")
    page.get_by_role("link", name="Set up an app").click()
    world.look(page, "Scan the picture")
    page.get_by_label("Code", exact=True).fill("000000")
    page.get_by_role("button", name="Confirm").click()
    world.look(page, "This code is wrong")
    page.get_by_label("Code", exact=True).fill(code_of(world.cast.mia))
    page.get_by_role("button", name="Confirm").click()
    world.look(page, "They are shown only here")
    page.get_by_role("link", name="I have kept them").click()
    world.look(page, "10 recovery codes left")
    world.visit(page, reverse("authenticator_remove"), "your last second factor")
    page.get_by_role("button", name="Remove").click()
    world.look(page, "add another one before")
    world.visit(page, reverse("authenticator_set_up"), "works until you enter a code of the new one")
    world.visit(page, reverse("recovery_codes"), "You have 10 recovery codes left")
    page.get_by_role("button", name="Make ten new ones").click()
    world.look(page, "These are the new ones")
    passkey = give_passkey(world.cast.mia, LONG_NAME, host="localhost")
    world.visit(page, reverse("factor_list"), LONG_NAME)
    world.visit(page, reverse("passkey_remove", args=[passkey.pk]), "Remove the passkey")
    world.visit(page, reverse("passkey_add"), "Your browser asks")
    page = world.site.page(world.cast.vera)
    world.visit(page, reverse("factor_list"), "your password alone opens your account")
    world.visit(page, reverse("recovery_codes"), "with your first second factor")


@tour("second_factor", "factor_confirm", "token_add")
def second_steps(world: World) -> None:
    mia = world.cast.mia
    give_all(mia)
    page = world.site.page()
    sign_in(page, "mia", PASSWORD)
    world.look(page, "One more step")
    page.get_by_label("Code of your authenticator app").fill("000000")
    page.get_by_role("button", name="Go on").first.click()
    world.look(page, "This code is wrong, or was used already")
    page.get_by_text("Use a recovery code").click()
    page.get_by_label("Recovery code").fill("abcd")
    page.get_by_role("button", name="Go on").last.click()
    world.look(page, "This recovery code is wrong")
    world.settings.SNAPPORTAL_REQUIRE_SECOND_FACTOR = frozenset({"manager"})
    page = world.site.page(mia)
    world.visit(page, reverse("factor_confirm"), "this session began without it")
    page.get_by_label("Code of your authenticator app").fill(code_of(mia))
    page.get_by_role("button", name="Go on").first.click()
    page.get_by_role("button", name="Sign out").wait_for()
    world.settings.SNAPPORTAL_STEP_UP_MINUTES = 0
    world.visit(page, reverse("token_add"), "One of these opens it")


@tour("person_edit", "person_factors_reset")
def resets(world: World) -> None:
    give_all(world.cast.mia)
    page = world.site.page(world.cast.ada)
    world.visit(page, reverse("person_edit", args=[world.cast.mia.pk]), "Authenticator app")
    page.get_by_role("link", name="Reset second factors").click()
    world.look(page, "Make sure, past this portal")
    page.get_by_role("button", name="Reset").click()
    world.look(page, "Make sure, past this portal")
    page.get_by_label("Reason").fill("lost the phone")
    page.get_by_role("button", name="Reset").click()
    world.look(page, "are reset")
