"""What a person may do on which server, and who may do what on a server, each with the reason."""

import pytest
from django.urls import reverse
from django.utils.html import strip_tags

from snapportal.accounts import access
from snapshots.operations import server_locks
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action
from snapshots.vault import tokens
from snapshots.vault.models import StoredToken
from tests.support.actors import actor_of
from tests.support.batches import roomy
from tests.support.desk import make_desk
from tests.support.limits import CREATE, SEE, limit
from tests.support.ownership import own_as_is
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db


def verdicts(person, server_id: int) -> list[tuple[bool, str]]:
    (found,) = [one for one in access.of_person(person) if one.server_id == server_id]
    return [(one.is_allowed, strip_tags(one.why)) for one in found.verdicts]


def test_the_role_is_the_reason(cast, desk):
    view = desk.server()
    assert verdicts(desk.user, view.server_id) == [(True, "Role Manager")] * 4
    cast.mia.role = "operator"
    cast.mia.save()
    assert verdicts(cast.mia, view.server_id) == [
        *[(True, "Role Operator")] * 2,
        (False, "Role Operator"),
        (True, "Only their own snapshots: Role Operator"),
    ]


def test_the_limits_are_the_reason_and_whose_they_are(cast, desk):
    here, there = roomy(desk, 2)
    limit(desk, servers=[here.server_id], rights=CREATE)
    own = "Limits of the token, set by its owner"
    assert verdicts(desk.user, here.server_id) == [(True, "Role Manager")] * 2 + [(False, own)] * 2
    assert verdicts(desk.user, there.server_id) == [(False, own)] * 4
    limit(desk, rights=SEE, by=actor_of(cast.ada))
    assert verdicts(desk.user, here.server_id)[1] == (False, "Limits of the token, set by Ada")
    StoredToken.objects.update(limited_by_id=999_999)
    assert "an admin who was erased" in verdicts(desk.user, here.server_id)[1][1]


@pytest.mark.parametrize(
    ("change", "why"),
    [("deactivated", "The person is deactivated"), ("refused", "VPS.org refuses the token")],
)
def test_what_takes_everything_is_the_reason(desk, clock, change, why):
    view = desk.server()
    if change == "deactivated":
        desk.user.is_active = False
        desk.user.save()
    else:
        StoredToken.objects.update(refused_at=desk.token.created_at)
    assert verdicts(desk.user, view.server_id) == [(False, why)] * 4


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("rights", [None, SEE, CREATE, ("snapshots.restore",)])
@pytest.mark.parametrize("role", ["viewer", "operator", "manager"])
def test_it_says_what_the_portal_does(cast, desk, role, rights, action):
    view = desk.server()
    own_as_is(desk.user, desk.snapshot(view))
    cast.mia.role = role
    cast.mia.save()
    limit(desk, rights=rights)
    number = access.VERBS.index(action.removeprefix("snapshot."))
    is_allowed, _why = verdicts(cast.mia, view.server_id)[number]
    try:
        desk.operate(action, view)
    except OperationRefusedError as error:
        assert (is_allowed, error.code) == (False, error.code)
    else:
        assert is_allowed


def test_the_persons_page_shows_it_to_admins(cast, desk, signed_in):
    here, there = roomy(desk, 2)
    limit(desk, servers=[here.server_id], by=actor_of(cast.ada))
    ada = signed_in(cast.ada)
    address = reverse("person_access", args=[desk.user.pk])
    assert address in ada.get(reverse("person_edit", args=[desk.user.pk])).text
    text = text_of(ada.get(address))
    for words in (here.name, there.name, "Team token", "Role Manager", "Limits of the token, set by Ada"):
        assert words in text
    assert "No token is stored for this person" in text_of(
        ada.get(reverse("person_access", args=[cast.vera.pk]))
    )


def test_both_pages_show_the_lock_of_a_server_and_the_lack_of_a_factor(cast, desk, signed_in, settings):
    ada = make_desk(cast.ada, tokens.decrypt(desk.token))
    view = ada.server()
    desk.views()
    browser = signed_in(cast.ada)
    persons_page = reverse("person_access", args=[desk.user.pk])
    servers_page = reverse("server_people", args=[ada.token.pk, view.server_id])
    for page in (persons_page, servers_page):
        assert "ocked" not in text_of(browser.get(page))
    server_locks.place(actor=desk.actor, server_id=view.server_id, server_name=view.name, reason="why")
    assert "Locked" in text_of(browser.get(persons_page))
    assert "This server is locked" in text_of(browser.get(servers_page))
    settings.SNAPPORTAL_REQUIRE_SECOND_FACTOR = frozenset({"manager"})
    assert "This role needs a second factor" in text_of(browser.get(persons_page))


def test_a_token_that_nobody_has_read_with_is_named(cast, desk, signed_in):
    page = signed_in(cast.ada).get(reverse("person_access", args=[desk.user.pk])).text
    assert "Some servers may be missing" in page
    assert "No servers are known yet" in page


def test_the_servers_page_names_everybody_who_may_do_something(cast, desk, signed_in):
    view = desk.server()
    omar = make_desk(cast.omar, tokens.decrypt(desk.token))
    vera = make_desk(cast.vera, tokens.decrypt(desk.token))
    ada = make_desk(cast.ada, tokens.decrypt(desk.token))
    limit(vera, servers=[999_999])
    found = [
        (str(one.person), [each.is_allowed for each in one.verdicts])
        for one in access.of_server(view.server_id)
    ]
    assert found == [
        ("Ada", [True] * 4),
        ("Mia", [True] * 4),
        ("Omar", [True, True, False, True]),
    ]
    browser = signed_in(cast.ada)
    address = reverse("server_people", args=[ada.token.pk, view.server_id])
    assert address in browser.get(reverse("server_detail", args=[ada.token.pk, view.server_id])).text
    text = text_of(browser.get(address))
    assert "Who can restore" in text
    assert "Omar" in text
    assert "Vera" not in text
    assert (
        address
        not in signed_in(omar.user).get(reverse("server_detail", args=[omar.token.pk, view.server_id])).text
    )


def test_the_servers_page_is_of_a_server_that_the_admins_token_shows(cast, desk, signed_in):
    ada = make_desk(cast.ada, tokens.decrypt(desk.token))
    view = desk.server()
    limit(ada, servers=[999_999])
    address = reverse("server_people", args=[ada.token.pk, view.server_id])
    assert signed_in(cast.ada).get(address).status_code == 404
