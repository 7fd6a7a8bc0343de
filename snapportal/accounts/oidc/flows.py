"""A sign-in on its way to the identity provider and back.

What the portal has to remember meanwhile is in an encrypted cookie of the browser that began it, so nobody fills the database
without signing in, and an answer that another browser was given is of no use. It can be used once, and for ten minutes.
"""

import base64
import hashlib
import json
import secrets
import time
from dataclasses import asdict, dataclass
from typing import Final
from urllib.parse import quote_plus, urlencode

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from snapportal.accounts.oidc import calls, id_tokens, provider
from snapportal.accounts.oidc.errors import FlowError, OutageError, RefusedError, WrongAnswerError
from snapportal.accounts.oidc.provider import Provider, configured
from snapshots.vault import crypto

LIFETIME_SECONDS: Final = 600
MAX_LENGTH: Final = 4096
NEXT_LENGTH: Final = 1000
OUTAGES: Final = frozenset({"server_error", "temporarily_unavailable"})
REFUSALS: Final = frozenset(
    {
        "access_denied",
        "login_required",
        "interaction_required",
        "consent_required",
        "account_selection_required",
    }
)


@dataclass(frozen=True)
class Flow:
    """What the portal compares with the answer. `wanted` is the page that the person asked for."""

    nonce: str
    verifier: str
    wanted: str
    started_at: float
    held: str = ""
    """Names the form that waits in the session which has to be proven; '' for a sign-in."""


@dataclass(frozen=True)
class Begun:
    """A flow that leads to `url`. Whoever answers the request stores the cookie."""

    url: str
    cookie: str


def cookie_name() -> str:
    return f"{settings.COOKIE_PREFIX}sso"


def _binding(state: str) -> crypto.Binding:
    return crypto.Binding(table="single_sign_on", column="flow", row_id=state, user_id=0)


def _seal(flow: Flow, state: str) -> str:
    text = json.dumps(asdict(flow))
    key_id, sealed = crypto.seal(text, ring=settings.SNAPPORTAL_TOKEN_KEYS, binding=_binding(state))
    return f"{key_id}:{base64.urlsafe_b64encode(sealed).decode()}"


def _open(cookie: str, state: str) -> Flow:
    """Raises FlowError for a flow that was begun with another state, or not by the portal."""
    key_id, _sign, sealed = cookie.partition(":")
    try:
        text = crypto.open_sealed(
            base64.urlsafe_b64decode(sealed),
            key_id=key_id,
            ring=settings.SNAPPORTAL_TOKEN_KEYS,
            binding=_binding(state),
        )
    except (crypto.SealError, ValueError):
        raise FlowError("foreign_answer", "the state is not this browser's") from None
    return Flow(**json.loads(text))


def redirect_uri(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("sso_return"))


def begin(request: HttpRequest, *, wanted: str, held: str = "") -> Begun:
    """If a form is held, the person has to prove there anew who it is. Raises OutageError or WrongAnswerError."""
    found = provider.discover(calls.Deadline())
    state = secrets.token_urlsafe(32)
    flow = Flow(
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        wanted=wanted[:NEXT_LENGTH],
        started_at=time.time(),
        held=held,
    )
    parameters = {
        "response_type": "code",
        "client_id": configured().client_id,
        "redirect_uri": redirect_uri(request),
        "scope": configured().scopes,
        "state": state,
        "nonce": flow.nonce,
        "code_challenge": _challenge(flow.verifier),
        "code_challenge_method": "S256",
    }
    if held:
        parameters |= {"prompt": "login", "max_age": "0"}
    sign = "&" if "?" in found.authorization_endpoint else "?"
    return Begun(f"{found.authorization_endpoint}{sign}{urlencode(parameters)}", _seal(flow, state))


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def store_cookie(response: HttpResponse, begun: Begun) -> HttpResponse:
    response.set_cookie(
        cookie_name(),
        begun.cookie,
        max_age=LIFETIME_SECONDS,
        path=settings.SESSION_COOKIE_PATH,
        secure=True,
        httponly=True,
        samesite="Lax",  # the provider's answer is a link from another site
    )
    return response


def delete_cookie(response: HttpResponse) -> HttpResponse:
    """With its attributes: a browser ignores a Set-Cookie for this name that is not secure."""
    response.set_cookie(
        cookie_name(),
        "",
        max_age=0,
        path=settings.SESSION_COOKIE_PATH,
        secure=True,
        httponly=True,
        samesite="Lax",
    )
    return response


def take(request: HttpRequest) -> Flow:
    """The flow that this answer belongs to. It cannot be taken again. Raises FlowError."""
    state, cookie = _only(request.GET, "state"), request.COOKIES.get(cookie_name(), "")
    if not state or not cookie:
        raise FlowError("foreign_answer", "no state, or no cookie")
    flow = _open(cookie, state)
    if not 0 <= time.time() - flow.started_at <= LIFETIME_SECONDS:
        raise FlowError("too_late")
    used = f"oidc-used:{hashlib.sha256(state.encode()).hexdigest()}"
    if not cache.add(used, 1, LIFETIME_SECONDS + 60):
        raise FlowError("used_answer")
    return flow


def _only(query: QueryDict, name: str) -> str:
    """The parameter; '' if it is missing, given twice or too long."""
    values = query.getlist(name)
    return values[0] if len(values) == 1 and len(values[0]) <= MAX_LENGTH else ""


def finish(request: HttpRequest, flow: Flow) -> id_tokens.Claims:
    """What the provider states, after its answer was checked and its code exchanged. Raises SignOnError."""
    deadline = calls.Deadline()
    found = provider.discover(deadline)
    _check_answer(request.GET, found)
    code = _only(request.GET, "code")
    if not code:
        raise WrongAnswerError("wrong_answer", "the answer has no code")
    token = _exchange(found, code, flow, redirect_uri(request), deadline)
    return id_tokens.verify(
        token,
        provider=found,
        keys=lambda again: provider.read_keys(found, deadline, again=again),
        nonce=flow.nonce,
    )


def _check_answer(query: QueryDict, found: Provider) -> None:
    named = _only(query, "iss")
    if (named or "iss" in query or found.names_itself) and named != found.issuer:
        raise RefusedError("bad_answer", "another issuer answers")
    if "error" not in query:
        return
    error = _only(query, "error")
    if error in OUTAGES:
        raise OutageError("provider_fault", error)
    if error in REFUSALS:
        raise RefusedError("provider_refused", error)
    raise WrongAnswerError("not_registered", "an error in the answer")


def request_tokens(
    found: Provider, code: str, flow: Flow, uri: str, deadline: calls.Deadline
) -> calls.Answer:
    """The token endpoint's answer. Raises OutageError or WrongAnswerError."""
    client = configured()
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": uri}
    fields["code_verifier"] = flow.verifier
    headers = {}
    if found.takes_secret_in_header:
        pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        fields |= {"client_id": client.client_id, "client_secret": client.client_secret}
    return calls.post(found.token_endpoint, fields, headers, deadline)


def _exchange(found: Provider, code: str, flow: Flow, uri: str, deadline: calls.Deadline) -> object:
    """The ID token for the code; nothing else of the answer is used."""
    answer = request_tokens(found, code, flow, uri, deadline)
    if answer.status == 200:  # noqa: PLR2004
        return answer.fields.get("id_token")
    if answer.fields.get("error") == "invalid_grant":
        raise RefusedError("used_code", "the provider does not accept the code")
    raise WrongAnswerError("not_registered", f"status {answer.status} of the token endpoint")


def is_fresh(claims: id_tokens.Claims, flow: Flow) -> bool:
    """Whether the person proved there who it is after this flow had begun."""
    return claims.signed_in_at >= flow.started_at - id_tokens.LEEWAY_SECONDS
