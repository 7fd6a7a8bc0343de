"""A key for tokens is tried, not believed: one that bears the right ID and opens nothing seals nothing either."""

import pytest
from django.core.management import CommandError, call_command

from snapshots.audit.models import Entry
from snapshots.vault import tokens
from snapshots.vault.crypto import KeyMismatchError, KeyMissingError
from snapshots.vault.models import StoredToken

FALSE = bytes(range(32))
NEW = bytes(reversed(range(32)))


@pytest.fixture
def stored(cast, sandbox) -> list[StoredToken]:
    return [
        tokens.store(user_id=cast.vera.pk, label=f"Team {n}", token=f"{sandbox.token}{n}", stored_by_name="V")
        for n in range(5)
    ]


@pytest.fixture
def true_ring(settings) -> dict[str, bytes]:
    return settings.SNAPPORTAL_TOKEN_KEYS


def reseal() -> str:
    with pytest.raises(CommandError) as refused:
        call_command("reseal_tokens")
    assert refused.value.returncode == 1
    return str(refused.value)


def sealed() -> list[tuple[str, bytes]]:
    return [(one.key_id, bytes(one.sealed)) for one in StoredToken.objects.order_by("pk")]


def test_resealing_opens_each_token_whatever_key_its_row_names(stored, true_ring, settings, capsys):
    before = sealed()
    settings.SNAPPORTAL_TOKEN_KEYS = {"t1": FALSE}
    said = reseal()
    assert [one.pk for one in stored if one.pk not in said] == []
    assert "0 sealed anew, 0 were so already, 5 could not be opened" in capsys.readouterr().out
    assert sealed() == before
    settings.SNAPPORTAL_TOKEN_KEYS = true_ring
    call_command("reseal_tokens")
    assert "0 sealed anew, 5 were so already, 0 could not be opened" in capsys.readouterr().out


def test_resealing_names_a_single_token_that_was_changed(stored, true_ring, capsys):
    StoredToken.objects.filter(pk=stored[2].pk).update(sealed=b"nothing of ours, but long enough to be")
    said = reseal()
    assert [one.pk for one in stored if one.pk in said] == [stored[2].pk]
    assert "4 were so already, 1 could not be opened" in capsys.readouterr().out


def test_nothing_is_sealed_anew_with_a_false_new_key(stored, true_ring, settings):
    settings.SNAPPORTAL_TOKEN_KEYS = {"t2": NEW, **true_ring}
    assert tokens.reseal(stored[0])
    before = sealed()
    settings.SNAPPORTAL_TOKEN_KEYS = {"t2": FALSE, **true_ring}
    reseal()
    assert sealed() == before


def test_no_token_is_stored_or_replaced_with_a_false_key(
    stored, true_ring, settings, cast, sandbox, signed_in
):
    before = sealed()
    settings.SNAPPORTAL_TOKEN_KEYS = {"t1": FALSE}
    vera = signed_in(cast.vera)
    form = {"token": sandbox.token, "unchecked": "on"}
    for path in ("/tokens/add/", f"/tokens/{stored[0].pk}/replace/"):
        page = vera.post(path, form | {"label": "One more"}, follow=True)
        assert (page.status_code, "The portal cannot store tokens at the moment" in page.text) == (200, True)
        assert "Store it anyway" not in page.text
    assert sealed() == before
    told = [(row.action, row.result, row.code) for row in Entry.objects.order_by("sequence")]
    assert told == [("token.store", "refused", "key"), ("token.replace", "refused", "key")]


def test_the_servers_page_tells_that_no_token_opens(stored, true_ring, settings, cast, signed_in):
    settings.SNAPPORTAL_TOKEN_KEYS = {"t1": FALSE}
    page = signed_in(cast.vera).get("/").text
    assert "The stored token cannot be decrypted" in page
    assert "missing or a different one" in page


def test_one_changed_token_does_not_make_the_key_a_false_one(stored, true_ring, cast):
    StoredToken.objects.filter(pk=stored[4].pk).update(sealed=b"nothing of ours, but long enough to be")
    tokens.check_keys()
    tokens.store(user_id=cast.omar.pk, label="Team", token="another-token-0123456789", stored_by_name="O")


def test_the_only_token_may_be_replaced_though_it_does_not_open(stored, cast):
    StoredToken.objects.exclude(pk=stored[0].pk).delete()
    StoredToken.objects.update(sealed=b"nothing of ours, but long enough to be")
    with pytest.raises(KeyMismatchError):
        tokens.check_keys()
    tokens.replace(StoredToken.objects.get(), "another-token-0123456789", stored_by_name="V")
    tokens.check_keys()


def test_every_key_of_the_ring_that_has_tokens_is_tried(stored, true_ring, settings):
    tokens.check_keys()
    settings.SNAPPORTAL_TOKEN_KEYS = {"t2": NEW, **true_ring}
    tokens.check_keys()
    settings.SNAPPORTAL_TOKEN_KEYS = {"t2": NEW, "t1": FALSE}
    with pytest.raises(KeyMismatchError, match="t1"):
        tokens.check_keys()
    settings.SNAPPORTAL_TOKEN_KEYS = {}
    with pytest.raises(KeyMissingError):
        tokens.check_keys()
