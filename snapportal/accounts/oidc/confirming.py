"""A form that waits while its sender confirms at the identity provider who it is. It is kept in the sender's session.

One at a time, without secrets, for as long as a flow lasts. Afterwards a page sends it on with a button.
"""

import secrets
import time
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest
from django.urls import Resolver404, resolve

from snapportal.accounts.factors.kinds import FIELD_PREFIX
from snapportal.accounts.oidc.errors import FlowError
from snapportal.accounts.oidc.flows import LIFETIME_SECONDS
from snapportal.accounts.step_up import DROPPED, OPENS, kept_fields

KEY: Final = "confirming"
TARGET: Final = f"{FIELD_PREFIX}target"
MAX_LENGTH: Final = 64 * 1024
"""Of all that a form holds; the longest of the portal's own, a batch, needs less."""


@dataclass(frozen=True)
class Held:
    """`target` is where the form goes; `opens`: nothing is sent, and that page is opened."""

    id: str
    target: str
    fields: list[tuple[str, str]]
    opens: bool
    has_dropped: bool


def hold(request: HttpRequest) -> Held:
    """Keep what was posted. Raises FlowError if it is no form that needs a proof, or too long."""
    posted = request.POST
    target = posted.get(TARGET, "")
    if not needs_proof(target):
        raise FlowError("foreign_answer", "nothing that needs a proof")
    held = Held(
        id=secrets.token_urlsafe(16),
        target=target,
        fields=kept_fields(posted),
        opens=OPENS in posted or DROPPED in posted,
        has_dropped=DROPPED in posted,
    )
    if sum(len(name) + len(value) for name, value in held.fields) > MAX_LENGTH:
        raise FlowError("too_long")
    request.session[KEY] = vars(held) | {"at": time.time()}
    return held


def needs_proof(target: str) -> bool:
    """Whether it is the address of a view that asks for a proof: the form is sent nowhere else."""
    try:
        return target.isprintable() and bool(getattr(resolve(target.partition("?")[0]).func, "proof", ""))
    except Resolver404:
        return False


def find(request: HttpRequest, held_id: str) -> Held:
    """Raises FlowError if it does not wait in this session any more."""
    kept: dict[str, Any] = dict(request.session.get(KEY) or {})
    if not kept or kept["id"] != held_id or time.time() - kept.pop("at") > LIFETIME_SECONDS * 2:
        raise FlowError("too_late")
    return Held(**kept)
