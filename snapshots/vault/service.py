"""Keeping tokens: checked with the provider first, then stored, replaced or removed together with the audit row."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import structlog
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError

from snapshots import connection
from snapshots.audit import journal
from snapshots.audit.journal import Actor, EntryData
from snapshots.connection import TokenCheck
from snapshots.upstream.errors import TokenRefusedError
from snapshots.vault import tokens
from snapshots.vault.crypto import SealError
from snapshots.vault.models import StoredToken
from snapshots.vault.tokens import DuplicateLabelError, TokenChangedError

log = structlog.get_logger("snapshots.vault.service")
KEY_ERROR = "key"
"""The code of a token that was not stored because our own key is missing or a false one."""


class TokenNotTakenError(Exception):
    """Nothing was stored. `may_store_unchecked`: the provider did not refuse the token, it could not be asked."""

    def __init__(self, check: TokenCheck) -> None:
        super().__init__(check.code)
        self.check = check
        self.may_store_unchecked = check.code not in {TokenRefusedError.code, KEY_ERROR}


def may_keep_tokens(person: AbstractBaseUser) -> bool:
    """Whether a token would be of any use to this person."""
    return person.is_active and person.has_perm("snapshots.keep_token")  # type: ignore[attr-defined]


def _examine(entry: EntryData, token: str, *, unchecked: bool) -> TokenCheck:
    """Ask the provider. Raises TokenNotTakenError unless it took the token, or could not say and `unchecked` is chosen.

    An attempt that ends here goes into the log as `entry`, refused.
    """
    check = connection.check_token(token)
    error = TokenNotTakenError(check)
    if not check.ok and not (unchecked and error.may_store_unchecked):
        journal.record(replace(entry, result="refused", code=check.code))
        raise error
    return check


def _note(stored: StoredToken, check: TokenCheck) -> None:
    if check.ok:
        account = check.account
        tokens.note_accepted(
            stored,
            account={"email": account.email, "name": account.name, "token_name": account.token_name}
            if account
            else {},
            permissions=account.permissions if account else (),
            server_names=None
            if check.servers is None
            else [server.name or str(server.id) for server in check.servers],
        )
    elif check.code == TokenRefusedError.code:
        tokens.note_refused(stored)


def _entry(actor: Actor, action: str, owner: object, label: str, fingerprint: str) -> EntryData:
    return actor.entry(action=action, target=str(owner), token_label=label, token_fingerprint=fingerprint)


@contextmanager
def _told(entry: EntryData) -> Iterator[None]:
    """Around a change that may not be possible: then nothing of it stays, and the log says that it was refused.

    Raises TokenChangedError, and TokenNotTakenError for a key that cannot seal.
    """
    try:
        with journal.committed():
            yield
    except TokenChangedError:
        journal.record(replace(entry, result="refused", code="token_changed"))
        raise
    except SealError as error:
        log.error("token not sealed", why=str(error))  # noqa: TRY400 - no defect of ours, and told to the person
        journal.record(replace(entry, result="refused", code=KEY_ERROR))
        raise TokenNotTakenError(TokenCheck(False, code=KEY_ERROR)) from error


def store_token(
    *, actor: Actor, owner: AbstractBaseUser, label: str, token: str, unchecked: bool = False
) -> StoredToken:
    """Raises TokenNotTakenError, DuplicateLabelError."""
    if tokens.has_label(owner.pk, label):
        raise DuplicateLabelError(label)
    entry = _entry(actor, "token.store", owner, label, tokens.fingerprint_of(token))
    check = _examine(entry, token, unchecked=unchecked)
    try:
        with _told(entry):
            stored = tokens.store(user_id=owner.pk, label=label, token=token, stored_by_name=actor.name)
            _note(stored, check)
            journal.record(replace(entry, code=check.code))
    except IntegrityError:
        if tokens.has_label(owner.pk, label):  # two forms of one label were sent at once
            raise DuplicateLabelError(label) from None
        raise
    return stored


def replace_token(*, actor: Actor, stored: StoredToken, token: str, unchecked: bool = False) -> None:
    """Raises TokenNotTakenError, TokenChangedError."""
    entry = _entry(actor, "token.replace", stored.user, stored.label, tokens.fingerprint_of(token))
    check = _examine(entry, token, unchecked=unchecked)
    with _told(entry):
        tokens.replace(stored, token, stored_by_name=actor.name)
        _note(stored, check)
        journal.record(replace(entry, code=check.code))


def remove_token(*, actor: Actor, stored: StoredToken) -> None:
    """The portal forgets the token. At the provider it stays valid until it is revoked there. Raises TokenChangedError."""
    entry = _entry(actor, "token.remove", stored.user, stored.label, stored.fingerprint)
    with _told(entry):
        tokens.remove(stored)
        journal.record(entry)


def check_stored(*, actor: Actor, stored: StoredToken) -> TokenCheck:
    """Ask the provider about a stored token, and keep what it says. Raises TokenChangedError."""
    try:
        check = connection.check_token(tokens.reveal(stored), stored.fingerprint)
    except SealError as error:
        log.warning("token does not open", token_id=stored.pk, key_id=stored.key_id, why=str(error))
        check = TokenCheck(False, code="sealed")
    entry = _entry(actor, "token.check", stored.user, stored.label, stored.fingerprint)
    with _told(entry):
        _note(stored, check)
        journal.record(replace(entry, result="completed" if check.ok else "refused", code=check.code))
    return check
