"""Checks the connection to the provider and what a token may read. Findings are English text for a terminal."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from snapshots.contract import SNAPSHOTS_PATH
from snapshots.upstream.client import SnapshotClient
from snapshots.upstream.errors import ForbiddenError, RateLimitedError, UpstreamError
from snapshots.upstream.probe import Certificate, FirstAnswer, Probe

OK, NOTE, FAIL = "ok", "note", "FAIL"
CLOCK_NOTED: Final = timedelta(seconds=30)
CLOCK_LIMIT: Final = timedelta(minutes=5)
"""Beyond it evidence cannot settle an operation: see CLOCK_SKEW in operations/evidence.py."""
EXPIRES_SOON: Final = timedelta(days=14)
ASKS_FOR_TOKEN: Final = frozenset({401, 403})
CHECK_URL: Final = (
    "Check SNAPPORTAL_API_URL: it is what stands before /api/v1, such as https://admin.vps.org."
)
AGAIN: Final = "Run the command again later."
ADVICE: Final = {
    "unreachable": "Run the command again; if it stays, check the firewalls between this machine and the provider.",
    "deadline": "The provider is slow or hangs. Run the command again; SNAPPORTAL_API_TIMEOUT_SECONDS is the limit.",
    "broken": "The connection was cut, by the provider or by something before it. Run the command again.",
    "unreadable": f"This is not the provider's API, or another version of it. {CHECK_URL}",
    "server_fault": f"The provider has trouble of its own. {AGAIN}",
    "token_refused": "It is mistyped, expired, revoked or another provider's. Make a new one at the provider's site.",
    "forbidden": "Give the token this permission at the provider's site.",
    "not_found": CHECK_URL,
    "bad_call": "A token has no spaces, line breaks or letters beyond ASCII: copy it again.",
}


@dataclass(frozen=True)
class Finding:
    """The result of one step. `mark` is OK, NOTE (the portal works nevertheless) or FAIL; `stops`: no further step possible."""

    mark: str
    step: str
    text: str
    advice: str = ""
    stops: bool = False

    @property
    def is_failure(self) -> bool:
        return self.mark == FAIL


def advice_on(error: UpstreamError) -> str:
    if isinstance(error, RateLimitedError):
        return f"The provider asks for fewer requests. Run the command again in {error.retry_after_seconds:.0f} seconds."
    return ADVICE.get(error.code, AGAIN)


def failure(step: str, error: UpstreamError, advice: str = "") -> Finding:
    status = f" (HTTP {error.status})" if error.status else ""
    return Finding(FAIL, step, (error.message or error.code) + status, advice or advice_on(error), stops=True)


# --- The connection to the provider ----------------------------------------------------------------------------------------


def check_connection(probe: Probe) -> Iterator[Finding]:
    """Check address, connection, certificate, clock and API. Ends after the first finding that `stops`."""
    for step in (_address, _connection, _certificate):
        finding = step(probe)
        yield finding
        if finding.stops:
            return
    try:
        answer = probe.ask()
    except UpstreamError as error:
        yield failure("API", error)
        return
    yield _clock(answer.clock_ahead_seconds)
    yield _api(answer)


def _address(probe: Probe) -> Finding:
    try:
        return Finding(OK, "Address", f"{probe.host} is {', '.join(probe.look_up())}")
    except UpstreamError as error:
        advice = (
            f"Check the host name {probe.host} in SNAPPORTAL_API_URL, and the name servers of this machine."
        )
        return failure("Address", error, advice)


def _connection(probe: Probe) -> Finding:
    try:
        return Finding(OK, "Connection", f"port {probe.port} answers in {probe.connect() * 1000:.0f} ms")
    except UpstreamError as error:
        advice = (
            f"Check that this machine may connect to port {probe.port} there (firewall, routes). Proxies named in the "
            "environment (HTTPS_PROXY) are not used."
        )
        return failure("Connection", error, advice)


def _certificate(probe: Probe) -> Finding:
    if not probe.is_encrypted:
        return Finding(
            NOTE, "Certificate", "none, as the address begins with http:// (for this machine only)"
        )
    try:
        return evaluate_certificate(probe.read_certificate(), datetime.now(UTC))
    except UpstreamError as error:
        return failure(
            "Certificate", error, f"Port {probe.port} does not speak TLS as it should. {CHECK_URL}"
        )


def evaluate_certificate(certificate: Certificate, now: datetime) -> Finding:
    left = certificate.expires_at - now
    until = "valid until" if left > timedelta(0) else "expired on"
    text = f"{certificate.subject}, issued by {certificate.issuer}, {until} {certificate.expires_at:%Y-%m-%d}"
    if certificate.distrust:
        advice = (
            "No token is sent there. If the issuer is your own network, it decrypts what passes: have the provider "
            "excepted. Otherwise check SNAPPORTAL_API_URL, and this machine's clock."
        )
        reason = certificate.distrust.rstrip(".")
        return Finding(FAIL, "Certificate", f"not accepted: {reason}. It is {text}", advice, stops=True)
    if left < EXPIRES_SOON:
        return Finding(
            NOTE, "Certificate", text, "If the provider does not renew it, nothing works after that."
        )
    return Finding(OK, "Certificate", text)


def _clock(ahead_seconds: float | None) -> Finding:
    if ahead_seconds is None:
        return Finding(NOTE, "Clock", "the provider does not tell its time, so it cannot be compared")
    apart = timedelta(seconds=abs(round(ahead_seconds)))
    if apart < CLOCK_NOTED:
        return Finding(OK, "Clock", f"less than {CLOCK_NOTED.seconds} seconds from ours")
    which = "ahead of" if ahead_seconds > 0 else "behind"
    return Finding(
        FAIL if apart > CLOCK_LIMIT else NOTE,
        "Clock",
        f"the provider's is {_roughly(apart)} {which} ours",
        "Ages may be wrong or missing, and beyond 5 minutes an operation whose answer is lost may stay unknown. Set this "
        "machine's clock (NTP); if it is right, tell the provider.",
    )


def _roughly(time: timedelta) -> str:
    minutes = round(time / timedelta(minutes=1))
    if minutes < 2:  # noqa: PLR2004
        return f"{time.seconds} seconds"
    if minutes < 2 * 60:
        return f"{minutes} minutes"
    return f"{round(minutes / 60)} hours" if minutes < 2 * 1440 else f"{round(minutes / 1440)} days"


def _api(answer: FirstAnswer) -> Finding:
    status = f"(HTTP {answer.status})"
    if answer.status in ASKS_FOR_TOKEN:
        return Finding(OK, "API", f"it asks for a token, as it should {status}")
    if answer.status == 429:  # noqa: PLR2004
        return Finding(NOTE, "API", f"it asks for fewer requests {status}", AGAIN)
    if 300 <= answer.status < 400:  # noqa: PLR2004
        text = f"it sends us on to “{answer.location}” {status}"
        return Finding(FAIL, "API", text, f"Redirects are not followed. {CHECK_URL}", stops=True)
    if answer.status >= 500:  # noqa: PLR2004
        return Finding(FAIL, "API", f"it has trouble {status}", ADVICE["server_fault"], stops=True)
    return Finding(
        FAIL, "API", f"it does not ask for a token at {SNAPSHOTS_PATH} {status}", CHECK_URL, stops=True
    )


# --- What the token may read -----------------------------------------------------------------------------------------


def check_token(client: SnapshotClient) -> Iterator[tuple[str, Finding]]:
    """Yields an error code ('' if none) and a finding for each step. The first, snapshots, is the only required one."""
    code, finding = _attempt("Snapshots", lambda: _snapshots(client))
    yield code, finding
    if code in {"", ForbiddenError.code}:
        yield _optional(
            *_attempt("Servers list", lambda: f"the token sees {len(client.list_servers())} servers"),
            "Not needed, but without it servers without snapshots are missing, and a restore's end cannot be seen.",
        )
        yield _optional(
            *_attempt("Account", lambda: _account(client)),
            "Not needed, but pages cannot say whose token it is.",
        )


def _attempt(step: str, read: Callable[[], str]) -> tuple[str, Finding]:
    try:
        return "", Finding(OK, step, read())
    except UpstreamError as error:
        return error.code, failure(step, error)


def _optional(code: str, finding: Finding, loss: str) -> tuple[str, Finding]:
    if code:
        finding = replace(finding, mark=NOTE, advice=f"{loss} {finding.advice}", stops=False)
    return code, finding


def _snapshots(client: SnapshotClient) -> str:
    found = client.list_snapshots()
    return f"the token sees {len(found)}, on {len({one.server.id for one in found})} servers"


def _account(client: SnapshotClient) -> str:
    account = client.read_account()
    who = ", ".join(part for part in (account.name, account.email, account.company_name) if part)
    may = ", ".join(account.permissions)
    return (who or "not told whose") + (f"; the token may: {may}" if may else "")
