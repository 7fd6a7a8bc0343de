"""Reads how people sign in: through an identity provider (SNAPPORTAL_OIDC_…), with passwords, or both."""

import re
from dataclasses import dataclass, field
from typing import Final

from environs import ValidationError

from snapportal.environment import Environment
from snapportal.setting_values import parse_url

ROLES_FROM_HIGHEST: Final = ("admin", "manager", "operator", "auditor", "viewer")
"""Of several groups of a person the one whose role stands first here decides."""
OF_ISSUER: Final = (
    "CLIENT_ID",
    "CLIENT_SECRET",
    "CLIENT_SECRET_FILE",
    "NAME",
    "SCOPES",
    "GROUPS_CLAIM",
    "ROLES",
)


@dataclass(frozen=True)
class SingleSignOn:
    """The identity provider, and what the portal is there."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    name: str = "Single sign-on"
    scopes: str = "openid email profile"
    groups_claim: str = "groups"
    roles: dict[str, str] = field(default_factory=dict)
    """The role of each group; empty if roles are given in the portal."""


def parse_roles(text: str) -> dict[str, str]:
    """Parse `group=role,group2=role2`. A group's name may hold `=`, and no comma."""
    roles: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        group, _sign, role = (word.strip() for word in part.rpartition("="))
        if not group or role not in ROLES_FROM_HIGHEST:
            raise ValidationError(
                f"must be group=role, separated by commas, each role one of {', '.join(ROLES_FROM_HIGHEST)}"
            )
        if roles.setdefault(group, role) != role:
            raise ValidationError(f"gives the group {group} two roles")
    return roles


def parse_scopes(text: str) -> str:
    scopes = text.split() or ["openid", "email", "profile"]
    if "openid" not in scopes:
        raise ValidationError("must contain openid")
    return " ".join(scopes)


def parse_names(text: str) -> frozenset[str]:
    """Sign-in names, which are stored in small letters."""
    return frozenset(part.lower() for part in re.split(r"[,\s]+", text.strip()) if part)


def read_single_sign_on(environment: Environment, *, is_sandbox: bool) -> SingleSignOn | None:
    """None without SNAPPORTAL_OIDC_ISSUER."""
    if not environment.is_given("OIDC_ISSUER"):
        given = [name for name in OF_ISSUER if environment.is_given(f"OIDC_{name}")]
        environment.errors += [
            f"SNAPPORTAL_OIDC_{name} is set, and SNAPPORTAL_OIDC_ISSUER is not" for name in given
        ]
        return None
    issuer = environment.parse("OIDC_ISSUER", parse_url)
    if issuer.startswith("http:") and not is_sandbox:
        environment.errors.append("SNAPPORTAL_OIDC_ISSUER must begin with https:// with a real provider")
    read, text = environment.read, environment.env.str
    client_id = read(text, "OIDC_CLIENT_ID", "").strip()
    if not client_id:
        environment.errors.append("SNAPPORTAL_OIDC_CLIENT_ID is missing: it is required with an issuer")
    return SingleSignOn(
        issuer=issuer,
        client_id=client_id,
        client_secret=environment.secret(
            "OIDC_CLIENT_SECRET", made_at=None, make="", needed="with SNAPPORTAL_OIDC_ISSUER"
        ),
        name=read(text, "OIDC_NAME", "").strip() or "Single sign-on",
        scopes=environment.parse("OIDC_SCOPES", parse_scopes),
        groups_claim=read(text, "OIDC_GROUPS_CLAIM", "").strip() or "groups",
        roles=environment.parse("OIDC_ROLES", parse_roles),
    )


def read_password_sign_in(environment: Environment) -> bool:
    """Whether everybody may use a password."""
    is_on: bool = environment.read(environment.env.bool, "PASSWORD_SIGN_IN", True)
    if not is_on and not environment.is_given("OIDC_ISSUER"):
        environment.errors.append(
            "SNAPPORTAL_PASSWORD_SIGN_IN is off without SNAPPORTAL_OIDC_ISSUER: nobody could sign in"
        )
    return is_on
