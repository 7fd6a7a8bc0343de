"""The command `start`, which prepares and serves."""

import json
import os
import shutil
import socket
import stat
import sys
import time
from http.client import parse_headers
from io import StringIO
from pathlib import Path

import httpx
import pytest

from snapportal.accounts.management.commands.start import Command
from snapportal.gunicorn_worker import HEADERS
from tests.site.test_settings import production, production_in, start
from tests.support.migrated_database import migrated_database
from tests.support.portal_process import ROOT, SERVE, START, START_SECONDS, accounts, serving

__all__ = ["production"]


@pytest.fixture(scope="module")
def sandbox_folder(prepared_sandbox, tmp_path_factory) -> Path:
    """A data folder in which the sandbox was prepared once; the command's output is in `said.txt` beside it."""
    folder = tmp_path_factory.mktemp("start") / "data"
    shutil.copytree(prepared_sandbox, folder)
    output = (prepared_sandbox.parent / "said.txt").read_text()
    (folder.parent / "said.txt").write_text(output.replace(str(prepared_sandbox), str(folder)))
    return folder


@pytest.fixture(scope="module")
def portal(sandbox_data):
    """The portal on a data folder of its own, of which no test changes anything."""
    with serving(sandbox_data) as browser:
        yield browser, sandbox_data.parent / "lines.txt"


def said(folder: Path) -> str:
    return (folder.parent / "said.txt").read_text()


def test_the_sandbox_has_one_person_for_each_role_and_says_how_to_sign_in(sandbox_folder):
    people = accounts(sandbox_folder)
    assert list(people) == ["viewer", "operator", "manager", "auditor", "admin"]
    assert len(set(people.values())) == 5
    for name, password in people.items():
        assert f"{name:10} {password}" in said(sandbox_folder)
    assert "http://127.0.0.1:8000/" in said(sandbox_folder)


def test_the_data_folder_is_readable_by_its_owner_only(sandbox_folder):
    for path in [sandbox_folder, *sandbox_folder.rglob("*")]:
        if "static" not in path.parts:
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_running_start_again_keeps_all_data(sandbox_folder):
    before = {path: path.read_bytes() for path in sandbox_folder.glob("keys/*")}
    again = start({"SNAPPORTAL_DATA_DIR": str(sandbox_folder)}, "start", "--no-serve")
    assert again.stdout == said(sandbox_folder)
    assert {path: path.read_bytes() for path in sandbox_folder.glob("keys/*")} == before
    script = "from snapshots.vault.models import StoredToken as T; print(*T.objects.values_list('user__username', flat=True))"
    shell = start({"SNAPPORTAL_DATA_DIR": str(sandbox_folder)}, "shell", "--no-imports", "-c", script)
    assert sorted(shell.stdout.split()) == ["admin", "manager", "operator", "viewer"]


@pytest.fixture(scope="module")
def prepared_production(prepared_sandbox, tmp_path_factory, django_db_blocker) -> tuple[dict[str, str], str]:
    """An environment with a real provider in which `start --no-serve` was run once, and what it said.

    It finds migrated tables and compressed static files, which it made itself for the sandbox.
    """
    folder = tmp_path_factory.mktemp("production") / "data"
    shutil.copytree(prepared_sandbox / "static", folder / "static")
    with django_db_blocker.unblock():
        shutil.copy(migrated_database(), folder / "snapportal.sqlite3")
    environment = production_in(folder)
    done = start(environment, "start", "--no-serve")
    assert done.returncode == 0, done.stderr
    return environment, done.stdout


def copy_of(environment: dict[str, str], folder: Path) -> dict[str, str]:
    """The same with a copy of its data folder."""
    shutil.copytree(environment["SNAPPORTAL_DATA_DIR"], folder)
    return environment | {"SNAPPORTAL_DATA_DIR": str(folder)}


def test_no_demo_people_are_added_with_a_real_provider(prepared_production):
    environment, output = prepared_production
    assert "add_person NAME --role admin" in output
    assert not Path(environment["SNAPPORTAL_DATA_DIR"], "sandbox-accounts.txt").exists()
    count = "from snapportal.accounts.models import User; print(User.objects.count())"
    assert start(environment, "shell", "--no-imports", "-c", count).stdout.strip() == "0"


def test_adding_a_person_without_a_database_says_how_to_create_one(production, prepared_production, tmp_path):
    done = start(production, "add_person", "ada", "--role", "admin")
    assert done.returncode != 0
    assert "Make it first: python manage.py start --no-serve" in done.stderr
    assert "Traceback" not in done.stderr
    made = copy_of(prepared_production[0], tmp_path / "made")
    assert "https://portal.example.org/welcome/" in start(made, "add_person", "ada").stdout


def test_an_invitation_link_from_the_command_line_is_below_the_base_path(prepared_production, tmp_path):
    environment = copy_of(prepared_production[0], tmp_path / "data") | {"SNAPPORTAL_BASE_PATH": "/snapshots/"}
    for username, given, address in [
        ("ada", [], "https://portal.example.org"),
        ("ben", ["--url", "https://tools.example.com"], "https://tools.example.com"),
        ("cia", ["--url", "https://tools.example.com/snapshots/"], "https://tools.example.com"),
    ]:
        link = start(environment, "add_person", username, *given).stdout.splitlines()[-1]
        assert link.startswith(f"{address}/snapshots/welcome/"), given


def test_an_address_in_use_is_reported_before_anything_is_done(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        done = start({"SNAPPORTAL_DATA_DIR": str(tmp_path / "data"), "SNAPPORTAL_BIND": bind}, "start")
    assert done.returncode != 0
    assert f"{bind} is in use already" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data" / "snapportal.sqlite3").exists()


def test_start_serves_sign_in_and_ends_on_sigterm(sandbox_folder):
    with serving(sandbox_folder, program=START, WORKER="on") as browser:
        answer = browser.get("/sign-in/")
        page = answer.text
        style = page.split('rel="stylesheet" href="')[1].split('"')[0]
        assert "immutable" in browser.get(style).headers["Cache-Control"]
        csrf = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        form = {
            "username": "manager",
            "password": accounts(sandbox_folder)["manager"],
            "csrfmiddlewaretoken": csrf,
        }
        cookie = {"Cookie": answer.headers["Set-Cookie"].split(";")[0]}
        answer = browser.post("/sign-in/", data=form, headers=cookie)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/")
        assert "__Host-session" in answer.headers["Set-Cookie"]


def test_start_becomes_the_program_that_other_tests_serve_with(monkeypatch):
    became = []
    monkeypatch.setattr(os, "chdir", became.append)
    monkeypatch.setattr(os, "execv", lambda *program: became.append(program))
    Command(stdout=StringIO()).serve()
    assert became == [ROOT, (sys.executable, [sys.executable, *SERVE])]


def wait_for_line(lines: Path, part: str, count: int = 1) -> None:
    """Until this was logged so many times: a request is logged after it was answered."""
    until = time.monotonic() + START_SECONDS
    while lines.read_text().count(part) < count:
        assert time.monotonic() < until, f"not logged: {part}"
        time.sleep(0.05)


def test_a_request_is_logged_once_and_without_its_query(portal):
    browser, lines = portal
    answers = [
        browser.get("/sign-in/", params={"next": "/secret-words/"}),
        browser.get("/people/", params={"q": "secret-words"}),
        browser.get("/welcome/a-key-that-opens-an-account/", headers={"Referer": "/?q=secret-words"}),
    ]
    for answer in answers:
        wait_for_line(lines, answer.headers["X-Request-ID"])
    text = lines.read_text()
    told = [json.loads(line) for line in text.splitlines()]
    for answer in answers:
        own = [line for line in told if line.get("request_id") == answer.headers["X-Request-ID"]]
        assert [line["event"] for line in own if line["level"] == "info"] == ["request"]
    assert "secret-words" not in text
    assert "a-key-that-opens-an-account" not in text


def say(browser: httpx.Client, request: bytes) -> tuple[int, dict[str, str]]:
    """Status and headers of the response to a raw request."""
    with socket.create_connection((browser.base_url.host, browser.base_url.port), 5) as wire:
        wire.sendall(request)
        with wire.makefile("rb") as answer:
            status = int(answer.readline().split()[1])
            return status, dict(parse_headers(answer))


def test_responses_and_log_lines_of_gunicorn_have_the_portals_form(portal):
    browser, lines = portal
    long = b"a" * 9000
    ours = browser.get("/livez").headers
    for status, request in {
        400: b"GET / HTTP/9.9\r\n\r\n",
        414: b"GET /" + long + b" HTTP/1.1\r\n\r\n",
        431: b"GET / HTTP/1.1\r\nX: " + long + b"\r\n\r\n",
    }.items():
        got, headers = say(browser, request)
        assert got == status
        kept = set(HEADERS) - {"Content-Security-Policy"}
        assert {name: headers[name] for name in kept} == {name: ours[name] for name in kept}
        assert "default-src 'none'" in headers["Content-Security-Policy"]
    wait_for_line(lines, "Invalid request", 3)
    told = [json.loads(line) for line in lines.read_text().splitlines()]
    assert sum("Invalid request" in line["event"] for line in told) == 3
    assert all({"timestamp", "level", "logger"} <= set(line) for line in told)
