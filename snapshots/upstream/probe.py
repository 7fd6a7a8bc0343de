"""Looks at the way to the provider without a token: address, connection, certificate, first answer. For diagnosis only."""

import ssl
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import httpcore
from cryptography import x509

from snapshots import contract
from snapshots.upstream import network, responses
from snapshots.upstream.call import FAILURES, explain
from snapshots.upstream.errors import UnreadableError
from snapshots.upstream.transport import make_ssl_context

PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True)
class Certificate:
    """`distrust` says why the client does not accept it; '' if it does."""

    subject: str
    issuer: str
    expires_at: datetime
    distrust: str = ""


@dataclass(frozen=True)
class FirstAnswer:
    """The answer to a request without a token. `clock_ahead_seconds` is None if the provider does not tell its time."""

    status: int
    location: str
    clock_ahead_seconds: float | None


class Probe:
    """Each method has a deadline of its own and raises UpstreamError's children."""

    def __init__(self, base_url: str, *, timeout_seconds: float) -> None:
        """`base_url` is what stands before /api/v1. Raises UnicodeError if its host cannot be a name."""
        parts = urlsplit(base_url)
        self.host = (parts.hostname or "").encode("idna").decode()
        self.is_encrypted = parts.scheme == "https"
        self.port = parts.port or PORTS[parts.scheme]
        self._url = httpcore.URL(
            scheme=parts.scheme, host=self.host, port=self.port, target=parts.path + contract.SNAPSHOTS_PATH
        )
        self._timeout_seconds = timeout_seconds

    def look_up(self) -> list[str]:
        """The host's addresses."""
        with self._step():
            return network.look_up(self.host, self.port, network.seconds_left())

    def connect(self) -> float:
        """Open a connection and close it; the seconds it took."""
        began = time.monotonic()
        with self._step():
            network.DeadlineBackend().connect_tcp(self.host, self.port).close()
        return time.monotonic() - began

    def read_certificate(self) -> Certificate:
        """Also one that the client does not accept: over that connection nothing else is sent."""
        with self._step():
            try:
                return _describe(self._shake_hands(make_ssl_context()))
            except httpcore.ConnectError as error:
                if not isinstance(error.__cause__, ssl.SSLCertVerificationError):
                    raise
                distrust = error.__cause__.verify_message
            return _describe(self._shake_hands(_accept_anything()), distrust)

    def ask(self) -> FirstAnswer:
        """Ask for the snapshots as somebody without a token. The answer's body is not read."""
        headers = [("User-Agent", "SnapPortal"), ("Accept", "application/json")]
        with (
            self._step(),
            network.make_pool(make_ssl_context(), connections=1, keepalive_seconds=0) as pool,
        ):
            sent_at = time.time()
            with pool.stream("GET", self._url, headers=headers) as response:
                found = {name.lower(): value.decode("latin-1") for name, value in response.headers}
                return FirstAnswer(
                    response.status,
                    contract.clean_text(found.get(b"location", ""), 300),
                    responses.clock_ahead_seconds(
                        {"date": found.get(b"date", ""), "age": found.get(b"age", "0")},
                        (sent_at + time.time()) / 2,
                    ),
                )

    @contextmanager
    def _step(self) -> Iterator[None]:
        try:
            with network.deadline(self._timeout_seconds):
                yield
        except FAILURES as error:
            raise explain(error) from None

    def _shake_hands(self, ssl_context: ssl.SSLContext) -> bytes:
        """The certificate that the host shows, as DER."""
        connection = network.DeadlineBackend().connect_tcp(self.host, self.port)
        with closing(connection.start_tls(ssl_context, self.host)) as encrypted:
            return bytes(encrypted.get_extra_info("socket").getpeercert(True))


def _accept_anything() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _describe(der: bytes, distrust: str = "") -> Certificate:
    try:
        certificate = x509.load_der_x509_certificate(der)
        return Certificate(
            _name(certificate.subject), _name(certificate.issuer), certificate.not_valid_after_utc, distrust
        )
    except ValueError as error:
        raise UnreadableError(f"the certificate cannot be read: {error}") from None


def _name(name: x509.Name) -> str:
    return contract.clean_text(name.rfc4514_string(), 200) or "(no name)"
