"""manage.py check_single_sign_on finds what is wrong, and prints what has to be registered."""

import pytest
from django.core.management import CommandError, call_command

from snapportal.accounts.models import User
from tests.support.absent_database import away
from tests.support.identity_provider import CLIENT_SECRET


def run(capsys) -> tuple[str, bool]:
    """What was printed, and whether all is fine."""
    try:
        call_command("check_single_sign_on")
    except CommandError as error:
        return capsys.readouterr().out + str(error), False
    return capsys.readouterr().out, True


def test_all_is_fine(idp, cast, capsys):
    printed, is_fine = run(capsys)
    assert is_fine
    assert "register this one at the identity provider: http://127.0.0.1:8000/sign-in/sso/return/" in printed
    for step in (
        "Discovery: signs with RS256",
        "Clock: differs",
        "Keys: 1 at",
        "Client: the provider accepts",
    ):
        assert f"ok    {step}" in printed
    assert "note  Roles: given in the portal" in printed
    assert "FAIL" not in printed
    assert CLIENT_SECRET not in printed


def test_the_address_is_the_real_one_in_production(idp, cast, capsys, settings):
    settings.SANDBOX = False
    settings.ALLOWED_HOSTS = ["snapshots.example.com"]
    assert "https://snapshots.example.com/sign-in/sso/return/" in run(capsys)[0]


def test_without_a_provider_there_is_nothing_to_check(db, capsys):
    assert "SNAPPORTAL_OIDC_ISSUER is not set" in run(capsys)[0]


def test_nobody_answers(idp, cast, capsys, configure):
    configure(issuer="http://127.0.0.1:9")
    printed, is_fine = run(capsys)
    assert not is_fine
    assert "FAIL  Connection" in printed
    assert "firewalls" in printed


def test_a_database_that_is_away_is_named(idp, cast, capsys):
    with away():
        printed, is_fine = run(capsys)
    assert not is_fine
    assert "The database cannot be reached: " in printed


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"issuer": "https://evil.example"}, "FAIL  Answer: the discovery document names another issuer"),
        ({"jwks_uri": "http://evil.example"}, "FAIL  Answer: jwks_uri is missing or not https"),
        (
            {"id_token_signing_alg_values_supported": ["none"]},
            "FAIL  Answer: the provider announces no signature",
        ),
        ({"id_token_signing_alg_values_supported": ["ES256"]}, "FAIL  Keys: none that fits"),
        ({"scopes_supported": ["openid"]}, "note  Scopes: not announced: email, profile"),
        ({}, "note  PKCE"),
    ],
    ids=str,
)
def test_what_the_provider_publishes(idp, cast, capsys, metadata, expected):
    idp.metadata = metadata
    printed, is_fine = run(capsys)
    assert expected in printed
    assert is_fine is expected.startswith("note")


def test_a_wrong_secret_is_found(idp, cast, capsys, configure):
    configure(client_secret="another")
    printed, is_fine = run(capsys)
    assert "FAIL  Client: refused: invalid_client" in printed
    assert not is_fine


def test_clocks_that_differ_are_found(idp, cast, capsys):
    idp.date = "Sun, 06 Nov 1994 08:49:37 GMT"
    printed, is_fine = run(capsys)
    assert "FAIL  Clock" in printed
    assert not is_fine


def test_emergency_accounts(idp, cast, capsys, settings):
    settings.SNAPPORTAL_PASSWORD_SIGN_IN = False
    assert "no active admin of SNAPPORTAL_BREAK_GLASS" in run(capsys)[0]
    settings.SNAPPORTAL_BREAK_GLASS = frozenset({"ada", "nobody"})
    printed, is_fine = run(capsys)
    assert "ok    Emergency: ada (admin) can sign in with a password" in printed
    assert "FAIL  Emergency: nobody has the sign-in name nobody" in printed
    assert not is_fine
    settings.SNAPPORTAL_BREAK_GLASS = frozenset({"ada"})
    User.objects.filter(username="ada").update(is_active=False)
    assert "ada is deactivated" in run(capsys)[0]
