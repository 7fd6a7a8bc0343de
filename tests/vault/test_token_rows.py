"""What storing, replacing, checking and removing a token leave in the audit log and in the token's own row."""

from typing import Any

import httpx
import pytest
from django.db import IntegrityError
from django.utils import timezone

from snapshots.audit.journal import Actor
from snapshots.audit.models import Entry
from snapshots.connection import wait_until
from snapshots.vault import crypto, service, tokens
from snapshots.vault.crypto import KeyMismatchError, KeyMissingError, SealError
from snapshots.vault.models import StoredToken
from snapshots.vault.service import TokenNotStoredError
from snapshots.vault.tokens import DuplicateLabelError, TokenChangedError

pytestmark = pytest.mark.django_db
ADA = Actor(id=7, name="Ada", role="admin", address="203.0.113.7", request_id="r-7")
TOKEN, NEWER = "a-token-of-the-tests-0001", "a-token-of-the-tests-0002"
LISTS = {
    "/api/v1/snapshots/": {"count": 0, "next": None, "results": []},
    "/api/v1/servers/": {"results": [{"id": 7, "name": "web"}, {"id": 8, "name": ""}]},
    "/api/v1/account/me/": {
        "account": {"email": "ops@example.com", "first_name": "Tess"},
        "token": {"name": "portal", "permissions": ["read", "write"]},
    },
}


@pytest.fixture
def stored(cast) -> StoredToken:
    return tokens.store(user_id=cast.vera.pk, label="Team", token=TOKEN, stored_by_name="Vera")


@pytest.fixture
def provider(double) -> Any:
    """Sets the status with which the provider answers, for good."""

    def answer(status: int) -> None:
        double.answer = lambda request: httpx.Response(status, json=LISTS[request.url.path])

    answer(200)
    return answer


def last_row() -> tuple[Any, ...]:
    row = Entry.objects.latest("sequence")
    assert (row.actor_name, row.actor_role, row.address, row.request_id) == (
        "Ada",
        "admin",
        "203.0.113.7",
        "r-7",
    )
    return row.action, row.result, row.code, row.full_target, row.token_label, row.token_fingerprint


def row_of(action: str, result: str, code: str = "", token: str = TOKEN) -> tuple[Any, ...]:
    return action, result, code, "Vera", "Team", tokens.fingerprint_of(token)


def store(cast, **more: Any) -> StoredToken:
    return service.store_token(actor=ADA, owner=cast.vera, label="Team", token=TOKEN, **more)


def test_a_stored_token_is_recorded_with_its_owner_and_fingerprint(cast, provider):
    stored = store(cast)
    assert last_row() == row_of("token.store", "completed")
    assert (stored.user_id, stored.stored_by_name, stored.hint) == (cast.vera.pk, "Ada", "0001")
    assert tokens.decrypt(StoredToken.objects.get()) == TOKEN


def test_what_the_provider_says_of_a_token_is_stored_with_it(cast, provider):
    before = timezone.now()
    store(cast)
    stored = StoredToken.objects.get()
    assert (stored.account_email, stored.account_name, stored.token_name) == (
        "ops@example.com",
        "Tess",
        "portal",
    )
    assert stored.permissions == ["read", "write"]
    assert (stored.server_names, stored.server_count) == (["web", "8"], 2)
    assert before <= stored.created_at <= stored.checked_at <= timezone.now()
    assert stored.refused_at is None


def test_what_the_provider_does_not_say_stays_empty(cast, double):
    double.answer = lambda request: (
        httpx.Response(200, json=LISTS[request.url.path])
        if "snapshots" in request.url.path
        else httpx.Response(403)
    )
    stored = StoredToken.objects.get(pk=store(cast).pk)
    assert (stored.account_email, stored.account_name, stored.token_name) == ("", "", "")
    assert (stored.permissions, stored.server_names, stored.server_count) == ([], [], None)
    assert stored.checked_at


@pytest.mark.parametrize(
    ("status", "code", "more"), [(401, "token_refused", {"unchecked": True}), (500, "server_fault", {})]
)
def test_a_token_that_was_not_accepted_is_not_stored_and_the_refusal_is_recorded(
    cast, provider, status, code, more
):
    provider(status)
    with pytest.raises(TokenNotStoredError, match=code) as error:
        store(cast, **more)
    assert (error.value.check.code, error.value.may_store_unchecked) == (code, status != 401)
    assert last_row() == row_of("token.store", "refused", code)
    assert not StoredToken.objects.exists()


def test_a_token_stored_unchecked_is_recorded_with_the_reason_why_it_was_not_checked(cast, provider):
    provider(500)
    store(cast, unchecked=True)
    assert last_row() == row_of("token.store", "completed", "server_fault")
    assert StoredToken.objects.get().checked_at is None


def test_a_label_that_is_taken_is_refused_before_the_provider_is_asked(cast, double, stored):
    asked = []
    double.answer = lambda request: asked.append(request) or httpx.Response(500)
    with pytest.raises(DuplicateLabelError, match="Team"):
        store(cast)
    with pytest.raises(DuplicateLabelError, match="Team"):
        tokens.store(user_id=cast.vera.pk, label="Team", token=TOKEN, stored_by_name="Vera")
    assert asked == []
    assert not tokens.has_label(cast.omar.pk, "Team")
    assert not tokens.has_label(cast.vera.pk, "Other")


def test_of_two_forms_with_one_label_sent_at_once_the_second_is_told_so(cast, double):
    def store_meanwhile(request: httpx.Request) -> httpx.Response:
        if not StoredToken.objects.exists():
            tokens.store(user_id=cast.vera.pk, label="Team", token=NEWER, stored_by_name="Vera")
        return httpx.Response(200, json=LISTS[request.url.path])

    double.answer = store_meanwhile
    with pytest.raises(DuplicateLabelError, match=r"\ATeam\Z"):
        store(cast)
    assert tokens.decrypt(StoredToken.objects.get()) == NEWER


def test_an_integrity_error_of_another_cause_is_not_told_as_a_label_that_is_taken(
    cast, provider, monkeypatch
):
    def fail(*_arguments: Any, **_options: Any) -> None:
        raise IntegrityError("another constraint")

    monkeypatch.setattr(StoredToken, "save", fail)
    with pytest.raises(IntegrityError, match="another constraint"):
        store(cast)


def test_a_replaced_token_is_recorded_with_the_new_fingerprint(stored, provider):
    service.replace_token(actor=ADA, stored=stored, token=NEWER)
    assert last_row() == row_of("token.replace", "completed", token=NEWER)
    now = StoredToken.objects.get()
    assert (tokens.decrypt(now), now.stored_by_name, now.label) == (NEWER, "Ada", "Team")
    assert (now.fingerprint, now.hint) == (tokens.fingerprint_of(NEWER), "0002")
    assert now.account_email == "ops@example.com"


def test_a_replacement_is_not_stored_unchecked_unless_that_is_asked_for(stored, provider):
    provider(500)
    with pytest.raises(TokenNotStoredError):
        service.replace_token(actor=ADA, stored=stored, token=NEWER)
    assert last_row() == row_of("token.replace", "refused", "server_fault", NEWER)
    assert tokens.decrypt(StoredToken.objects.get()) == TOKEN
    service.replace_token(actor=ADA, stored=stored, token=NEWER, unchecked=True)
    assert last_row() == row_of("token.replace", "completed", "server_fault", NEWER)


def test_a_replacement_forgets_what_was_known_of_the_old_token(stored, provider):
    service.check_stored(actor=ADA, stored=stored)
    provider(401)
    service.check_stored(actor=ADA, stored=stored)
    tokens.replace(stored, NEWER, stored_by_name="Ada")
    now = StoredToken.objects.get()
    assert (now.checked_at, now.refused_at, now.server_count) == (None, None, None)
    assert (now.account_email, now.account_name, now.token_name) == ("", "", "")
    assert (now.permissions, now.server_names) == ([], [])


def test_a_removed_token_is_recorded_and_gone(stored):
    service.remove_token(actor=ADA, stored=stored)
    assert last_row() == row_of("token.remove", "completed")
    assert not StoredToken.objects.exists()


@pytest.mark.parametrize(
    ("status", "result", "code"), [(200, "completed", ""), (401, "refused", "token_refused")]
)
def test_a_check_is_recorded_with_its_result(stored, provider, status, result, code):
    provider(status)
    check = service.check_stored(actor=ADA, stored=stored)
    assert (check.ok, check.code) == (status == 200, code)
    assert last_row() == row_of("token.check", result, code)
    now = StoredToken.objects.get()
    assert (now.refused_at is None, now.checked_at is None) == (status == 200, status != 200)
    assert stored.refused_at == now.refused_at


def test_a_check_of_a_token_that_does_not_decrypt_asks_nobody_and_is_recorded(stored, double, settings):
    asked = []
    double.answer = lambda request: asked.append(request) or httpx.Response(500)
    settings.SNAPPORTAL_TOKEN_KEYS = {"t1": bytes(32)}
    check = service.check_stored(actor=ADA, stored=stored)
    assert (check.ok, check.code, asked) == (False, "sealed", [])
    assert last_row() == row_of("token.check", "refused", "sealed")


def test_a_check_heeds_the_wait_that_the_provider_asked_for_of_the_stored_token(stored, double):
    """A stored fingerprint stays when SECRET_KEY changes: the wait is kept under it, not under a new one."""
    StoredToken.objects.update(fingerprint="f" * 64)
    stored.refresh_from_db()
    asked = []
    double.answer = lambda request: (
        asked.append(request) or httpx.Response(429, headers={"Retry-After": "120"})
    )
    for _again in range(2):
        service.check_stored(actor=ADA, stored=stored)
    assert len(asked) == 1
    stored.refresh_from_db()
    assert wait_until("f" * 64)
    assert wait_until(tokens.fingerprint_of(TOKEN)) is None


def test_the_first_refusal_sets_the_time(stored):
    tokens.record_refused(stored)
    first = stored.refused_at
    assert first is not None
    tokens.record_refused(stored)
    assert stored.refused_at == StoredToken.objects.get().refused_at == first


def test_a_token_that_was_removed_cannot_be_written_or_removed_again(stored):
    StoredToken.objects.all().delete()
    with pytest.raises(TokenChangedError, match=stored.pk):
        tokens.remove(stored)
    with pytest.raises(TokenChangedError, match=stored.pk):
        tokens.replace(stored, NEWER, stored_by_name="Ada")
    assert not StoredToken.objects.exists()


def test_resealing_changes_no_other_row_and_no_row_that_changed_meanwhile(cast, stored, settings):
    copy = StoredToken.objects.get()
    other = tokens.store(user_id=cast.vera.pk, label="Other", token=NEWER, stored_by_name="Vera")
    StoredToken.objects.filter(pk=other.pk).update(
        sealed=stored.sealed
    )  # a copied row, which does not decrypt
    settings.SNAPPORTAL_TOKEN_KEYS = {"t2": bytes(range(32)), **settings.SNAPPORTAL_TOKEN_KEYS}
    assert tokens.reseal(stored) is True
    other.refresh_from_db()
    assert other.key_id == "t1"
    assert tokens.reseal(copy) is False  # another process was quicker
    assert tokens.decrypt(StoredToken.objects.get(pk=stored.pk)) == TOKEN


def test_the_errors_of_a_key_say_what_is_wrong(stored, settings):
    binding = crypto.Binding("stored_token", "sealed", "abcdefghij", 7)
    with pytest.raises(KeyMissingError, match=r"\Athere is no key to seal with\Z"):
        crypto.seal(TOKEN, ring={}, binding=binding)
    with pytest.raises(KeyMissingError, match=r"\Athe key k9 is not in the ring\Z"):
        crypto.open_sealed(b"", key_id="k9", ring={}, binding=binding)
    with pytest.raises(SealError, match=r"\Athe sealed token does not open in this row\Z"):
        crypto.open_sealed(b"x" * 40, key_id="k9", ring={"k9": bytes(32)}, binding=binding)
    settings.SNAPPORTAL_TOKEN_KEYS = {"t1": bytes(32)}
    with pytest.raises(
        KeyMismatchError,
        match=r"\Athe key t1 opens no token that was sealed under its ID: it is a wrong key\Z",
    ):
        tokens.check_keys()
    settings.SNAPPORTAL_TOKEN_KEYS = {}
    with pytest.raises(KeyMissingError, match=r"\Athere is no key to seal with\Z"):
        tokens.check_keys()
