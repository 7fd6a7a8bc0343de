"""Stored tokens are encrypted, bound to their row and owner, decrypted by the key ring, and nowhere in plain text."""

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from snapshots.vault import crypto, tokens
from snapshots.vault.crypto import Binding, KeyMissingError, SealError
from snapshots.vault.models import StoredToken
from tests.support.database_text import database_text

CANARY = "canary-7Jq2mXw9Lr4TzKd8-in-the-vault"
RING = {"k2": bytes(range(32)), "k1": bytes(range(32, 64))}
BINDING = Binding("stored_token", "sealed", "abcdefghij", 7)


@pytest.fixture
def stored(cast) -> StoredToken:
    return tokens.store(user_id=cast.vera.pk, label="Team", token=CANARY, stored_by_name="Vera")


@given(st.text(min_size=1, max_size=80))
def test_a_sealed_token_decrypts_with_the_same_binding(token):
    key_id, sealed = crypto.seal(token, ring=RING, binding=BINDING)
    assert key_id == "k2"
    assert crypto.open_sealed(sealed, key_id=key_id, ring=RING, binding=BINDING) == token


@pytest.mark.parametrize(
    "other_binding",
    [
        Binding("other_table", "sealed", "abcdefghij", 7),
        Binding("stored_token", "hint", "abcdefghij", 7),
        Binding("stored_token", "sealed", "abcdefghik", 7),
        Binding("stored_token", "sealed", "abcdefghij", 8),
    ],
)
def test_a_sealed_token_does_not_decrypt_with_another_binding(other_binding):
    key_id, sealed = crypto.seal(CANARY, ring=RING, binding=BINDING)
    with pytest.raises(SealError):
        crypto.open_sealed(sealed, key_id=key_id, ring=RING, binding=other_binding)


def test_changed_or_truncated_bytes_do_not_decrypt():
    key_id, sealed = crypto.seal(CANARY, ring=RING, binding=BINDING)
    flipped = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for broken in (flipped, sealed[:-1], sealed[:5], b""):
        with pytest.raises(SealError):
            crypto.open_sealed(broken, key_id=key_id, ring=RING, binding=BINDING)


def test_a_token_does_not_decrypt_under_another_key_id_with_the_same_key():
    key_id, sealed = crypto.seal(CANARY, ring=RING, binding=BINDING)
    with pytest.raises(SealError):
        crypto.open_sealed(sealed, key_id="k9", ring={"k9": RING[key_id]}, binding=BINDING)


def test_without_its_key_a_token_is_neither_encrypted_nor_decrypted():
    key_id, sealed = crypto.seal(CANARY, ring=RING, binding=BINDING)
    with pytest.raises(KeyMissingError):
        crypto.open_sealed(sealed, key_id=key_id, ring={"k1": RING["k1"]}, binding=BINDING)
    with pytest.raises(KeyMissingError):
        crypto.seal(CANARY, ring={}, binding=BINDING)


def test_the_same_token_is_sealed_differently_each_time():
    assert crypto.seal(CANARY, ring=RING, binding=BINDING) != crypto.seal(CANARY, ring=RING, binding=BINDING)


def test_a_fingerprint_depends_on_the_token_and_the_secret():
    assert crypto.fingerprint(CANARY, secret="s" * 40) == crypto.fingerprint(CANARY, secret="s" * 40)
    assert crypto.fingerprint(CANARY, secret="s" * 40) != crypto.fingerprint(CANARY + "x", secret="s" * 40)
    assert crypto.fingerprint(CANARY, secret="s" * 40) != crypto.fingerprint(CANARY, secret="t" * 40)


def test_only_long_tokens_show_their_last_characters(cast):
    def shown(token: str) -> str:
        return tokens.store(user_id=cast.omar.pk, label=token, token=token, stored_by_name="O").masked

    assert shown("x" * 16 + "abcd") == "•••• abcd"
    assert shown("x" * 15 + "abcd") == "••••"


def test_a_row_assigned_to_another_user_does_not_decrypt(cast, stored):
    StoredToken.objects.filter(pk=stored.pk).update(user_id=cast.omar.pk)
    with pytest.raises(SealError):
        tokens.decrypt(StoredToken.objects.get())


def test_sealed_bytes_copied_to_another_row_do_not_decrypt(cast, stored):
    other = tokens.store(
        user_id=cast.vera.pk, label="Other", token="another-token-000000", stored_by_name="V"
    )
    StoredToken.objects.filter(pk=other.pk).update(sealed=stored.sealed)
    other.refresh_from_db()
    with pytest.raises(SealError):
        tokens.decrypt(other)


def rotate(settings) -> None:
    settings.SNAPPORTAL_TOKEN_KEYS = {"t2": bytes(range(32)), **settings.SNAPPORTAL_TOKEN_KEYS}


def test_tokens_and_fingerprints_survive_a_key_rotation_without_the_old_key(stored, settings, capsys):
    fingerprint = stored.fingerprint
    rotate(settings)
    assert tokens.decrypt(stored) == CANARY
    call_command("reseal_tokens")
    assert "1 sealed anew, 0 were so already" in capsys.readouterr().out
    settings.SNAPPORTAL_TOKEN_KEYS = {"t2": bytes(range(32))}
    stored.refresh_from_db()
    assert (stored.key_id, stored.fingerprint) == ("t2", fingerprint)
    assert tokens.decrypt(stored) == CANARY
    call_command("reseal_tokens")
    assert "0 sealed anew, 1 were so already" in capsys.readouterr().out


def test_resealing_does_not_undo_a_replacement_made_meanwhile(stored, settings):
    rotate(settings)
    outdated = StoredToken.objects.get()
    tokens.replace(stored, "a-newer-token-1234567890", stored_by_name="Vera")
    assert tokens.reseal(outdated) is False
    assert tokens.decrypt(StoredToken.objects.get()) == "a-newer-token-1234567890"


def test_resealing_lists_the_tokens_that_cannot_be_decrypted(stored, settings):
    settings.SNAPPORTAL_TOKEN_KEYS = {"t2": bytes(range(32))}
    with pytest.raises(CommandError, match=stored.pk):
        call_command("reseal_tokens")


def test_a_refusal_of_the_old_token_does_not_mark_the_new_one(stored):
    old = StoredToken.objects.get()
    tokens.replace(stored, "a-newer-token-1234567890", stored_by_name="Vera")
    tokens.record_refused(old)
    assert StoredToken.objects.get().refused_at is None


def test_the_token_is_nowhere_in_plain_text(desk, signed_in, caplog):
    """After pages, a check and an operation the token is not in the database, the cache, a page, a header or the logs."""
    token = tokens.decrypt(desk.token)
    client = signed_in(desk.user)
    view = desk.server()
    desk.create(view)
    paths = [
        "/",
        "/tokens/",
        f"/tokens/{desk.token.pk}/replace/",
        f"/tokens/{desk.token.pk}/remove/",
        "/account/",
    ]
    answers = [client.get(path) for path in paths]
    answers.append(client.post(f"/tokens/{desk.token.pk}/check/", follow=True))
    answers.append(client.post("/tokens/add/", {"label": "Team token", "token": token}))
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    for answer in answers:
        assert token not in answer.content.decode()
        assert token not in str(answer.headers)
    assert token not in caplog.text
    assert token not in database_text()
