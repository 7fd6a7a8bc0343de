"""A token key is tested before use: a wrong key under the right ID decrypts nothing and encrypts nothing."""

import pytest
from django.core.management import CommandError, call_command

from snapshots.audit.models import Entry
from snapshots.vault import tokens
from snapshots.vault.crypto import KeyMismatchError, KeyMissingError
from snapshots.vault.models import StoredToken

WRONG_KEY = bytes(range(32))
NEW_KEY = bytes(reversed(range(32)))


@pytest.fixture
def stored(cast, sandbox) -> list[StoredToken]:
    return [
        tokens.store(user_id=cast.vera.pk, label=f"Team {n}", token=f"{sandbox.token}{n}", stored_by_name="V")
        for n in range(5)
    ]


@pytest.fixture
def correct_ring(settings) -> dict[str, bytes]:
    return settings.SNAPPORTAL_TOKEN_KEYS


def reseal() -> str:
    with pytest.raises(CommandError) as refused:
        call_command("reseal_tokens")
    assert refused.value.returncode == 1
    return str(refused.value)


def sealed() -> list[tuple[str, bytes]]:
    return [(item.key_id, bytes(item.sealed)) for item in StoredToken.objects.order_by("pk")]


def test_resealing_decrypts_each_token_even_when_its_row_names_the_first_key(
    stored, correct_ring, settings, capsys
):
    before = sealed()
    settings.SNAPPORTAL_TOKEN_KEYS = {"t1": WRONG_KEY}
    message = reseal()
    assert [item.pk for item in stored if item.pk not in message] == []
    assert "0 sealed anew, 0 were so already, 5 could not be opened" in capsys.readouterr().out
    assert sealed() == before
    settings.SNAPPORTAL_TOKEN_KEYS = correct_ring
    call_command("reseal_tokens")
    assert "0 sealed anew, 5 were so already, 0 could not be opened" in capsys.readouterr().out


def test_resealing_lists_a_single_changed_token(stored, correct_ring, capsys):
    StoredToken.objects.filter(pk=stored[2].pk).update(sealed=b"nothing of ours, but long enough to be")
    message = reseal()
    assert [item.pk for item in stored if item.pk in message] == [stored[2].pk]
    assert "4 were so already, 1 could not be opened" in capsys.readouterr().out


def test_nothing_is_resealed_with_a_wrong_new_key(stored, correct_ring, settings):
    settings.SNAPPORTAL_TOKEN_KEYS = {"t2": NEW_KEY, **correct_ring}
    assert tokens.reseal(stored[0])
    before = sealed()
    settings.SNAPPORTAL_TOKEN_KEYS = {"t2": WRONG_KEY, **correct_ring}
    reseal()
    assert sealed() == before


def test_no_token_is_stored_or_replaced_with_a_wrong_key(
    stored, correct_ring, settings, cast, sandbox, signed_in
):
    before = sealed()
    settings.SNAPPORTAL_TOKEN_KEYS = {"t1": WRONG_KEY}
    vera = signed_in(cast.vera)
    form = {"token": sandbox.token, "unchecked": "on"}
    for path in ("/tokens/add/", f"/tokens/{stored[0].pk}/replace/"):
        page = vera.post(path, form | {"label": "One more"}, follow=True)
        assert (page.status_code, "The portal cannot store tokens at the moment" in page.text) == (200, True)
        assert "Store it anyway" not in page.text
    assert sealed() == before
    recorded = [(row.action, row.result, row.code) for row in Entry.objects.order_by("sequence")]
    assert recorded == [("token.store", "refused", "key"), ("token.replace", "refused", "key")]


def test_the_servers_page_reports_that_no_token_can_be_decrypted(
    stored, correct_ring, settings, cast, signed_in
):
    settings.SNAPPORTAL_TOKEN_KEYS = {"t1": WRONG_KEY}
    page = signed_in(cast.vera).get("/").text
    assert "The stored token cannot be decrypted" in page
    assert "missing or a different one" in page


def test_one_changed_token_does_not_make_the_key_count_as_wrong(stored, correct_ring, cast):
    StoredToken.objects.filter(pk=stored[4].pk).update(sealed=b"nothing of ours, but long enough to be")
    tokens.check_keys()
    tokens.store(user_id=cast.omar.pk, label="Team", token="another-token-0123456789", stored_by_name="O")


def test_the_only_token_can_be_replaced_when_it_cannot_be_decrypted(stored, cast):
    StoredToken.objects.exclude(pk=stored[0].pk).delete()
    StoredToken.objects.update(sealed=b"nothing of ours, but long enough to be")
    with pytest.raises(KeyMismatchError):
        tokens.check_keys()
    tokens.replace(StoredToken.objects.get(), "another-token-0123456789", stored_by_name="V")
    tokens.check_keys()


def test_check_keys_tests_every_key_that_has_tokens(stored, correct_ring, settings):
    tokens.check_keys()
    settings.SNAPPORTAL_TOKEN_KEYS = {"t2": NEW_KEY, **correct_ring}
    tokens.check_keys()
    settings.SNAPPORTAL_TOKEN_KEYS = {"t2": NEW_KEY, "t1": WRONG_KEY}
    with pytest.raises(KeyMismatchError, match="t1"):
        tokens.check_keys()
    settings.SNAPPORTAL_TOKEN_KEYS = {}
    with pytest.raises(KeyMissingError):
        tokens.check_keys()
