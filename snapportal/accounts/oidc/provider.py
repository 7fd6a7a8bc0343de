"""What the identity provider publishes of itself: its addresses and its keys. Read when needed, and kept for an hour."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache

from snapportal.accounts.oidc import calls
from snapportal.accounts.oidc.errors import WrongAnswerError
from snapportal.sign_in_settings import SingleSignOn

KEPT_SECONDS: Final = 3600
WELL_KNOWN: Final = "/.well-known/openid-configuration"
ADDRESSES: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
"""Signatures that only the provider can make. HS256 and its like are made with the client secret, and `none` by anybody."""


@dataclass(frozen=True)
class Provider:
    """Its addresses, and how it signs."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    algorithms: tuple[str, ...]
    takes_secret_in_header: bool
    names_itself: bool
    """Whether its answers always state who answers (RFC 9207)."""


def configured() -> SingleSignOn:
    found: SingleSignOn | None = settings.SNAPPORTAL_OIDC
    assert found is not None
    return found


def discover(deadline: calls.Deadline) -> Provider:
    """Raises OutageError or WrongAnswerError."""
    issuer = configured().issuer
    url = issuer.rstrip("/") + WELL_KNOWN
    return read_metadata(issuer, _kept(url, lambda: calls.get(url, deadline).fields, issuer))


def _kept(url: str, read: Callable[[], dict[str, Any]], issuer: str) -> dict[str, Any]:
    """From the cache, else as `read` now and stored there, if it is usable: what is wrong is asked for again."""
    key = _cache_key(url)
    found: dict[str, Any] | None = cache.get(key)
    if found is None:
        found = read()
        if url.endswith(WELL_KNOWN):
            read_metadata(issuer, found)
        cache.set(key, found, KEPT_SECONDS)
    return found


def _cache_key(url: str) -> str:
    return f"oidc:{hashlib.sha256(url.encode()).hexdigest()}"


def read_metadata(issuer: str, fields: dict[str, Any]) -> Provider:
    """Raises WrongAnswerError if something that is needed is missing, or of another issuer."""
    if fields.get("issuer") != issuer:
        raise WrongAnswerError("wrong_issuer", "the discovery document names another issuer")
    addresses = {name: fields.get(name) for name in ADDRESSES}
    for name, address in addresses.items():
        if not calls.is_allowed(address):
            raise WrongAnswerError("wrong_answer", f"{name} is missing or not https")
    announced = _texts(fields.get("id_token_signing_alg_values_supported"))
    algorithms = tuple(one for one in announced if one in ALGORITHMS)
    if not algorithms:
        raise WrongAnswerError("wrong_answer", "the provider announces no signature that the portal accepts")
    methods = _texts(fields.get("token_endpoint_auth_methods_supported"))
    return Provider(
        issuer=issuer,
        authorization_endpoint=str(addresses["authorization_endpoint"]),
        token_endpoint=str(addresses["token_endpoint"]),
        jwks_uri=str(addresses["jwks_uri"]),
        algorithms=algorithms,
        takes_secret_in_header=not methods or "client_secret_basic" in methods,
        names_itself=fields.get("authorization_response_iss_parameter_supported") is True,
    )


def _texts(found: object) -> list[str]:
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def read_keys(provider: Provider, deadline: calls.Deadline, *, again: bool = False) -> list[dict[str, Any]]:
    """The provider's keys; with `again` as they are now. Raises OutageError or WrongAnswerError."""
    if again:
        cache.delete(_cache_key(provider.jwks_uri))
    read = lambda: calls.get(provider.jwks_uri, deadline).fields  # noqa: E731
    found = _kept(provider.jwks_uri, read, provider.issuer).get("keys")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
