"""Over TLS only a provider with a valid certificate gets the token, and the deadline holds too."""

import time

import pytest

from snapshots.sandbox.faults import Misbehaviour
from snapshots.upstream import errors
from tests.support.provider import make_client
from tests.support.tls import https_url, serve_tls, trust, write_certificate

TOKEN = "canary-token-3f8a61c2"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return write_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def server(certificate):
    with serve_tls(certificate) as server:
        yield server


@pytest.fixture
def trusting(certificate, monkeypatch):
    trust(certificate, monkeypatch)


def test_call_over_tls_is_answered(server, trusting):
    server.misbehave(Misbehaviour(mode="answer", status=204))
    assert make_client(TOKEN, https_url(server), timeout_seconds=2).delete_snapshot(7).status == 204


@pytest.mark.alone
@pytest.mark.parametrize("mode", ["hang_before", "drip_headers"])
def test_slow_answer_over_tls_ends_at_the_deadline(server, trusting, mode):
    server.misbehave(Misbehaviour(mode=mode, work=False, seconds=0.05 if mode == "drip_headers" else 20))
    began = time.monotonic()
    with pytest.raises(errors.DeadlineError):
        make_client(TOKEN, https_url(server), timeout_seconds=0.4).delete_snapshot(7)
    assert time.monotonic() - began < 0.8


def test_server_with_an_untrusted_certificate_gets_no_token(server):
    with pytest.raises(errors.UnreachableError) as caught:
        make_client(TOKEN, https_url(server), timeout_seconds=2).delete_snapshot(7)
    assert caught.value.effect == "none"
    assert server.calls == []


def test_server_with_a_certificate_of_another_name_gets_no_token(server, trusting):
    with pytest.raises(errors.UnreachableError):
        make_client(
            TOKEN, https_url(server).replace("127.0.0.1", "localhost"), timeout_seconds=2
        ).list_servers()
    assert server.calls == []
