"""The sandbox over TLS, with a certificate for 127.0.0.1 that is signed by itself."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from snapshots.sandbox.http_server import SandboxServer
from snapshots.upstream import probe, transport

ISSUER = "provider of a test"


def write_certificate(folder: Path, *, days: int = 30) -> Path:
    """A file with a key and a certificate that is valid for another `days`; it has expired if they are negative."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ISSUER)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "provider.pem"
    pem = serialization.Encoding.PEM
    path.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(pem)
    )
    return path


@contextmanager
def serve_tls(certificate: Path) -> Iterator[SandboxServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = SandboxServer()
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.close()
    thread.join(5)


def https_url(server: SandboxServer) -> str:
    return server.url.replace("http:", "https:")


def trust(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The certificate counts as one of a well-known authority."""
    for module in (transport, probe):
        monkeypatch.setattr(
            module, "make_ssl_context", lambda: ssl.create_default_context(cafile=certificate)
        )
