"""Tokens, codes, the client secret and nonces of sign-ins, good and bad, are in no row, log line, page, cookie or cache."""

import re

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from snapportal.accounts.oidc import flows
from tests.accounts.oidc.conftest import begin, sign_on
from tests.support.database_text import database_text
from tests.support.identity_provider import CLIENT_SECRET, unsigned


def secrets_of(idp) -> set[str]:
    found = {CLIENT_SECRET, "canary-access-token", "canary-code-"}
    found |= {asked[name] for asked in idp.asked for name in ("nonce", "state", "code_challenge")}
    parts = [token.split(".") for token in idp.tokens]
    return found | {part for token in parts for part in token[1:] if part} | set(idp.tokens)


def walk(idp, signed_in, cast) -> list[str]:
    """Sign-ins that succeed and fail in many ways. Returns what browsers were shown."""
    shown = []
    client = Client()
    shown.append(sign_on(idp, client).text)
    shown += [client.get(url).text for url in ("/account/", "/account/sessions/", "/")]
    for change in ({"nonce": "x"}, {"iss": "x"}, {"email": "x@example.com", "sub": "y"}, {"exp": 1}):
        idp.changes = change
        shown.append(sign_on(idp).text)
    idp.changes = {}
    idp.sign = unsigned
    shown.append(sign_on(idp).text)
    idp.sign = idp.signed
    for path, reply in (
        ("/token", (500, b"{}")),
        ("/token", (400, b'{"error": "invalid_grant"}')),
        ("/keys", (404, b"")),
    ):
        cache.clear()
        idp.override = lambda asked, path=path, reply=reply: reply if asked == path else None
        shown.append(sign_on(idp).text)
    idp.override = lambda path: None
    back = idp.authorize(begin(Client()))
    shown.append(Client().get(back).text)
    shown.append(Client().get(back, headers={"Cookie": f"{flows.cookie_name()}=x"}).text)
    ada = signed_in(cast.ada)
    shown += [
        ada.get(url).text for url in (reverse("entry_list"), reverse("person_edit", args=[cast.mia.pk]))
    ]
    return shown


@pytest.mark.django_db(transaction=True)
def test_nothing_secret_is_kept_or_shown(idp, cast, signed_in, caplog, capfd):
    pages = walk(idp, signed_in, cast)
    out, err = capfd.readouterr()
    stored = database_text()
    logged = out + err + caplog.text
    assert "single_sign_on.failed" in logged
    secrets = secrets_of(idp)
    assert len(secrets) > 30
    for secret in secrets:
        assert secret not in stored, f"{secret} is in the database"
        assert secret not in logged, f"{secret} is in a log line"
        assert not any(secret in page for page in pages), f"{secret} is in a page"


def test_the_page_on_the_way_alone_holds_the_request(idp, cast):
    client = Client()
    url = begin(client)
    nonce = re.search(r"nonce=([^&]+)", url)[1]
    sign_on(idp, client)
    assert all(nonce not in cookie.value for cookie in client.cookies.values())
    assert CLIENT_SECRET not in url


def test_the_secret_goes_to_the_token_endpoint_alone(idp, cast):
    answer = sign_on(idp)
    assert answer.status_code == 302
    assert all(CLIENT_SECRET not in str(asked) for asked in idp.asked)
