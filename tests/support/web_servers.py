"""Runs nginx and Caddy with the configurations of deploy/, on free local ports, in front of a portal."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.support.portal_process import ROOT, free_port

PATH = f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin"
NGINX, CADDY = (shutil.which(name, path=PATH) for name in ("nginx", "caddy"))
HOST = "snapshots.example.com"
START_SECONDS = 60


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    """Replace each first text, which must be in the configuration, so that the shipped configuration is tested."""
    for old, new in pairs:
        assert old in text, f"deploy/ has no {old!r} any more"
        text = text.replace(old, new)
    return text


def http_port(folder: Path) -> int:
    """The port on which the web server in this folder answers without TLS."""
    file = folder / "http_port"
    if not file.exists():
        file.write_text(str(free_port()))
    return int(file.read_text())


def configure_nginx(folder: Path, portal: str, port: int, certificate: Path, base: str) -> list[str]:
    own = (ROOT / "deploy" / "nginx.conf").read_text()
    own = re.sub(r"^ *listen \[::\].*\n", "", own, flags=re.MULTILINE)
    own = replaced(
        own,
        ("127.0.0.1:8000", portal),
        ("listen 80;", f"listen 127.0.0.1:{http_port(folder)};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        (f"/etc/ssl/{HOST}.pem", str(certificate)),
        (f"/etc/ssl/private/{HOST}.key", str(certificate)),
        ("/var/log/nginx/snapportal.log", str(folder / "access.log")),
        ("location / {", f"location {base} {{"),
    )
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = folder / "main.conf"
    main.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ {temporary}\n{own}\n}}\n"
    )
    return [str(NGINX), "-p", str(folder), "-c", str(main), "-e", str(folder / "error.log")]


def configure_caddy(folder: Path, portal: str, port: int, certificate: Path, base: str) -> list[str]:
    own = replaced(
        (ROOT / "deploy" / "Caddyfile").read_text(),
        ("127.0.0.1:8000", portal),
        (
            "{\n\t# Incomplete requests are closed after this time.",
            "{\n\tadmin off\n\tauto_https disable_redirects",
        ),
        (f"\nhttp://{HOST} {{\n", f"\nhttp://127.0.0.1:{http_port(folder)} {{\n"),
        (
            f"\n{HOST} {{\n",
            f"\nhttps://127.0.0.1:{port}, https://localhost:{port} {{\n\ttls {certificate} {certificate}\n",
        ),
        ("\tlog {\n", f"\tlog {{\n\t\toutput file {folder}/access.log\n"),
    )
    if base != "/":
        own = replaced(own, ("\thandle {", f"\tredir {base.rstrip('/')} {base}\n\thandle {base}* {{"))
    if caddy_version() >= (2, 6, 4):
        own = replaced(
            own,
            ("# request_buffers", "request_buffers"),
            ("buffer_requests\n\t\t\tmax_buffer_size 1MB\n", ""),
        )
    file = folder / "Caddyfile"
    file.write_text(own)
    return [str(CADDY), "run", "--config", str(file), "--adapter", "caddyfile"]


def caddy_version() -> tuple[int, ...]:
    said = subprocess.check_output([str(CADDY), "version"], text=True)
    return tuple(int(part) for part in re.findall(r"\d+", said)[:3])


CONFIGURATIONS: dict[str, Callable[[Path, str, int, Path, str], list[str]]] = {
    "nginx": configure_nginx,
    "caddy": configure_caddy,
}


@contextmanager
def web_server(name: str, folder: Path, portal: str, certificate: Path, base: str) -> Iterator[str]:
    """Run a web server and yield its URL, in front of the portal at `portal` (host:port), under the path `base`."""
    port = free_port()
    command = CONFIGURATIONS[name](folder, portal, port, certificate, base)
    environment = {"PATH": PATH, "HOME": str(folder)}
    with (folder / "said.txt").open("w") as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
    try:
        url = f"https://127.0.0.1:{port}"
        wait_until_it_answers(process, url, folder)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def wait_until_it_answers(process: subprocess.Popen[bytes], url: str, folder: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            httpx.get(url, verify=False, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError((folder / "said.txt").read_text())
