"""An ID token that is forged, foreign, old or about something else signs nobody in."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from django.test import Client
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from snapportal.accounts.session_models import PersonSession
from snapshots.audit.models import Entry
from tests.accounts.oidc.conftest import begin, sign_on
from tests.support.identity_provider import CLIENT_ID, CLIENT_SECRET, ec_key, rsa_key, unsigned

NOT_VERIFIED = "could not be verified"


def refused(answer, text: str = NOT_VERIFIED, code: str = "sso_bad_id_token") -> None:
    assert answer.status_code == 403, answer.status_code
    assert text in answer.text
    assert not PersonSession.objects.exists()
    row = Entry.objects.latest("sequence")
    assert (row.action, row.result, row.code) == ("person.sign_in", "refused", code)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"iss": ["x"]},
        {"aud": "another"},
        {"aud": []},
        {"aud": None},
        {"aud": [CLIENT_ID, "another"]},
        {"aud": [CLIENT_ID, "another"], "azp": "another"},
        {"azp": "another"},
        {"nonce": "another"},
        {"nonce": None},
        {"nonce": ["x"]},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"sub": "two\nlines"},
        {"exp": None},
        {"exp": "soon"},
        {"iat": None},
        {"iat": "now"},
    ],
    ids=str,
)
def test_each_claim_has_to_be_right(idp, cast, changes):
    idp.changes = changes
    refused(sign_on(idp))


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": [CLIENT_ID]},
        {"azp": CLIENT_ID},
        {"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID},
        {"iat": "in 20 seconds"},
    ],
    ids=str,
)
def test_what_the_protocol_allows_is_accepted(idp, cast, changes):
    if "iat" in changes:
        changes = {"iat": int(time.time()) + 20}
    idp.changes = changes
    assert sign_on(idp).status_code == 302


def test_an_old_token_is_refused(idp, cast):
    idp.changes = {"iat": int(time.time()) - 400, "exp": int(time.time()) - 40}
    refused(sign_on(idp), "clocks", "sso_clock")


def test_a_token_of_the_future_is_refused(idp, cast):
    idp.changes = {"iat": int(time.time()) + 60}
    refused(sign_on(idp), "clocks", "sso_clock")


def test_clocks_may_differ_a_little(idp, cast):
    idp.changes = {"iat": int(time.time()) - 300, "exp": int(time.time()) - 15}
    assert sign_on(idp).status_code == 302


def test_an_unsigned_token_is_refused(idp, cast):
    idp.sign = unsigned
    refused(sign_on(idp))


def by_secret(secret: str) -> Any:
    key = OctKey.import_key(secret)
    return lambda claims: jwt.encode({"alg": "HS256", "kid": "first"}, claims, key, algorithms=["HS256"])


def test_a_token_signed_with_the_client_secret_is_refused(idp, cast):
    idp.sign = by_secret(CLIENT_SECRET)
    refused(sign_on(idp))


def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(idp, cast):
    def sign(claims: dict[str, Any]) -> str:
        parts = [json.dumps({"alg": "HS256", "kid": "first"}), json.dumps(claims)]
        body = b".".join(base64.urlsafe_b64encode(one.encode()).rstrip(b"=") for one in parts)
        mac = hmac.new(idp.keys[0].as_pem(private=False), body, hashlib.sha256).digest()
        return (body + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()

    idp.sign = sign
    refused(sign_on(idp))


def test_a_provider_that_announces_only_such_signatures_is_refused(idp, cast):
    idp.metadata = {"id_token_signing_alg_values_supported": ["none", "HS256"]}
    answer = Client().post("/sign-in/sso/")
    assert answer.status_code == 502


def test_a_signature_that_the_provider_does_not_announce_is_refused(idp, cast):
    idp.sign = lambda claims: idp.signed(claims, algorithm="RS512")
    refused(sign_on(idp))


def test_a_token_signed_with_a_foreign_key_is_refused(idp, cast):
    foreign = rsa_key("foreign")
    idp.sign = lambda claims: jwt.encode({"alg": "RS256", "kid": "first"}, claims, foreign)
    refused(sign_on(idp))


def test_a_key_that_the_token_brings_itself_is_not_used(idp, cast):
    foreign = rsa_key("foreign")
    header = {"alg": "RS256", "kid": "first", "jwk": foreign.as_dict(private=False)}
    idp.sign = lambda claims: jwt.encode(header, claims, foreign)
    refused(sign_on(idp))


def test_a_token_with_an_unknown_key_makes_the_keys_read_again_once(idp, cast):
    idp.sign = lambda claims: idp.signed(claims, kid="unknown")
    refused(sign_on(idp))
    assert idp.paths.count("/keys") == 2


def test_a_new_key_of_the_provider_is_found(idp, cast):
    assert sign_on(idp).status_code == 302
    assert sign_on(idp).status_code == 302
    assert idp.paths.count("/keys") == 1, "kept"
    assert idp.paths.count("/.well-known/openid-configuration") == 1, "kept"
    idp.keys = [rsa_key("second")]
    idp.sign = lambda claims: idp.signed(claims, kid="second")
    assert sign_on(idp).status_code == 302
    assert idp.paths.count("/keys") == 2


def test_a_token_without_a_key_id_is_checked_with_the_only_key(idp, cast):
    idp.sign = lambda claims: idp.signed(claims, kid=None)
    assert sign_on(idp).status_code == 302


def test_a_token_without_a_key_id_is_refused_where_several_keys_fit(idp, cast):
    idp.keys = [rsa_key("first"), rsa_key("second")]
    idp.sign = lambda claims: idp.signed(claims, kid=None)
    refused(sign_on(idp))


def test_a_key_for_encryption_is_not_used(idp, cast):
    keys = [rsa_key("first").as_dict(private=False) | {"use": "enc"}]
    body = json.dumps({"keys": keys}).encode()
    idp.override = lambda path: (200, body) if path == "/keys" else None
    refused(sign_on(idp))


@pytest.mark.filterwarnings("ignore:Key size:joserfc.errors.SecurityWarning")
def test_a_short_key_is_refused(idp, cast):
    idp.keys = [RSAKey.generate_key(1024, {"kid": "first"}, auto_kid=False)]
    refused(sign_on(idp))


def test_elliptic_curves_are_accepted_if_announced(idp, cast):
    idp.keys = [ec_key("first")]
    idp.metadata = {"id_token_signing_alg_values_supported": ["ES256"]}
    idp.sign = lambda claims: idp.signed(claims, algorithm="ES256")
    assert sign_on(idp).status_code == 302


@pytest.mark.parametrize("token", [None, "", 7, "x", "a.b.c", "x" * 70_000, [], "é.é.é"])
def test_what_is_no_token_is_refused(idp, cast, token):
    idp.sign = lambda claims: token
    refused(sign_on(idp))


def test_the_code_of_another_sign_in_is_refused(idp, cast):
    first, second = Client(), Client()
    back = idp.authorize(begin(first))
    other = idp.authorize(begin(second))
    code = other.split("code=")[1].split("&")[0]
    own = back.split("code=")[1].split("&")[0]
    refused(first.get(back.replace(own, code)), "did not confirm", "sso_used_code")


def test_an_id_token_of_another_sign_in_is_refused(idp, cast):
    sign_on(idp, Client())
    PersonSession.objects.all().delete()
    idp.sign = lambda claims: idp.tokens[0]
    refused(sign_on(idp))


@pytest.mark.parametrize(
    ("methods", "expected"),
    [(["pwd", "mfa"], True), (["otp"], True), (["pwd"], False), (None, False), ("mfa", False), ([7], False)],
)
def test_a_second_factor_there_is_told(idp, cast, monkeypatch, methods, expected):
    from snapportal.accounts.oidc import views

    told = []
    enter = views.enter
    monkeypatch.setattr(
        views, "enter", lambda *args, **more: told.append(more["has_second_factor"]) or enter(*args, **more)
    )
    idp.changes = {"amr": methods}
    sign_on(idp)
    assert told == [expected]
