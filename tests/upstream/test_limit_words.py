"""A create refused for a limit of snapshots is recognised by the provider's message."""

import json

import pytest

from snapshots.upstream import errors, responses
from tests.support.provider import make_client

LIMITS = [
    "Snapshot limit reached",
    "Snapshot limit reached: a maximum of 5 per server.",
    "Bad Request - Invalid parameters or snapshot limit reached",
    "You can have a maximum of 5 snapshots per server",
    "SNAPSHOT_LIMIT_REACHED",
    "snapshot_quota_exceeded",
    "Your plan's quota has been exceeded",
    "Too many snapshots",
    "This server already has 5 snapshots",
    "No more than 3 snapshots are allowed on this plan",
    "Limit reached",
]
OTHERS = [
    "",
    "Name is required",
    "name: Ensure this field has no more than 100 characters.",
    "Snapshot name exceeds the maximum of 64",
    "The snapshot description is too long (maximum 500 characters)",
    "Rate limit exceeded for snapshots",
    "Too many requests",
    "A snapshot is already in progress",
    "Server is not in a valid state",
]


@pytest.mark.parametrize("words", LIMITS)
def test_messages_about_a_limit_are_recognised(words):
    assert responses.says_limit_reached(words)


@pytest.mark.parametrize("words", OTHERS)
def test_other_messages_are_not_taken_for_a_limit(words):
    assert not responses.says_limit_reached(words)


@pytest.mark.parametrize("status", [400, 403, 409, 422])
@pytest.mark.parametrize("key", ["detail", "error", "message", "non_field_errors"])
def test_a_create_refused_for_a_limit_has_an_error_of_its_own(wire, status, key):
    wire.misbehave("answer", status=status, body=json.dumps({key: ["Snapshot limit reached"]}))
    with pytest.raises(errors.LimitReachedError) as caught:
        make_client("a-token-of-tests", wire.url).create_snapshot(server_id=7, name="before")
    assert (caught.value.status, caught.value.effect) == (status, "none")
    assert "Snapshot limit reached" in caught.value.message


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, errors.TokenRefusedError), (404, errors.NotFoundError), (429, errors.RateLimitedError)],
)
def test_a_specific_status_takes_precedence_over_the_message(wire, status, kind):
    wire.misbehave("answer", status=status, body='{"detail": "Snapshot limit reached"}')
    with pytest.raises(kind):
        make_client("a-token-of-tests", wire.url).create_snapshot(server_id=7, name="before")


def test_only_a_create_can_reach_a_limit(wire):
    wire.misbehave("answer", status=400, body='{"detail": "Snapshot limit reached"}', times=2)
    client = make_client("a-token-of-tests", wire.url)
    for call in (lambda: client.restore_snapshot(7), lambda: client.delete_snapshot(7)):
        with pytest.raises(errors.InvalidError):
            call()
