"""A change of one stored token touches no other row, and does not overwrite what another request stored meanwhile."""

import pytest

from snapshots.vault import tokens
from snapshots.vault.models import StoredToken

pytestmark = pytest.mark.django_db
TOKEN, NEWER = "a-token-of-the-tests-0001", "a-token-of-the-tests-0002"


@pytest.fixture
def stored(cast) -> StoredToken:
    return tokens.store(user_id=cast.vera.pk, label="Team", token=TOKEN, stored_by_name="Vera")


@pytest.fixture
def same_token(cast, stored) -> StoredToken:
    """The same token of another person: their rows have the same fingerprint."""
    return tokens.store(user_id=cast.omar.pk, label="Mine", token=TOKEN, stored_by_name="Omar")


def test_removing_a_token_leaves_the_copy_of_another_person(stored, same_token):
    tokens.remove(stored)
    assert StoredToken.objects.get() == same_token


def test_replacing_a_token_leaves_the_copy_of_another_person(stored, same_token):
    tokens.replace(stored, NEWER, stored_by_name="Vera")
    same_token.refresh_from_db()
    assert tokens.decrypt(same_token) == TOKEN


def test_a_refusal_is_kept_for_the_row_that_was_checked(stored, same_token):
    tokens.record_refused(stored)
    same_token.refresh_from_db()
    assert stored.refused_at
    assert same_token.refused_at is None


def test_resealing_does_not_undo_a_replacement_under_the_same_key(stored, settings):
    outdated = StoredToken.objects.get()
    tokens.replace(stored, NEWER, stored_by_name="Vera")
    settings.SNAPPORTAL_TOKEN_KEYS = {"t2": bytes(range(32)), **settings.SNAPPORTAL_TOKEN_KEYS}
    assert tokens.reseal(outdated) is False
    assert tokens.decrypt(StoredToken.objects.get()) == NEWER
