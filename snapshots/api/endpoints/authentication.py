"""Whose key it is, and whether it may be used now. What is refused is recorded."""

from typing import Any, Final

from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import HttpRequest

from snapshots import sql
from snapshots.api import keys, secrets
from snapshots.api.endpoints import throttle
from snapshots.api.endpoints.errors import ApiError
from snapshots.api.models import ApiKey
from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.operations.rights import may_anywhere

CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="SnapPortal"'}


def authenticate(request: HttpRequest) -> tuple[ApiKey, Any]:
    """The key of the request and its owner. Raises ApiError (401, 429). What is refused is recorded."""
    if "Transfer-Encoding" in request.headers:  # its body would be taken for empty
        raise ApiError(
            411, "length_required", "Send the body with Content-Length, not in chunks. Nothing was sent."
        )
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not secret:
        raise ApiError(401, "key_missing", "Authentication credentials were not provided.", headers=CHALLENGE)
    key = keys.find(secret)
    if key is None:
        if secrets.is_well_formed(secret):
            record_refusal(_nobody(request), "api_key_unknown", request)
        raise ApiError(401, "key_invalid", "Invalid or expired token.", headers=CHALLENGE)
    person = next(sql.select(get_user_model(), "WHERE id = %s", [key.owner_id]))
    code = keys.problem(key, person)
    if code:
        record_refusal(actor_of(request, key, person), f"api_{code}", request)
        raise ApiError(401, code, "Invalid or expired token.", headers=CHALLENGE)
    seconds = throttle.requests.take(key.pk, settings.SNAPPORTAL_API_RATE_LIMIT)
    if seconds:
        headers = {"Retry-After": str(int(seconds) + 1)}
        raise ApiError(
            429, "rate_limited", "Too many requests with this key. Nothing was sent.", headers=headers
        )
    keys.note_use(key)
    return key, person


def actor_of(request: HttpRequest, key: ApiKey, person: Any) -> Actor:
    may_restore = "snapshots.restore" in key.rights and may_anywhere(person, "snapshots.restore")
    return Actor(
        id=person.pk,
        name=str(person),
        role=person.role,
        address=getattr(request, "client_address", ""),
        channel=key.channel,
        request_id=getattr(request, "id", ""),
        may_override=may_restore,
    )


def _nobody(request: HttpRequest) -> Actor:
    address = getattr(request, "client_address", "")
    return Actor(
        id=None, name="", role="", address=address, channel="api", request_id=getattr(request, "id", "")
    )


def record_refusal(actor: Actor, code: str, request: HttpRequest, server_id: int | None = None) -> None:
    """At most once a minute for the same key (or address), reason, method, path and server, and at most so many in all."""
    source = (actor.channel, actor.address)
    if not throttle.refusals.is_due(*source, code, str(request.method), request.path, str(server_id)):
        return
    if throttle.recorded.take(" ".join(source), throttle.REFUSALS_A_MINUTE):
        return
    journal.record(
        actor.entry(
            action="access.refuse", result="refused", code=code, target=request.path, server_id=server_id
        )
    )
