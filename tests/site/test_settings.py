"""Invalid settings are all reported at once, and the portal does not start with them."""

import os
import secrets
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from snapportal.databases import wal_is_safe
from snapportal.environment import Environment, make_secret_once
from snapportal.setting_values import (
    ValidationError,
    parse_api_url,
    parse_key_ring,
    parse_url,
)
from tests.support import manage_forks

ROOT = Path(__file__).resolve().parents[2]


def new_ring() -> str:
    return f"k1:{secrets.token_hex(32)}"


def production_in(folder: Path) -> dict[str, str]:
    """An environment with which the portal starts against a real provider."""
    return {
        "SNAPPORTAL_API_URL": "https://admin.example.org/api/v1",
        "SNAPPORTAL_DATA_DIR": str(folder),
        "SNAPPORTAL_SECRET_KEY": secrets.token_urlsafe(48),
        "SNAPPORTAL_TOKEN_KEYS": new_ring(),
        "SNAPPORTAL_AUDIT_KEYS": new_ring(),
        "SNAPPORTAL_LOG_SIGNING_KEYS": secrets.token_hex(32),
        "SNAPPORTAL_LOG_ORIGIN": "portal.example.org/log",
        "SNAPPORTAL_ALLOWED_HOSTS": "portal.example.org",
    }


@pytest.fixture
def production(tmp_path) -> dict[str, str]:
    return production_in(tmp_path / "data")


def start(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py with this environment only: `check`, unless other arguments are given."""
    return manage_forks.manage({"PATH": os.environ["PATH"], **environment}, *(words or ["check"]))


def start_process(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own, as an operator does."""
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_complete_environment_starts(production):
    done = start_process(production, "check")
    assert done.returncode == 0, done.stderr


def test_all_errors_are_reported_in_one_run(production):
    wrong = {
        "SNAPPORTAL_SECRET_KEY": "changeme",
        "SNAPPORTAL_TOKEN_KEYS": "k1:" + "00" * 32,
        "SNAPPORTAL_ALLOWED_HOSTS": "*",
        "SNAPPORTAL_DEBUG": "on",
        "SNAPPORTAL_THREADS": "many",
        "SNAPPORTAL_API_TIMEOUT_SECONDS": "600",
        "SNAPPORTAL_TRUSTED_PROXIES": "somewhere",
        "SNAPPORTAL_REQUIRE_SECOND_FACTOR": "manager,boss",
        "SNAPPORTAL_LANGUAGE": "klingon",
        "SNAPPORTAL_DATABASE_URL": "nonsense://x",
        "SNAPPORTAL_CACHE_URL": "nonsense://x",
    }
    environment = production | wrong
    del environment["SNAPPORTAL_AUDIT_KEYS"]
    done = start_process(environment, "start")
    assert done.returncode != 0
    for name in [*wrong, "SNAPPORTAL_AUDIT_KEYS"]:
        assert name in done.stderr
    assert "Traceback" not in done.stderr
    assert "changeme" not in done.stderr, "a secret is not repeated, even a bad one"


@pytest.mark.parametrize("name", ["SECRET_KEY", "TOKEN_KEYS", "AUDIT_KEYS", "LOG_SIGNING_KEYS"])
def test_no_secret_is_generated_with_a_real_provider(production, name):
    del production[f"SNAPPORTAL_{name}"]
    done = start(production)
    assert done.returncode != 0
    assert f"SNAPPORTAL_{name}" in done.stderr
    assert not list(Path(production["SNAPPORTAL_DATA_DIR"]).rglob("*key*"))


def test_a_secret_from_a_file_loses_its_newline(monkeypatch, tmp_path):
    file = tmp_path / "secret"
    file.write_text("a-secret-in-a-file\n")
    monkeypatch.setenv("SNAPPORTAL_THING_FILE", str(file))
    assert Environment().secret("THING", made_at=None, make="") == "a-secret-in-a-file"


@pytest.mark.parametrize("content", [None, "", "\n"])
def test_an_empty_or_missing_secret_file_is_an_error_even_in_the_sandbox(monkeypatch, tmp_path, content):
    file = tmp_path / "secret"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SNAPPORTAL_THING_FILE", str(file))
    environment = Environment()
    environment.secret("THING", made_at=tmp_path / "made", make="made")
    with pytest.raises(ImproperlyConfigured, match="SNAPPORTAL_THING_FILE"):
        environment.raise_errors()
    assert not (tmp_path / "made").exists()


def test_a_secret_given_twice_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv("SNAPPORTAL_THING", "one")
    monkeypatch.setenv("SNAPPORTAL_THING_FILE", str(tmp_path))
    environment = Environment()
    environment.secret("THING", made_at=None, make="")
    with pytest.raises(ImproperlyConfigured, match="both set"):
        environment.raise_errors()


def test_a_generated_secret_is_generated_once_and_readable_by_its_owner_only(tmp_path):
    path = tmp_path / "keys" / "secret"
    assert make_secret_once(path, "first") == "first"
    assert make_secret_once(path, "second") == "first"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["secret"]


def test_the_first_key_of_a_ring_stays_the_first():
    old, new = secrets.token_hex(32), secrets.token_hex(32)
    assert list(parse_key_ring(f"new:{new},\n old:{old}").items()) == [
        ("new", bytes.fromhex(new)), ("old", bytes.fromhex(old)),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["k1", "k1:abc", f"K1:{'ab' * 32}", f"k1:{'ab' * 32}", "k1:,"])
def test_an_invalid_key_ring_is_refused(text):
    with pytest.raises(ValidationError):
        parse_key_ring(text)


@pytest.mark.parametrize(
    "url",
    [
        "http://admin.example.org", "https://user:secret@admin.example.org", "https://admin.example.org/?q=1", "ftp://x",
        "https://", "https://[broken", "admin.example.org", "https://admin example.org", "https://admin.example.org:99999",
        "https://exa%mple.org",
    ],
)  # fmt: skip
@pytest.mark.parametrize("parse", [parse_api_url, parse_url])
def test_urls_of_provider_and_webhook_must_be_https(parse, url):
    with pytest.raises(ValidationError):
        parse(url)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_http_is_accepted_for_an_address_on_this_machine(host):
    assert parse_api_url(f"http://{host}:8900/") == f"http://{host}:8900"


@pytest.mark.parametrize("gateway", ["", "/vps"])
@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    "path", ["/api/v1", "/api/v1/snapshots", "/api/v1/servers", "/api/v1/account/me", "//api/v1"]
)
def test_api_paths_are_removed_from_the_providers_address(gateway, path, slash):
    assert parse_api_url(f" https://admin.example.org{gateway}{path}{slash} ") == (
        f"https://admin.example.org{gateway}"
    )


@pytest.mark.parametrize(
    "path", ["/api", "/api/v2", "/snapshots/", "/login", "/api/v1/snapshots/801", "/API/V1", "/xapi/v1"]
)
def test_another_path_in_the_providers_address_is_refused_with_the_right_one(path):
    with pytest.raises(ValidationError, match=r"before /api/v1, for example https://admin\.vps\.org; "):
        parse_api_url(f"https://admin.example.org{path}")


def test_a_webhook_keeps_its_path():
    assert parse_url("https://hooks.example.org/api/v1/snapshots/") == (
        "https://hooks.example.org/api/v1/snapshots/"
    )


def test_an_invalid_api_url_does_not_start_a_sandbox(production):
    environment = production | {"SNAPPORTAL_API_URL": "https://admin.example.org/login"}
    for name in ("SECRET_KEY", "TOKEN_KEYS", "AUDIT_KEYS"):
        del environment[f"SNAPPORTAL_{name}"]
    done = start(environment)
    assert done.returncode != 0
    assert "SNAPPORTAL_API_URL must be the address that stands before /api/v1" in done.stderr
    assert not Path(production["SNAPPORTAL_DATA_DIR"]).exists()


def test_wal_is_used_only_where_sqlite_has_the_fix():
    assert not any(wal_is_safe(version) for version in [(3, 40, 1), (3, 44, 5), (3, 50, 6), (3, 51, 2)])
    assert all(wal_is_safe(version) for version in [(3, 44, 6), (3, 50, 7), (3, 51, 3), (3, 53, 0)])


def test_a_real_connection_uses_synchronous_full(production):
    """Queried on the connection itself, in a process with the portal's own settings."""
    Path(production["SNAPPORTAL_DATA_DIR"]).mkdir()
    script = """
from django.db import connection
with connection.cursor() as cursor:
    for name in ("synchronous", "journal_mode", "foreign_keys"):
        print(name, cursor.execute(f"PRAGMA {name}").fetchone()[0])
"""
    done = start(production, "shell", "--no-imports", "-c", script)
    mode = "wal" if wal_is_safe(sqlite3.sqlite_version_info) else "delete"
    assert done.stdout.splitlines() == ["synchronous 2", f"journal_mode {mode}", "foreign_keys 1"], (
        done.stderr
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_URL", "ftp://example.com"),
        ("API_URL", "https://admin.example.org/login"),
        ("ANCHOR_URL", "http://example.com"),
        ("BASE_PATH", "snapshots"),
        ("API_TIMEOUT_SECONDS", "soon"),
        ("BIND", "127.0.0.1:65536"),
        ("CACHE_URL", "locmem://"),
        ("DATABASE_URL", "nonsense://x"),
        ("DATABASE_URL", "mysql://host/name"),
        ("DATABASE_URL", "postgres://host"),
        ("DATABASE_URL", "sqlite://"),
        ("WORKERS", "0"),
        ("SANDBOX_SPEED", "fast"),
        ("DEBUG", "perhaps"),
    ],
)
def test_each_invalid_setting_is_reported_by_its_name(production, name, value):
    done = start(production | {f"SNAPPORTAL_{name}": value}, "check")
    assert done.returncode != 0
    assert f"SNAPPORTAL_{name}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("folder", ["file", "file/below"])
@pytest.mark.parametrize("provider", ["real", "sandbox"])
def test_a_file_in_the_place_of_the_data_folder_is_reported_with_the_other_errors(
    production, tmp_path, provider, folder
):
    (tmp_path / "file").touch()
    environment = production if provider == "real" else {}
    wrong = {"SNAPPORTAL_DATA_DIR": str(tmp_path / folder), "SNAPPORTAL_WORKERS": "0"}
    done = start(environment | wrong)
    assert done.returncode != 0
    assert f"SNAPPORTAL_DATA_DIR must be a folder: {tmp_path / 'file'} is a file" in done.stderr
    assert done.stderr.count("SNAPPORTAL_DATA_DIR") == 1
    assert "SNAPPORTAL_WORKERS" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_data_folder_in_which_no_secret_can_be_made_is_an_error_and_said_once(tmp_path):
    (tmp_path / "file").touch()
    environment = Environment()
    for name in ("ONE_THING", "OTHER_THING"):
        environment.secret(name, made_at=tmp_path / "file" / name, make="made")
    with pytest.raises(ImproperlyConfigured) as raised:
        environment.raise_errors()
    assert str(raised.value).count("\n") == 1
    assert f"SNAPPORTAL_DATA_DIR cannot be used: {tmp_path / 'file'}: Not a directory" in str(raised.value)


def test_script_name_is_refused(production):
    done = start(production | {"SCRIPT_NAME": "/snapshots"})
    assert done.returncode != 0
    assert "unset it, and set SNAPPORTAL_BASE_PATH instead" in done.stderr
