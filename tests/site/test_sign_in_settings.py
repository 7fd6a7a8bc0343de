"""Settings of single sign-on: what is missing or contradicts itself is said at the start."""

import pytest
from environs import ValidationError

from snapportal.environment import Environment
from snapportal.sign_in_settings import (
    SingleSignOn,
    parse_names,
    parse_roles,
    parse_scopes,
    read_password_sign_in,
    read_single_sign_on,
)

COMPLETE = {"ISSUER": "https://id.example.com/realms/team/", "CLIENT_ID": "portal", "CLIENT_SECRET": "s3cret"}


def read(
    monkeypatch, given: dict[str, str], *, is_sandbox: bool = False
) -> tuple[SingleSignOn | None, list[str]]:
    for name, value in given.items():
        monkeypatch.setenv(f"SNAPPORTAL_OIDC_{name}", value)
    environment = Environment()
    return read_single_sign_on(environment, is_sandbox=is_sandbox), environment.errors


def test_nothing_is_needed(monkeypatch):
    assert read(monkeypatch, {}) == (None, [])


def test_the_defaults(monkeypatch):
    found, errors = read(monkeypatch, COMPLETE)
    assert errors == []
    assert found == SingleSignOn("https://id.example.com/realms/team/", "portal", "s3cret")
    assert (found.name, found.scopes, found.groups_claim, found.roles) == (
        "Single sign-on", "openid email profile", "groups", {}
    )  # fmt: skip


def test_the_secret_is_in_no_representation(monkeypatch):
    assert "s3cret" not in repr(read(monkeypatch, COMPLETE)[0])


def test_the_secret_can_be_in_a_file(monkeypatch, tmp_path):
    file = tmp_path / "secret"
    file.write_text("from-file\n")
    given = {name: value for name, value in COMPLETE.items() if name != "CLIENT_SECRET"}
    found, errors = read(monkeypatch, given | {"CLIENT_SECRET_FILE": str(file)})
    assert (found.client_secret, errors) == ("from-file", [])


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"CLIENT_ID": "x"}, "OIDC_CLIENT_ID is set, and SNAPPORTAL_OIDC_ISSUER is not"),
        ({"ROLES": "a=admin"}, "OIDC_ROLES is set, and SNAPPORTAL_OIDC_ISSUER is not"),
        ({"CLIENT_SECRET_FILE": "/x"}, "OIDC_CLIENT_SECRET_FILE is set"),
        (COMPLETE | {"CLIENT_ID": " "}, "OIDC_CLIENT_ID is missing"),
        (
            COMPLETE | {"CLIENT_SECRET": ""},
            "OIDC_CLIENT_SECRET (or SNAPPORTAL_OIDC_CLIENT_SECRET_FILE) is missing",
        ),
        (COMPLETE | {"ISSUER": "id.example.com"}, "OIDC_ISSUER must begin with https://"),
        (
            COMPLETE | {"ISSUER": "http://127.0.0.1:8080"},
            "OIDC_ISSUER must begin with https:// with a real provider",
        ),
        (COMPLETE | {"ISSUER": "https://id.example.com/?x"}, "OIDC_ISSUER must be scheme, host"),
        (COMPLETE | {"SCOPES": "email"}, "OIDC_SCOPES must contain openid"),
        (COMPLETE | {"ROLES": "team"}, "OIDC_ROLES must be group=role"),
        (COMPLETE | {"ROLES": "team=root"}, "each role one of admin, manager, operator, auditor, viewer"),
        (COMPLETE | {"ROLES": "team=admin, team=viewer"}, "gives the group team two roles"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said(monkeypatch, given, error):
    _found, errors = read(monkeypatch, given)
    assert len(errors) == 1
    assert error in errors[0]


def test_in_the_sandbox_the_provider_may_be_on_this_machine(monkeypatch):
    assert read(monkeypatch, COMPLETE | {"ISSUER": "http://127.0.0.1:8080"}, is_sandbox=True)[1] == []
    monkeypatch.undo()
    assert read(monkeypatch, COMPLETE | {"ISSUER": "http://id.example.com"}, is_sandbox=True)[1]


def test_passwords_cannot_be_off_without_another_way_in(monkeypatch):
    monkeypatch.setenv("SNAPPORTAL_PASSWORD_SIGN_IN", "off")
    environment = Environment()
    assert not read_password_sign_in(environment)
    assert "nobody could sign in" in environment.errors[0]
    monkeypatch.setenv("SNAPPORTAL_OIDC_ISSUER", "https://id.example.com")
    environment = Environment()
    assert not read_password_sign_in(environment)
    assert environment.errors == []


def test_roles_and_names():
    assert parse_roles(" ops=operator, cn=a b=admin,,") == {"ops": "operator", "cn=a b": "admin"}
    assert parse_roles("") == {}
    assert parse_names("Ada,  emergency\tx") == {"ada", "emergency", "x"}
    assert parse_scopes("") == "openid email profile"
    with pytest.raises(ValidationError):
        parse_roles("=admin")
