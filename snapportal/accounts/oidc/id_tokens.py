"""Checks the ID token, in which the identity provider states who has signed in there."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import jwt

from snapportal.accounts.oidc.errors import RefusedError
from snapportal.accounts.oidc.provider import Provider, configured

LEEWAY_SECONDS: Final = 30
"""How far the clocks of both may differ."""
MAX_LENGTH: Final = 64 * 1024
SUBJECT_LENGTH: Final = 255
SECOND_FACTORS: Final = frozenset({"mfa", "otp", "hwk", "sc"})
"""Of RFC 8176: several factors, one-time password, a key in hardware, smart card."""
KEY_TYPES: Final = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
REQUIRED: Final = ["iss", "sub", "aud", "exp", "iat", "nonce"]
Keys = Callable[[bool], list[dict[str, Any]]]
"""Returns the provider's keys; called with True they are read again."""


@dataclass(frozen=True)
class Claims:
    """What the provider states of a person."""

    subject: str
    email: str
    is_email_verified: bool
    username: str
    name: str
    groups: frozenset[str]
    lacks_groups: bool
    """The provider left the groups out, because they are too many."""
    has_second_factor: bool
    signed_in_at: float
    """When the person proved there who it is; 0 if that is not stated."""


def verify(token: object, *, provider: Provider, keys: Keys, nonce: str) -> Claims:
    """Raises RefusedError if any of it is not as it has to be."""
    if not isinstance(token, str) or not 0 < len(token) <= MAX_LENGTH:
        raise RefusedError("bad_id_token", "there is none")
    try:
        header = jwt.get_unverified_header(token)
        key = _find_key(header, provider, keys)
        claims = _decode(token, key, provider)
    except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError) as error:
        raise RefusedError("clock", type(error).__name__) from None
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise RefusedError("bad_id_token", type(error).__name__) from None
    _check_recipient(claims)
    if claims["nonce"] != nonce:
        raise RefusedError("bad_id_token", "the nonce is another")
    return _read(claims)


def _find_key(header: dict[str, Any], provider: Provider, keys: Keys) -> jwt.PyJWK:
    """The key with which the token says that it is signed; if it is unknown, the keys are read once more."""
    algorithm = header.get("alg")
    if algorithm not in provider.algorithms:
        raise RefusedError("bad_id_token", "its signature is of no kind that the provider announces")
    for again in (False, True):
        fitting = [one for one in keys(again) if _fits(one, algorithm, header.get("kid"))]
        if len(fitting) == 1:
            return jwt.PyJWK(fitting[0], algorithm=algorithm)
    raise RefusedError("bad_id_token", "its key is not among the provider's")


def _fits(key: dict[str, Any], algorithm: str, key_id: object) -> bool:
    """A token without the name of its key can only be checked if one key fits."""
    return (
        key.get("kty") == KEY_TYPES[algorithm[:2]]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (key_id is None or key.get("kid") == key_id)
    )


def _decode(token: str, key: jwt.PyJWK, provider: Provider) -> dict[str, Any]:
    return jwt.decode(
        token,
        key,
        algorithms=list(provider.algorithms),
        audience=configured().client_id,
        issuer=provider.issuer,
        leeway=LEEWAY_SECONDS,
        options={"require": REQUIRED, "enforce_minimum_key_length": True},
    )


def _check_recipient(claims: dict[str, Any]) -> None:
    """A token for several recipients has to say that it was made for the portal."""
    party = claims.get("azp")
    is_for_others = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (party is not None or is_for_others) and party != configured().client_id:
        raise RefusedError("bad_id_token", "it was made for another party")


def _read(claims: dict[str, Any]) -> Claims:
    subject = claims["sub"]
    if not 0 < len(subject) <= SUBJECT_LENGTH or not subject.isprintable():
        raise RefusedError("bad_id_token", "its subject is no name")
    wanted = configured().groups_claim
    left_out = claims.get("_claim_names")
    methods = claims.get("amr")
    signed_in_at = claims.get("auth_time")
    return Claims(
        subject=subject,
        email=_text(claims.get("email")),
        is_email_verified=claims.get("email_verified") is True,
        username=_text(claims.get("preferred_username")),
        name=_text(claims.get("name")),
        groups=_groups(claims.get(wanted)),
        lacks_groups=isinstance(left_out, dict) and wanted in left_out,
        has_second_factor=isinstance(methods, list) and any(one in SECOND_FACTORS for one in _texts(methods)),
        signed_in_at=_time(signed_in_at),
    )


def _text(found: object) -> str:
    """A text of one line; '' for anything else."""
    return found.strip()[:254] if isinstance(found, str) and found.isprintable() else ""


def _texts(found: list[Any]) -> list[str]:
    return [one for one in found if isinstance(one, str)]


def _groups(found: object) -> frozenset[str]:
    """A list of names, or one name."""
    return frozenset(_texts(found if isinstance(found, list) else [found]))


def _time(found: object) -> float:
    """Seconds since 1970, not of the future; 0 for anything else."""
    is_past = isinstance(found, int | float) and 0 < found <= time.time() + LEEWAY_SECONDS
    return float(found) if is_past else 0.0  # type: ignore[arg-type]
