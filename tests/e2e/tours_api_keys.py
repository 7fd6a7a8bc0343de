"""Tours of API keys and service accounts: the lists in every state, the forms with their errors, the key that is shown once."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from snapportal.accounts.models import User
from snapshots.api.models import ApiKey
from snapshots.vault.models import StoredToken
from tests.e2e.tours import World, tour
from tests.support.api import make_key
from tests.support.desk import make_desk


@tour("api_key_list", "api_key_add", "api_key_revoke")
def api_keys(world: World) -> None:
    desk = world.desk()
    page = world.site.page(world.cast.mia)
    world.visit(page, reverse("api_key_list"), "No API key is in use")
    page.get_by_role("link", name="Make an API key").click()
    world.look(page, "What it may do")
    page.get_by_label("Days until it expires").fill("500")
    page.get_by_role("button", name="Make the key").click()
    world.look(page, "Choose the servers that it reaches")
    page.get_by_label("Name", exact=True).fill("Nightly deploy")
    page.get_by_label("web-server-01").check()
    page.get_by_label("Days until it expires").fill("9")
    page.get_by_role("button", name="Make the key").click()
    world.look(page, "it is shown only here and only this once")
    make_key(
        desk.user,
        desk.token,
        name="a-name-without-any-place-to-break-that-is-as-long-as-it-may-be" + "x" * 18,
    )
    world.visit(page, reverse("api_key_list"), "Expires soon")
    key = ApiKey.objects.get(name="Nightly deploy")
    world.visit(page, reverse("api_key_revoke", args=[key.pk]), "Revoke Nightly deploy?")
    page.get_by_label("Reason").fill("no longer used")
    page.get_by_role("button", name="Revoke").click()
    world.look(page, "is revoked")
    ApiKey.objects.exclude(pk=key.pk).update(expires_at=timezone.now() - timedelta(days=2))
    world.visit(page, reverse("api_key_list"), "Expired")


@tour("api_key_add", "api_key_list", "service_account_add", "person_edit", "person_list")
def service_accounts(world: World) -> None:
    world.provider_up()
    ada, vera = world.site.page(world.cast.ada), world.site.page(world.cast.vera)
    world.visit(ada, reverse("service_account_add"), "Looked after by")
    ada.get_by_label("Name", exact=True).fill("Deploy robot")
    ada.get_by_label("Sign-in name").fill("ada")
    ada.get_by_label("Looked after by").select_option("Vera")
    ada.get_by_role("button", name="Add").click()
    world.look(ada, "already exists")
    ada.get_by_label("Sign-in name").fill("robot")
    ada.get_by_role("button", name="Add").click()
    world.look(ada, "Who looks after it")
    robot = User.objects.get(username="robot")
    add = f"{reverse('api_key_add')}?owner={robot.pk}"
    world.visit(vera, add, "No token is stored yet")
    world.visit(ada, add, "Store a token for this account")
    make_desk(robot, world.sandbox.token, "Robot's token")
    world.provider_down()
    world.visit(vera, add, "Its servers could not be read yet")
    world.provider_up()
    world.visit(vera, add, "Make an API key for Deploy robot")
    make_key(robot, StoredToken.objects.get())
    world.visit(vera, reverse("api_key_list"), "Deploy robot")
    User.objects.filter(pk=world.cast.vera.pk).update(is_active=False)
    world.visit(ada, reverse("api_key_list"), "Owner not active")
    world.visit(ada, reverse("person_list"), "Nobody looks after it")
    world.visit(ada, reverse("person_edit", args=[robot.pk]), "The API keys of this account do not work")
    world.visit(ada, reverse("person_edit", args=[world.cast.vera.pk]), "This person looks after them")
