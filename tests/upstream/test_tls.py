"""Over TLS the same holds: only a provider with a proper certificate gets the token, and time is short for it too."""

import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from snapshots.sandbox.faults import Misbehaviour
from snapshots.sandbox.http_server import SandboxServer
from snapshots.upstream import errors
from tests.support.provider import make_client

TOKEN = "canary-token-3f8a61c2"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """The path of a file with a key and a certificate for 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "provider of a test")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "provider.pem"
    pem = serialization.Encoding.PEM
    path.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(pem)
    )
    return path


@pytest.fixture
def server(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = SandboxServer()
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.close()
    thread.join(5)


@pytest.fixture
def trusting(certificate, monkeypatch):
    monkeypatch.setattr(
        httpx, "create_ssl_context", lambda **_: ssl.create_default_context(cafile=certificate)
    )


def url_of(server):
    return server.url.replace("http:", "https:")


def test_call_over_tls_is_answered(server, trusting):
    server.misbehave(Misbehaviour(mode="answer", status=204))
    assert make_client(TOKEN, url_of(server), timeout_seconds=2).delete_snapshot(7).status == 204


@pytest.mark.parametrize("mode", ["hang_before", "drip_headers"])
def test_slow_answer_over_tls_ends_at_the_deadline(server, trusting, mode):
    server.misbehave(Misbehaviour(mode=mode, work=False, seconds=0.05 if mode == "drip_headers" else 20))
    began = time.monotonic()
    with pytest.raises(errors.DeadlineError):
        make_client(TOKEN, url_of(server), timeout_seconds=0.4).delete_snapshot(7)
    assert time.monotonic() - began < 0.8


def test_certificate_that_nobody_vouches_for_gets_no_token(server):
    with pytest.raises(errors.UnreachableError) as caught:
        make_client(TOKEN, url_of(server), timeout_seconds=2).delete_snapshot(7)
    assert caught.value.effect == "none"
    assert server.calls == []


def test_certificate_of_another_name_gets_no_token(server, trusting):
    with pytest.raises(errors.UnreachableError):
        make_client(TOKEN, url_of(server).replace("127.0.0.1", "localhost"), timeout_seconds=2).list_servers()
    assert server.calls == []
