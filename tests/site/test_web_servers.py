"""nginx and Caddy as configured in deploy/: what they pass on to the portal, and what they block."""

import re
import shutil
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx
import pytest

from snapportal.gunicorn_conf import timeout as portal_timeout
from tests.support.portal_process import ROOT, accounts, serving
from tests.support.web_servers import CONFIGURATIONS, http_port, web_server
from tests.upstream.test_tls import certificate

__all__ = ["certificate"]

pytestmark = pytest.mark.webserver

THREADS = 4
UNFINISHED = 30
SOON_SECONDS = 10
SILENCE_SECONDS = 2
CLIENT = "127.0.0.2"
"""All of 127.0.0.0/8 is local, so that the web server's and the client's addresses can differ."""
BASES = ["/", "/snapshots/"]
PLAIN = {"trust_env": False, "verify": False}


@dataclass(frozen=True)
class Portal:
    """A running portal: its address, path and data folder."""

    address: str
    base: str
    data: Path

    def log(self) -> str:
        return (self.data.parent / "lines.txt").read_text()


@dataclass(frozen=True)
class Server:
    """A running web server: the address of the portal behind it, and its folder."""

    url: str
    folder: Path
    portal: Portal


@pytest.fixture(scope="module")
def portals(prepared_sandbox, tmp_path_factory) -> Iterator[dict[str, Portal]]:
    settings = {"THREADS": str(THREADS), "TRUSTED_PROXIES": "127.0.0.1", "ALLOWED_HOSTS": "127.0.0.1"}
    running = {}
    with ExitStack() as stack:
        for base in BASES:
            data = tmp_path_factory.mktemp("portal") / "data"
            shutil.copytree(prepared_sandbox, data)
            client = stack.enter_context(serving(data, BASE_PATH=base, **settings))
            running[base] = Portal(client.base_url.netloc.decode(), base, data)
        yield running


@pytest.fixture(scope="module", params=product(sorted(CONFIGURATIONS), BASES), ids=" ".join)
def server(request, portals, certificate, tmp_path_factory) -> Iterator[Server]:
    name, base = request.param
    folder = tmp_path_factory.mktemp(name)
    with web_server(name, folder, portals[base].address, certificate, base) as url:
        yield Server(f"{url}{base}", folder, portals[base])


@pytest.fixture
def client(server, certificate) -> Iterator[httpx.Client]:
    context = ssl.create_default_context(cafile=str(certificate))
    transport = httpx.HTTPTransport(verify=context, local_address=CLIENT)
    with httpx.Client(base_url=server.url, transport=transport) as client:
        yield client


def test_people_sign_in_over_https(client, server):
    page = client.get("sign-in/")
    csrf = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    form = {
        "username": "manager",
        "password": accounts(server.portal.data)["manager"],
        "csrfmiddlewaretoken": csrf,
    }
    origin = f"https://{client.base_url.host}:{client.base_url.port}"
    answer = client.post("sign-in/", data=form, headers={"Origin": origin, "Referer": str(page.url)})
    assert (answer.status_code, answer.headers["Location"]) == (302, server.portal.base)
    assert "Secure" in answer.headers["Set-Cookie"]
    assert client.get("").status_code == 200


def test_the_portal_gets_the_clients_address_and_it_cannot_be_forged(client, server):
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Request-ID": "forged-0123456789"}
    request_id = client.get("livez", headers=forged).headers["X-Request-ID"]
    assert request_id != forged["X-Request-ID"]
    (line,) = [line for line in server.portal.log().splitlines() if request_id in line]
    assert f'"address": "{CLIENT}"' in line


def test_both_logs_have_the_same_request_id_and_no_invitation_key(client, server):
    key = "a-key-that-opens-an-account"
    client.get(f"welcome/{key}/?q=1", headers={"Referer": f"{server.url}welcome/{key}/"})
    log = server.folder / "access.log"
    end = time.monotonic() + SOON_SECONDS
    while "/welcome/" not in log.read_text() and time.monotonic() < end:
        time.sleep(0.05)
    assert "/welcome/" in log.read_text()
    assert key not in log.read_text()


def check_protected(answer: httpx.Response) -> None:
    """Whoever made the answer: a browser guesses no type, and nothing may be run or framed. Each is said once."""
    assert answer.headers.get_list("X-Content-Type-Options") == ["nosniff"]
    (policy,) = answer.headers.get_list("Content-Security-Policy")
    assert {"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy.split("; "))


def test_an_answer_of_the_portal_keeps_its_headers(client):
    answer = client.get("sign-in/")
    check_protected(answer)
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_a_page_over_http_leads_to_https_and_a_call_of_the_api_is_refused(server):
    plain = f"http://127.0.0.1:{http_port(server.folder)}{server.portal.base}"
    with httpx.Client(**PLAIN) as browser:
        page = browser.get(f"{plain}sign-in/?next=/help/")
        assert page.status_code == 301
        check_protected(page)
        assert page.headers["Location"] == f"https://127.0.0.1{server.portal.base}sign-in/?next=/help/"
        for method in ("GET", "POST"):
            answer = browser.request(method, f"{plain}api/v1/snapshots/?x=1")
            assert (answer.status_code, answer.headers.get("Location")) == (403, None)
            check_protected(answer)


@pytest.mark.parametrize(
    ("ciphers", "is_accepted"),
    [
        ("ECDHE+AESGCM", True),
        ("ECDHE+CHACHA20", True),
        ("ECDHE+AES+SHA1", False),
        ("ECDHE+AES+SHA256", False),
    ],
)
def test_tls_1_2_is_spoken_with_forward_secrecy_and_authenticated_encryption_alone(
    server, ciphers, is_accepted
):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port), 5) as plain, ExitStack() as stack:
        if not is_accepted:
            stack.enter_context(pytest.raises((ssl.SSLError, ConnectionResetError)))
        context.wrap_socket(plain, server_hostname="localhost").close()


def connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    plain = socket.create_connection((parts.hostname, parts.port), 5)
    if parts.scheme == "http":
        return plain
    context = ssl.SSLContext(
        ssl.PROTOCOL_TLS_CLIENT
    )  # reads no list of authorities, which takes 50 ms each time
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(plain)


def unfinished_head(url: SplitResult) -> bytes:
    return f"GET {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nX-Slow: ".encode()


def unfinished_body(url: SplitResult) -> bytes:
    """A form that the portal reads: with a cookie, from the same origin."""
    cookies = "; ".join(f"{prefix}csrf={'a' * 32}" for prefix in ("__Host-", "__Secure-"))
    return (
        f"POST {url.path}sign-in/ HTTP/1.1\r\nHost: {url.netloc}\r\nOrigin: {url.scheme}://{url.netloc}\r\n"
        f"Cookie: {cookies}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nusername=x"
    ).encode()


@contextmanager
def unfinished_requests(url: str, begin: Callable[[SplitResult], bytes]) -> Iterator[None]:
    """Keep incomplete requests open during the block."""
    parts = urlsplit(url)
    with ExitStack() as stack:
        for _each in range(UNFINISHED):
            stack.enter_context(connect(url)).sendall(begin(parts))
        time.sleep(0.5)  # until each has arrived
        yield


BEGINNINGS = pytest.mark.parametrize("begin", [unfinished_head, unfinished_body])


@BEGINNINGS
def test_incomplete_requests_do_not_block_the_portal(client, server, begin):
    with unfinished_requests(server.url, begin):
        assert client.get("livez", timeout=SOON_SECONDS).json() == {"status": "alive"}


@BEGINNINGS
def test_without_a_web_server_incomplete_requests_block_the_portal(portals, begin):
    address = portals["/"].address
    with unfinished_requests(f"http://{address}/", begin), pytest.raises(httpx.ReadTimeout):
        httpx.get(f"http://{address}/livez", timeout=SILENCE_SECONDS, **PLAIN)
    assert httpx.get(f"http://{address}/livez", timeout=20, **PLAIN).status_code == 200


def test_a_request_that_is_too_large_does_not_reach_the_portal(client, server):
    before = server.portal.log().count('"event": "request"')
    answer = client.post("sign-in/", data={"username": "x" * 1_100_000})
    assert answer.status_code == 413
    check_protected(answer)
    assert server.portal.log().count('"event": "request"') == before


def test_only_requests_under_the_path_are_passed_to_the_portal(client, server):
    base = server.portal.base
    if base == "/":
        assert "Page not found" in client.get("nothing/").text
        return
    root = str(client.base_url).removesuffix(base)
    assert "SnapPortal" not in client.get(f"{root}/").text
    assert "SnapPortal" not in client.get(f"{root}/sign-in/").text
    assert client.get(f"{root}{base.rstrip('/')}").headers["Location"].removeprefix(root) == base


SECONDS: dict[str, Any] = {
    "nginx.conf": r"proxy_read_timeout (\d+)s;",
    "Caddyfile": r"response_header_timeout (\d+)s",
}


@pytest.mark.parametrize("name", SECONDS)
def test_the_web_server_waits_longer_than_the_portal(name):
    text = (ROOT / "deploy" / name).read_text()
    (seconds,) = re.findall(SECONDS[name], text)
    assert int(seconds) > portal_timeout
