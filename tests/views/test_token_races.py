"""A token that is removed, replaced or re-encrypted by another request while the provider is asked about it."""

import httpx
import pytest

from snapshots.audit.journal import Actor
from snapshots.vault import service, tokens
from snapshots.vault.models import StoredToken
from snapshots.vault.tokens import TokenChangedError
from tests.support.token_pages import recorded, url

REPLACEMENT = "another-token-1234567890"
TOO_LATE = "was removed or replaced in the meantime"


def remove_meanwhile(stored: StoredToken) -> None:
    StoredToken.objects.all().delete()


def replace_meanwhile(stored: StoredToken) -> None:
    tokens.replace(StoredToken.objects.get(), REPLACEMENT, stored_by_name="Ada")


@pytest.fixture
def interfere(double, stored):
    """A function that makes a change happen while the provider is being asked about the token."""

    def during_check(change, status: int) -> None:
        pending = [change]

        def answer(request):
            while pending:
                pending.pop()(stored)
            return httpx.Response(status, json={"count": 0, "next": None, "results": []})

        double.answer = answer

    return during_check


@pytest.mark.parametrize("status", [200, 401])
@pytest.mark.parametrize("name", ["token_check", "token_replace"])
def test_a_token_removed_while_the_provider_is_asked_does_not_come_back(
    vera, stored, interfere, name, status
):
    interfere(remove_meanwhile, status)
    vera.post(url(name, stored), {"token": "a-third-token-1234567890"})
    assert not StoredToken.objects.exists()
    assert [result for _action, result, _code, _label in recorded()] == ["refused"]


@pytest.mark.parametrize("name", ["token_check", "token_replace"])
def test_a_token_replaced_while_the_provider_is_asked_stays_as_it_was_replaced(vera, stored, interfere, name):
    interfere(replace_meanwhile, 200)
    page = vera.post(url(name, stored), {"token": "a-third-token-1234567890"}, follow=True).content.decode()
    assert TOO_LATE in page
    now = StoredToken.objects.get()
    assert tokens.decrypt(now) == REPLACEMENT
    assert (now.stored_by_name, now.checked_at) == ("Ada", None)
    assert recorded() == [(name.replace("_", "."), "refused", "token_changed", "Team")]


@pytest.mark.parametrize("change", [remove_meanwhile, replace_meanwhile])
def test_a_token_removed_or_replaced_meanwhile_cannot_be_removed(cast, stored, change):
    read_before = StoredToken.objects.get()
    change(stored)
    left = list(StoredToken.objects.values())
    with pytest.raises(TokenChangedError):
        service.remove_token(actor=Actor(id=cast.vera.pk, name="Vera", role="viewer"), stored=read_before)
    assert list(StoredToken.objects.values()) == left
    assert recorded() == [("token.remove", "refused", "token_changed", "Team")]


def test_a_token_re_encrypted_while_the_provider_is_asked_still_counts_as_unchanged(
    vera, stored, interfere, settings
):
    def reseal_meanwhile(stored: StoredToken) -> None:
        settings.SNAPPORTAL_TOKEN_KEYS = {"t2": bytes(range(32)), **settings.SNAPPORTAL_TOKEN_KEYS}
        assert tokens.reseal(StoredToken.objects.get())

    interfere(reseal_meanwhile, 200)
    vera.post(url("token_check", stored))
    now = StoredToken.objects.get()
    assert now.checked_at
    assert (now.key_id, tokens.decrypt(now)) == ("t2", tokens.decrypt(stored))
