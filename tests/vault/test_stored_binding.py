"""A stored token is sealed for its table, column, row and owner, and in a format that later versions still open."""

import re

import pytest
from django.conf import settings

from snapshots.vault import crypto, tokens
from snapshots.vault.crypto import Binding, KeyMissingError
from snapshots.vault.models import StoredToken, new_token_id

TOKEN = "a-token-of-the-tests-0001"
RING = {"k1": bytes(range(32))}
BINDING = Binding("stored_token", "sealed", "abcdefghij", 7)


@pytest.mark.django_db
def test_a_stored_token_is_bound_to_its_table_column_row_and_owner(cast):
    stored = tokens.store(user_id=cast.vera.pk, label="Team", token=TOKEN, stored_by_name="Vera")
    binding = Binding("stored_token", "sealed", stored.pk, cast.vera.pk)
    ring = settings.SNAPPORTAL_TOKEN_KEYS
    assert crypto.open_sealed(bytes(stored.sealed), key_id=stored.key_id, ring=ring, binding=binding) == TOKEN


def test_the_binding_names_the_format_its_parts_and_the_key():
    assert (
        BINDING.associated_data("k1") == b'["snapportal-token-1","stored_token","sealed","abcdefghij",7,"k1"]'
    )


def test_a_token_sealed_by_an_earlier_version_is_opened():
    sealed = bytes.fromhex(
        "780862a0576257b96d2da996159a12d4d77ba6fc6c81aa60b9772381950fe7841eb6b20c4108cfa9eb413c1dbef848cf795b6cd846"
    )
    assert crypto.open_sealed(sealed, key_id="k1", ring=RING, binding=BINDING) == TOKEN


def test_a_fingerprint_stays_the_same_from_version_to_version():
    assert (
        crypto.fingerprint(TOKEN, secret="s" * 40)
        == "3742e837ab67f366a465a8819cf7552e428174e0c4ecfafefbb48409b71b8d29"
    )


@pytest.mark.django_db
def test_without_a_key_no_token_is_stored(cast, settings):
    settings.SNAPPORTAL_TOKEN_KEYS = {}
    with pytest.raises(KeyMissingError, match=r"\Athere is no key to seal with\Z"):
        tokens.store(user_id=cast.vera.pk, label="Team", token=TOKEN, stored_by_name="Vera")
    assert not StoredToken.objects.exists()


def test_the_id_of_a_token_is_ten_letters_and_digits_that_are_not_mistaken_for_others():
    made = {new_token_id() for _ in range(50)}
    assert len(made) == 50
    assert all(re.fullmatch(r"[a-km-np-z2-9]{10}", one) for one in made)
