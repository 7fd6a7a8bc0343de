"""The settings of e-mails and of the heartbeat are checked when the portal starts."""

import pytest
from environs import ValidationError

from snapportal.mail_settings import parse_email_url
from snapshots.notifications.mail_server import MailServer
from tests.site.test_settings import production, start

__all__ = ["production"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("smtp+tls://u%40x:p%2F@mx.example.com/?from=a@example.com",
         MailServer("mx.example.com", 587, "a@example.com", "u@x", "p/", has_starttls=True)),
        ("smtps://mx.example.com/?from=a@example.com", MailServer("mx.example.com", 465, "a@example.com", has_tls=True)),
        ("smtp://localhost:2525/", MailServer("localhost", 2525, "default@example.com")),
    ],
)  # fmt: skip
def test_a_mail_server_is_read_from_its_url(text, expected):
    assert parse_email_url(text, "default@example.com") == expected
    assert "p/" not in repr(expected)


@pytest.mark.parametrize(
    "text",
    [
        "mx.example.com",
        "http://mx.example.com",
        "smtp://",
        "smtp://mx:port",
        "smtp://[::1",
        "smtp://mx.example.com/?from=nobody",
    ],
)
def test_another_url_is_refused(text):
    with pytest.raises(ValidationError):
        parse_email_url(text, "default@example.com")


def test_a_url_without_a_sender_needs_the_other_setting():
    with pytest.raises(ValidationError, match="SNAPPORTAL_EMAIL_FROM"):
        parse_email_url("smtp://mx.example.com", "")


def test_the_portal_starts_with_a_url_from_a_file_and_a_heartbeat(production, tmp_path):
    file = tmp_path / "url"
    file.write_text("smtp+tls://u:secret@mx.example.com/\n")
    given = {
        "SNAPPORTAL_EMAIL_URL_FILE": str(file),
        "SNAPPORTAL_EMAIL_FROM": "snapshots@example.com",
        "SNAPPORTAL_HEARTBEAT_URL": "https://hc-ping.com/0123",
    }
    done = start(production | given)
    assert done.returncode == 0, done.stderr


def test_all_errors_are_reported_in_one_run_without_the_password(production):
    wrong = {
        "SNAPPORTAL_EMAIL_URL": "ftp://u:canary-password@mx.example.com/?from=a@example.com",
        "SNAPPORTAL_HEARTBEAT_URL": "ftp://hc-ping.com",
        "SNAPPORTAL_NOTIFY_PRIVATE_ADDRESSES": "perhaps",
    }
    done = start(production | wrong)
    assert done.returncode != 0
    for name in wrong:
        assert name in done.stderr
    assert "canary-password" not in done.stderr
