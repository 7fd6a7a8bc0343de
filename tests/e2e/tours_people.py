"""Tours of sign-in, people, tokens and errors."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from snapportal.accounts import people
from snapportal.accounts.models import Role, User
from snapshots.api.models import ApiKey
from snapshots.audit.journal import Actor
from snapshots.vault.models import StoredToken
from tests.conftest import PASSWORD
from tests.e2e.browsing import sign_in
from tests.e2e.tours import NO_PAGE, World, tour
from tests.support.api import make_key


@tour("sign_in", "invitation_accept")
def sign_in_pages(world: World) -> None:
    page = world.site.page()
    world.visit(page, "/sign-in/", "Sign in")
    sign_in(page, "ada", "wrong")
    world.look(page, "Sign-in failed")
    page.evaluate("document.querySelector('main form').noValidate = true")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    world.look(page, "This field is required")
    for _try in range(12):
        sign_in(page, "ada", "wrong")
    world.look(page, "Too many attempts")
    page = world.site.page()
    person = User(username="nora", name="Nora Neu", role=Role.MANAGER)
    _person, key = people.invite(person, actor=Actor(id=None, name="tests", role=""))
    welcome = reverse("invitation_accept", args=[key])
    world.visit(page, welcome, "Welcome, Nora Neu")
    page.locator("#id_new_password1").fill("short")
    page.locator("#id_new_password2").fill("other")
    page.get_by_role("main").get_by_role("button").click()
    world.look(page, "match")
    world.visit(page, welcome[:-9] + "nonsense/", "This link is no longer valid")


@tour("security_detail")
def security_page(world: World) -> None:
    desk = world.desk()
    page = world.site.page(world.cast.ada)
    world.visit(page, reverse("security_detail"), "What is required")
    User.objects.filter(pk=desk.user.pk).update(last_login=timezone.now() - timedelta(days=100))
    StoredToken.objects.update(created_at=timezone.now() - timedelta(days=100))
    make_key(desk.user, desk.token)
    ApiKey.objects.update(created_at=timezone.now() - timedelta(days=100))
    world.visit(page, reverse("security_detail"), "Tokens that nobody has used")


@tour("person_list", "person_add", "person_edit", "person_token_add", "person_erase")
def people_pages(world: World) -> None:
    desk = world.desk()
    page = world.site.page(world.cast.ada)
    world.visit(page, "/people/", "Omar")
    world.visit(page, "/people/?q=nobody", "No matching people")
    world.visit(page, "/people/add/", "Invite a person")
    page.get_by_label("Sign-in name").fill("ada")
    page.get_by_label("Name", exact=True).fill("A second Ada")
    page.get_by_role("button", name="Create invitation").click()
    world.look(page, "already exists")
    page.get_by_label("Sign-in name").fill("nora")
    page.get_by_role("button", name="Create invitation").click()
    world.look(page, "The link")
    world.visit(page, "/people/", "Invited")
    world.visit(page, reverse("person_edit", args=[desk.user.pk]), desk.token.label)
    world.visit(page, reverse("person_token_add", args=[desk.user.pk]), "Store a token for Mia")
    world.visit(page, reverse("person_edit", args=[world.cast.ada.pk]), "Role and details")
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Save").click()
    world.look(page, "You cannot change your own role")
    page.goto(reverse("person_edit", args=[world.cast.vera.pk]))
    page.get_by_label("Active").uncheck()
    page.get_by_role("button", name="Save").click()
    world.look(page, "is saved")
    world.visit(page, reverse("person_erase", args=[world.cast.vera.pk]), "What stays")
    page.get_by_role("button", name="Erase for ever").click()
    world.look(page, "This field is required")
    page.get_by_label("Reason").fill("left the team")
    page.get_by_label("Sign-in name of the person").fill("vera")
    page.get_by_role("button", name="Erase for ever").click()
    world.look(page, "This person was erased")


@tour("find_page")
def find_pages(world: World) -> None:
    desk = world.desk()
    view = desk.server()
    page = world.site.page(desk.user)
    world.visit(page, reverse("find_page"), "In everything that you may see here")
    world.visit(page, f"{reverse('find_page')}?q={view.name}", view.name)
    world.visit(page, f"{reverse('find_page')}?q=no-such-thing", "No results")
    page.get_by_role("link", name="Find").click()
    page.locator("#finder-field").fill(view.name)
    page.get_by_role("dialog").get_by_role("link", name=view.name).first.wait_for()
    world.look(page, "No results")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()
    world.look(page, "No results")


@tour("session_list", "look_edit")
def session_pages(world: World) -> None:
    for _ in range(2):
        page = world.site.page()
        sign_in(page, "mia", PASSWORD)
    world.visit(page, reverse("session_list"), "This one")
    page.get_by_role("button", name="End", exact=False).last.click()
    world.look(page, "The session is ended.")
    world.visit(page, reverse("look_edit"), "Time zone")
    page.get_by_label("Compact").check()
    page.get_by_label("Dark").check()
    page.get_by_label("Language").select_option("de")
    page.get_by_role("button", name="Save").click()
    world.look(page, "Ihre Auswahl ist gespeichert")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    with page.expect_request("**/help/") as asked:
        page.evaluate("htmx.ajax('GET', '/help/', '#announcer')")
    assert asked.value.headers["x-look"] == "de|dark|compact|||"


@tour("token_add", "snapshot_delete")
def step_up_pages(world: World) -> None:
    world.settings.SNAPPORTAL_STEP_UP_MINUTES = 0
    desk = world.desk()
    page = world.site.page(desk.user)
    world.visit(page, reverse("token_add"), "Enter your password to open it")
    view = desk.server()
    page.goto(reverse("snapshot_delete", args=[desk.token.pk, desk.snapshot(view).id]))
    page.get_by_role("checkbox").first.check()
    page.get_by_role("main").get_by_role("button", name="Delete").first.click()
    world.look(page, "Nothing was sent yet")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Confirm and send").click()
    world.look(page, "That is not your password")


@tour("account_detail", "help_page", "api_reference")
def account_and_help(world: World) -> None:
    page = world.site.page(world.cast.vera)
    world.visit(page, "/help/", "snapshot")
    page.get_by_label("Search the help").fill("grace time")
    page.get_by_role("button", name="Search").click()
    world.look(page, "sections have what you look for")
    world.visit(page, "/help/?for=me&q=glass", "is for other roles")
    world.visit(page, "/help/?q=no-such-word", "The help says nothing of this")
    page.get_by_role("link", name="Show all of the help").click()
    page.get_by_role("link", name="The API reference").click()
    world.look(page, "Create a snapshot")
    world.visit(page, "/account/", "Change your password")
    for old, new in [("wrong", "short"), (PASSWORD, "a quiet harbour at dusk")]:
        page.locator("#id_old_password").fill(old)
        page.locator("#id_new_password1").fill(new)
        page.locator("#id_new_password2").fill(new)
        page.get_by_role("button", name="Change password").click()
        world.look(page, "too short" if new == "short" else "Your password is changed")


@tour("token_list", "token_add", "token_replace", "token_remove", "token_limits")
def token_pages(world: World) -> None:
    world.provider_up()
    page = world.site.page(world.cast.mia)
    world.visit(page, "/tokens/", "Add a token, and your servers appear")
    world.visit(page, "/tokens/add/", "Where to get a token")
    page.get_by_label("Label").fill("Web team")
    page.get_by_label("API token").fill("sbx_nobody-knows-this-one")
    page.get_by_role("button", name="Check and store").click()
    world.look(page, "copy it again")
    page.get_by_label("API token").fill(world.sandbox.token)
    page.get_by_role("button", name="Check and store").click()
    world.look(page, "Tess Keller")
    world.provider_down()
    page.goto("/tokens/add/")
    page.get_by_label("Label").fill("Other team")
    page.get_by_label("API token").fill(world.sandbox.other_token)
    page.get_by_role("button", name="Check and store").click()
    world.look(page, "Store without checking")
    page.get_by_label("API token").fill(world.sandbox.other_token)
    page.get_by_label("Store without checking").check()
    page.get_by_role("button", name="Check and store").click()
    world.look(page, "Not checked yet")
    world.provider_up()
    stored = StoredToken.objects.get(label="Web team")
    world.visit(page, reverse("token_replace", args=[stored.pk]), "Enter a new token to replace")
    page.get_by_label("API token").fill("two words")
    page.get_by_role("button", name="Check and replace").click()
    world.look(page, "without spaces")
    world.visit(page, reverse("token_limits", args=[stored.pk]), "Limits of “Web team”")
    page.get_by_label("All, also those that are added later").uncheck()
    page.get_by_role("button", name="Save the limits").click()
    world.look(page, "Choose the servers that it reaches")
    page.get_by_label("web-server-01").check()
    page.get_by_label("See and create").check()
    page.get_by_label("Reason").fill("only the shop's front")
    page.get_by_role("button", name="Save the limits").click()
    world.look(page, "Limited to rights")
    StoredToken.objects.filter(pk=stored.pk).update(limited_by_id=world.cast.ada.pk)
    world.visit(page, reverse("token_limits", args=[stored.pk]), "An admin limited this token")
    world.visit(page, reverse("token_remove", args=[stored.pk]), "Remove “Web team”?")
    StoredToken.objects.filter(pk=stored.pk).update(refused_at=stored.created_at)
    world.visit(page, "/tokens/", "does not accept this token any more")
    world.visit(page, reverse("token_replace", args=[stored.pk]), "does not accept")


@tour(NO_PAGE, "person_list", "sign_in", "account_detail", "help_page")
def errors(world: World) -> None:
    world.settings.ROOT_URLCONF = "tests.e2e.broken_urls"
    page = world.site.page(world.cast.vera)
    world.visit(page, "/nowhere/", "Page not found")
    world.visit(page, "/people/", "Your role does not allow this")
    world.visit(page, "/broken/", "Internal error")
    page.goto("/account/look/")
    page.evaluate("document.querySelector('main form').action = '/help/'")
    page.get_by_role("button", name="Save").click()
    world.look(page, "does not take that kind of request")
    page.goto("/account/")
    page.evaluate("document.querySelector('main form [name=csrfmiddlewaretoken]').value = 'forged'")
    page.locator("main form input[type=password]").first.fill(PASSWORD)
    page.evaluate("document.querySelector('main form').noValidate = true")
    page.get_by_role("button", name="Change password").click()
    world.look(page, "This form could not be verified")
    world.settings.SNAPPORTAL_AUDIT_KEYS = {}
    page = world.site.page()
    sign_in(page, "vera", PASSWORD)
    world.look(page, "cannot write its audit log")
    world.settings.ALLOWED_HOSTS = ["portal.example"]
    world.visit(page, "/sign-in/", "Bad request")
