"""Looks at the pages of sign-in for names that a browser would translate."""

from types import SimpleNamespace
from typing import Any

from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from snapportal.accounts import people
from snapportal.accounts.models import Role, User
from snapportal.sign_in_settings import SingleSignOn
from snapshots.audit.journal import Actor
from tests.support.identity_provider import CLIENT_ID, CLIENT_SECRET, running
from tests.support.looks_at_factors import look_at_second_factors
from tests.support.translated_texts import Inspector


def look_at_single_sign_on(inspector: Inspector, cast: SimpleNamespace, settings: Any) -> None:
    with running() as idp:
        cache.clear()
        settings.SNAPPORTAL_OIDC = SingleSignOn(idp.url, CLIENT_ID, CLIENT_SECRET, name="Mia")
        client = Client()
        leaving = client.post(reverse("sso_start"))
        inspector.look(leaving, shows="On to")
        url = leaving["Refresh"].removeprefix("0; url=")
        inspector.look(client.get(idp.authorize(url, error="access_denied")), shows="You are not signed in")
        inspector.visit(client, reverse("sign_in"), shows="Mia")
        idp.states["email"] = cast.vera.email
        client.get(idp.authorize(client.post(reverse("sso_start"))["Refresh"].removeprefix("0; url=")))
        held = client.post(reverse("sso_confirm"), {"step_up_target": reverse("api_key_add"), "name": "Mia"})
        back = client.get(idp.authorize(held["Refresh"].removeprefix("0; url=")))
        inspector.visit(client, back["Location"], shows="Nothing was sent yet")
        ada = Client()
        ada.force_login(cast.ada)
        inspector.visit(ada, reverse("person_edit", args=[cast.vera.pk]), shows="Known there as")
    settings.SNAPPORTAL_OIDC = None
    look_at_second_factors(inspector, cast)


def look_at_coming_in(inspector: Inspector) -> None:
    inspector.visit(Client(), "/sign-in/")
    wrong = Client().post("/sign-in/", {"username": "mia", "password": "wrong"})
    inspector.look(wrong, shows="Sign-in failed")
    person = User(username="nora", name="Nora Neu", role=Role.MANAGER)
    _person, key = people.invite(person, actor=Actor(id=None, name="tests", role=""))
    inspector.visit(Client(), reverse("invitation_accept", args=[key]), shows="Nora Neu")
