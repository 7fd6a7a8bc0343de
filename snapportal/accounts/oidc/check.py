"""Checks the way to the identity provider, step by step. Findings are English text for a terminal."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from django.conf import settings
from django.urls import reverse

from snapportal.accounts.models import Role, User
from snapportal.accounts.oidc import calls, flows, provider
from snapportal.accounts.oidc.errors import OutageError, SignOnError
from snapportal.accounts.oidc.id_tokens import KEY_TYPES, LEEWAY_SECONDS
from snapportal.accounts.oidc.provider import Provider, configured
from snapportal.accounts.ways_in import can_prove_password
from snapshots.inventory.provider_check import FAIL, NOTE, OK, Finding

CODE: Final = "check-of-the-portal"
"""No provider has given out this code: the answer shows whether it accepts the client."""
ADVICE: Final = {
    "provider_silent": "Check the address, and the firewalls between this machine and the identity provider.",
    "provider_fault": "The identity provider has trouble of its own. Run the command again later.",
    "wrong_issuer": "Write SNAPPORTAL_OIDC_ISSUER exactly as the discovery document does, with or without a slash at its end.",
    "wrong_answer": "Check SNAPPORTAL_OIDC_ISSUER: /.well-known/openid-configuration has to be readable behind it.",
}


def check(portal_url: str) -> Iterator[Finding]:
    """`portal_url` is the portal's address with a slash at its end."""
    client = configured()
    yield Finding(OK, "Settings", f"{client.client_id} at {client.issuer}, asking for {client.scopes}")
    path = reverse("sso_return").removeprefix(settings.SNAPPORTAL_BASE_PATH)
    uri = f"{portal_url}{path}"
    yield Finding(OK, "Redirect URI", f"register this one at the identity provider: {uri}")
    yield from _check_provider(uri)
    yield from _check_roles()
    yield from _check_emergency_accounts()


def _check_provider(uri: str) -> Iterator[Finding]:
    deadline = calls.Deadline(30)
    try:
        answer = calls.get(configured().issuer.rstrip("/") + provider.WELL_KNOWN, deadline)
        found = provider.read_metadata(configured().issuer, answer.fields)
        yield Finding(OK, "Discovery", f"signs with {', '.join(found.algorithms)}")
        yield from _check_metadata(answer.fields)
        yield _check_clock(answer.date)
        yield _check_keys(found, deadline)
        yield _check_client(found, uri, deadline)
    except SignOnError as error:
        step = "Connection" if isinstance(error, OutageError) else "Answer"
        yield Finding(FAIL, step, error.detail or error.code, ADVICE.get(error.code, ""), stops=True)


def _check_metadata(fields: dict[str, Any]) -> Iterator[Finding]:
    methods = fields.get("code_challenge_methods_supported")
    if not isinstance(methods, list) or "S256" not in methods:
        yield Finding(
            NOTE, "PKCE", "the provider does not announce it (S256); the portal uses it nevertheless"
        )
    scopes = fields.get("scopes_supported")
    unknown = set(configured().scopes.split()) - set(scopes if isinstance(scopes, list) else [])
    if isinstance(scopes, list) and unknown:
        yield Finding(NOTE, "Scopes", f"not announced: {', '.join(sorted(unknown))}")


def _check_clock(date: str) -> Finding:
    try:
        difference = parsedate_to_datetime(date) - datetime.now(UTC)
    except (ValueError, TypeError):
        return Finding(NOTE, "Clock", "the provider's answer has no date, so the clocks are not compared")
    seconds = round(difference.total_seconds())
    if abs(difference) > timedelta(seconds=LEEWAY_SECONDS):
        return Finding(
            FAIL, "Clock", f"differs from the provider's by {abs(seconds)} seconds", "Set the clock (NTP)."
        )
    return Finding(OK, "Clock", f"differs from the provider's by {abs(seconds)} seconds")


def _check_keys(found: Provider, deadline: calls.Deadline) -> Finding:
    types = {KEY_TYPES[one[:2]] for one in found.algorithms}
    keys = [one for one in provider.read_keys(found, deadline, again=True) if one.get("kty") in types]
    if not keys:
        return Finding(FAIL, "Keys", f"none that fits at {found.jwks_uri}", "Nobody can sign in without one.")
    return Finding(OK, "Keys", f"{len(keys)} at {found.jwks_uri}")


def _check_client(found: Provider, uri: str, deadline: calls.Deadline) -> Finding:
    """Sends a code that cannot be right: the provider answers with `invalid_grant` if it accepts ID and secret."""
    flow = flows.Flow(nonce="", verifier="0" * 43, wanted="", started_at=0)
    answer = flows.request_tokens(found, CODE, flow, uri, deadline)
    error = answer.fields.get("error")
    if error == "invalid_grant":
        return Finding(OK, "Client", "the provider accepts its ID and secret")
    if error in {"invalid_client", "unauthorized_client"}:
        return Finding(
            FAIL, "Client", f"refused: {error}", "Check SNAPPORTAL_OIDC_CLIENT_ID and _CLIENT_SECRET."
        )
    shown = error if isinstance(error, str) and re.fullmatch(r"[a-z_]{1,40}", error) else "no known error"
    return Finding(NOTE, "Client", f"not certain: HTTP {answer.status}, {shown}")


def _check_roles() -> Iterator[Finding]:
    client = configured()
    if client.roles:
        given = ", ".join(f"{group} → {role}" for group, role in client.roles.items())
        yield Finding(OK, "Roles", f"from the claim {client.groups_claim}: {given}")
    else:
        yield Finding(NOTE, "Roles", "given in the portal; only people who were added there can sign in")


def _check_emergency_accounts() -> Iterator[Finding]:
    """They are what is left when the identity provider is down."""
    names = sorted(settings.SNAPPORTAL_BREAK_GLASS)
    if settings.SNAPPORTAL_PASSWORD_SIGN_IN and not names:
        return
    people = {one.username: one for one in User.objects.filter(username__in=names)}
    for name in names:
        yield _check_emergency_account(name, people.get(name))
    if not any(
        one.is_active and one.role == Role.ADMIN and can_prove_password(one) for one in people.values()
    ):
        yield Finding(
            NOTE,
            "Emergency",
            "no active admin of SNAPPORTAL_BREAK_GLASS has a password: nobody can come in while the provider is down",
        )


def _check_emergency_account(name: str, person: User | None) -> Finding:
    if person is None:
        advice = f"Add it: manage.py add_person {name} --role admin"
        return Finding(FAIL, "Emergency", f"nobody has the sign-in name {name}", advice)
    if not person.is_active or not person.has_usable_password():
        advice = f"Activate it, or make a link: manage.py add_person {name} --renew"
        return Finding(FAIL, "Emergency", f"{name} is deactivated or has no password", advice)
    return Finding(OK, "Emergency", f"{name} ({person.role}) can sign in with a password")
