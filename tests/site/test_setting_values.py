"""What the values of settings may look like: the path of the portal, where it listens, whom people ask."""

import pytest

from snapportal.setting_values import (
    ValidationError,
    parse_base_path,
    parse_bind,
    parse_support_contact,
)


@pytest.mark.parametrize(
    "text",
    ["127.0.0.1:8000", ":80", "[::1]:8000", "portal.example.com:65535", "unix:/run/a b.sock", "fd://3"],
)  # fmt: skip
def test_the_portal_listens_on_addresses_of_each_kind(text):
    assert parse_bind(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "8000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "::1:8000", "http://127.0.0.1:8000", "a b:1",
        "a:1,b", "a,b:1", "127.0.0.1:1,[::1]:1",
    ],
)  # fmt: skip
def test_an_invalid_address_to_listen_on_is_refused(text):
    with pytest.raises(ValidationError, match="must be host:port"):
        parse_bind(text)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", "/"), ("/", "/"), ("/snapshots", "/snapshots/"), ("/snapshots/", "/snapshots/"), (" /snapshots/ ", "/snapshots/"),
        ("/tools/snap_portal-2.0~x", "/tools/snap_portal-2.0~x/"),
    ],
)  # fmt: skip
def test_a_base_path_has_a_slash_at_both_ends(text, path):
    assert parse_base_path(text) == path


@pytest.mark.parametrize(
    "text",
    [
        "snapshots", "snapshots/", "https://tools.example.com/snapshots/", "//snapshots/", "/snapshots//", "/snap shots/",
        "/../snapshots/", "/./", "/snapshots/?a=b", "/snapshots/#a", "/%2e/", "/snapshots\n/", "/a;b/", "/été/",
    ],
)  # fmt: skip
def test_an_invalid_base_path_is_refused(text):
    with pytest.raises(ValidationError, match="such as /snapshots/"):
        parse_base_path(text)


@pytest.mark.parametrize("text", ["two\nlines", "a\x07bell", "x" * 201])
def test_a_support_contact_is_one_short_line(text):
    with pytest.raises(ValidationError):
        parse_support_contact(text)
    assert parse_support_contact("  Helpdesk, extension 42 ") == "Helpdesk, extension 42"
    assert parse_support_contact("") == ""
