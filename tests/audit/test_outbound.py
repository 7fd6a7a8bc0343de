"""Calls to other systems end at their deadline, verify certificates, and can be kept to public addresses."""

import ssl
import threading
import time

import pytest

from snapshots.audit import outbound
from tests.support.stream_collectors import syslog_collector, webhook_collector
from tests.support.tls import write_certificate


@pytest.fixture
def collector():
    with webhook_collector() as found:
        yield found


def post(url: str, seconds: float = 15.0, **options: bool) -> int:
    return outbound.post(url, b"{}", {}, seconds=seconds, **options)


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_a_call_and_its_thread_end_at_the_deadline(collector, fault, monkeypatch):
    collector.faults = [fault]
    monkeypatch.setattr("tests.support.stream_collectors.is_signed", lambda *_: True)
    began = time.monotonic()
    with pytest.raises(outbound.OutboundError, match=r"no answer within 0\.5 seconds"):
        outbound.post(collector.url, b'{"data": {"rows": []}}', {}, seconds=0.5)
    assert time.monotonic() - began < 5
    deadline = time.monotonic() + 5
    while any(thread.name == "outbound" for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "the thread is still waiting"
        time.sleep(0.01)


def test_a_deadline_before_the_connection_opens_none():
    call = outbound.Call(5.0, public_only=False)
    call.end()
    with webhook_collector() as collector, pytest.raises(OSError, match="the deadline passed"):
        call.connect("127.0.0.1", int(collector.url.split(":")[2].split("/")[0]))


def test_the_next_address_of_a_name_is_tried(collector):
    """Where localhost is ::1 first, nobody listens there."""
    collector.faults = ["200"]
    assert post(collector.url.replace("127.0.0.1", "localhost")) == 200


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "https://127.0.0.1:1/", "http://no-such-host.invalid/"]
)
def test_a_call_that_nobody_takes_raises_its_error(url):
    with pytest.raises(outbound.OutboundError, match=r"refused|not known|failure|resolution|address"):
        post(url)


def test_a_certificate_that_is_not_trusted_is_refused(tmp_path):
    with syslog_collector(write_certificate(tmp_path)) as server:
        with pytest.raises(outbound.OutboundError, match="certificate verify failed"):
            post(f"https://127.0.0.1:{server.port}/")
        assert server.deliveries == 0


def test_a_trusted_certificate_is_accepted_for_its_host_only(tmp_path, monkeypatch):
    certificate = write_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with syslog_collector(certificate) as server:
        server.faults = ["early"]
        with pytest.raises(outbound.OutboundError) as failed:
            post(f"https://127.0.0.1:{server.port}/")
        assert not isinstance(failed.value.__cause__, ssl.SSLCertVerificationError)
        with pytest.raises(outbound.OutboundError, match="certificate"):
            post(f"https://localhost:{server.port}/")
        assert server.deliveries == 1


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.216.34", True), ("2606:2800:220:1::1", True), ("127.0.0.1", False), ("10.0.0.5", False),
        ("192.168.1.1", False), ("169.254.169.254", False), ("100.64.0.1", False), ("0.0.0.0", False), ("224.0.0.1", False),
        ("::1", False), ("fe80::1%eth0", False), ("fd00::1", False), ("::ffff:10.0.0.5", False), ("::ffff:224.0.0.1", False),
        ("::ffff:93.184.216.34", True),
    ],
)  # fmt: skip
def test_an_address_is_public_or_not(address, expected):
    assert outbound.is_public(address) is expected


def test_a_call_kept_to_public_addresses_opens_no_other_connection(collector):
    with pytest.raises(outbound.OutboundError, match=r"127\.0\.0\.1 is not a public address"):
        post(collector.url, public_only=True)
    assert collector.deliveries == 0
