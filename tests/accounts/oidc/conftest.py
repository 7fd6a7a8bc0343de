"""An identity provider on this machine, and browsers that sign in through it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from snapportal.accounts.oidc import refusals
from snapportal.sign_in_settings import SingleSignOn
from snapshots.api.endpoints.throttle import Once, Throttle
from tests.support.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider, running


@pytest.fixture(scope="session")
def server() -> Iterator[IdentityProvider]:
    with running() as provider:
        yield provider


@pytest.fixture
def idp(server, settings, db, monkeypatch) -> Iterator[IdentityProvider]:
    """The provider as new, and the portal set up for it."""
    url = server.url
    server.__init__()
    server.url = url
    settings.SNAPPORTAL_OIDC = SingleSignOn(issuer=url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    monkeypatch.setattr(refusals, "recorded", Throttle())
    monkeypatch.setattr(refusals, "told", Once())
    cache.clear()
    yield server
    cache.clear()


@pytest.fixture
def configure(settings) -> Callable[..., None]:
    """Changes what the portal is told of the provider."""

    def change(**fields: Any) -> None:
        settings.SNAPPORTAL_OIDC = replace(settings.SNAPPORTAL_OIDC, **fields)

    return change


def begin(client: Client, wanted: str = "") -> str:
    """The address at the provider to which the browser is led."""
    answer = client.post(reverse("sso_start"), {"next": wanted})
    assert answer.status_code == 200, answer.text
    return answer["Refresh"].removeprefix("0; url=")


def sign_on(
    idp: IdentityProvider, client: Client | None = None, wanted: str = "", **more: str
) -> HttpResponse:
    """The portal's answer to somebody who has signed in at the provider."""
    client = client or Client()
    return client.get(idp.authorize(begin(client, wanted), **more))
