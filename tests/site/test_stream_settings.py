"""The settings of the audit log's streams are checked when the portal starts."""

import base64

import pytest

from snapportal.environment import Environment
from snapportal.setting_values import ValidationError, parse_file, parse_host_port, parse_webhook_secrets
from tests.site.test_settings import production, start

__all__ = ["production"]
KEY = bytes(range(32))


def secret(key: bytes = KEY) -> str:
    return "whsec_" + base64.b64encode(key).decode()


def test_valid_settings_of_both_streams_start(production, tmp_path):
    file = tmp_path / "secret"
    file.write_text(f"{secret()}\n")
    streams = {
        "SNAPPORTAL_STREAM_WEBHOOK_URL": "https://siem.example.com/in",
        "SNAPPORTAL_STREAM_WEBHOOK_SECRET_FILE": str(file),
        "SNAPPORTAL_STREAM_SYSLOG": "siem.example.com:6514",
        "SNAPPORTAL_STREAM_SYSLOG_CA": str(file),
        "SNAPPORTAL_STREAM_SYSLOG_CONFIRM": "close",
        "SNAPPORTAL_STREAM_PRIVATE_ADDRESSES": "on",
    }
    done = start(production | streams)
    assert done.returncode == 0, done.stderr


def test_all_errors_of_the_streams_are_reported_in_one_run_without_the_secret(production):
    wrong = {
        "SNAPPORTAL_STREAM_WEBHOOK_URL": "http://127.0.0.1:9000/in",
        "SNAPPORTAL_STREAM_WEBHOOK_SECRET": "whsec_dG9vIHNob3J0",
        "SNAPPORTAL_STREAM_SYSLOG": "siem.example.com",
        "SNAPPORTAL_STREAM_SYSLOG_CA": "/no/such/file",
        "SNAPPORTAL_STREAM_SYSLOG_CERTIFICATE": "/no/such/file",
        "SNAPPORTAL_STREAM_SYSLOG_CONFIRM": "never",
        "SNAPPORTAL_STREAM_PRIVATE_ADDRESSES": "perhaps",
    }
    done = start(production | wrong)
    assert done.returncode != 0
    assert [name for name in wrong if f"  - {name} " not in done.stderr] == []
    assert "dG9vIHNob3J0" not in done.stderr


def test_a_webhook_without_a_secret_is_an_error_in_the_sandbox_too(monkeypatch):
    monkeypatch.delenv("SNAPPORTAL_STREAM_WEBHOOK_SECRET", raising=False)
    environment = Environment()
    assert environment.webhook_secrets("STREAM_WEBHOOK_SECRET", needed="with the URL") == []
    assert environment.errors == [
        "SNAPPORTAL_STREAM_WEBHOOK_SECRET (or SNAPPORTAL_STREAM_WEBHOOK_SECRET_FILE) is missing: it is required with the URL"
    ]


def test_several_secrets_are_read_in_their_order():
    other = bytes(range(1, 25))
    assert parse_webhook_secrets(f" {secret()}, {secret(other)}\n") == [KEY, other]


@pytest.mark.parametrize(
    "text",
    ["", "whsec_", "abc", secret()[6:], secret(KEY[:23]), secret(KEY * 3), secret() + "!", f"x{secret()}", f"{secret()},"],
)  # fmt: skip
def test_a_secret_of_another_form_or_length_is_refused(text):
    with pytest.raises(ValidationError, match="24 to 64 random bytes"):
        parse_webhook_secrets(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None), ("siem.example.com:6514", ("siem.example.com", 6514)), (" 10.0.0.5:514 ", ("10.0.0.5", 514)),
        ("[2001:db8::1]:6514", ("2001:db8::1", 6514)),
    ],
)  # fmt: skip
def test_a_syslog_server_is_a_host_and_a_port(text, expected):
    assert parse_host_port(text) == expected


@pytest.mark.parametrize(
    "text",
    ["siem", "siem:", ":6514", "siem:0", "siem:65536", "siem:x", "a@siem:1", "tls://siem:1", "siem:1/x", "si em:1", "[::1:1"],
)  # fmt: skip
def test_another_form_of_a_syslog_server_is_refused(text):
    with pytest.raises(ValidationError, match="must be host:port"):
        parse_host_port(text)


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    assert parse_file("") == ""
    with pytest.raises(ValidationError, match="cannot be read"):
        parse_file(str(tmp_path))
