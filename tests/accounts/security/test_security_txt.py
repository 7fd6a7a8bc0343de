"""security.txt, as RFC 9116 has it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from environs import ValidationError

from snapportal.setting_values import parse_contacts

ADDRESS = "/.well-known/security.txt"


def test_it_names_the_contact_and_when_it_expires(client, db, settings):
    settings.SNAPPORTAL_SECURITY_CONTACT = ["mailto:security@example.com", "https://example.com/report"]
    answer = client.get(ADDRESS)
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    lines = answer.content.decode().splitlines()
    assert lines[:2] == ["Contact: mailto:security@example.com", "Contact: https://example.com/report"]
    assert lines[3] == f"Canonical: http://testserver{ADDRESS}"
    expires = datetime.strptime(lines[2], "Expires: %Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert timedelta(days=100) < expires - timezone.now() < timedelta(days=365)


def test_there_is_none_without_a_contact(client, db):
    assert client.get(ADDRESS).status_code == 404


@pytest.mark.parametrize(
    ("text", "contacts"),
    [
        ("", []),
        ("security@example.com", ["mailto:security@example.com"]),
        ("mailto:a@example.com, https://example.com/x", ["mailto:a@example.com", "https://example.com/x"]),
    ],
)
def test_contacts_are_addresses(text, contacts):
    assert parse_contacts(text) == contacts


@pytest.mark.parametrize("text", ["http://example.com", "nobody", "javascript:x@y", "mailto:", "a@b@c"])
def test_anything_else_is_refused(text):
    with pytest.raises(ValidationError):
        parse_contacts(text)
