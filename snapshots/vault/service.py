"""Checks tokens with the provider, and stores, replaces or removes them in one transaction with the audit row."""

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
from snapshots.vault.statements import limits_said
from snapshots.vault.tokens import DuplicateLabelError, TokenChangedError

log = structlog.get_logger("snapshots.vault.service")
KEY_ERROR = "key"
"""The code when a token was not stored because the portal's own encryption key is missing or wrong."""


class TokenNotStoredError(Exception):
    """Nothing was stored. `may_store_unchecked`: the provider did not refuse the token but could not be asked."""

    def __init__(self, check: TokenCheck) -> None:
        super().__init__(check.code)
        self.check = check
        self.may_store_unchecked = check.code not in {TokenRefusedError.code, KEY_ERROR}


def may_keep_tokens(person: AbstractBaseUser) -> bool:
    """Whether this person is active and has the permission to store tokens."""
    return person.is_active and person.has_perm("snapshots.keep_token")  # type: ignore[attr-defined]


def _check_with_provider(entry: EntryData, token: str, *, unchecked: bool) -> TokenCheck:
    """Ask the provider. Raises TokenNotStoredError unless it accepts the token.

    With `unchecked`, a provider that could not be asked is no error. On failure `entry` is recorded as refused.
    """
    check = connection.check_token(token)
    error = TokenNotStoredError(check)
    if not check.ok and not (unchecked and error.may_store_unchecked):
        journal.record(replace(entry, result="refused", code=check.code))
        raise error
    return check


def _store_check_result(stored: StoredToken, check: TokenCheck) -> None:
    if check.ok:
        account = check.account
        tokens.record_accepted(
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
        tokens.record_refused(stored)


def _entry(actor: Actor, action: str, owner: AbstractBaseUser, label: str, fingerprint: str) -> EntryData:
    return actor.entry(
        action=action,
        target=str(owner),
        target_person_id=owner.pk,
        token_label=label,
        token_fingerprint=fingerprint,
    )


@contextmanager
def _recording_refusal(entry: EntryData) -> Iterator[None]:
    """Run a change in a transaction; when it fails, roll it back and record `entry` as refused.

    Raises TokenChangedError, and TokenNotStoredError when the encryption key is missing or wrong.
    """
    try:
        with journal.committed():
            yield
    except TokenChangedError:
        journal.record(replace(entry, result="refused", code="token_changed"))
        raise
    except SealError as error:
        log.error("token encryption failed", why=str(error))  # noqa: TRY400 - a configuration fault that the page reports
        journal.record(replace(entry, result="refused", code=KEY_ERROR))
        raise TokenNotStoredError(TokenCheck(False, code=KEY_ERROR)) from error


def store_token(
    *,
    actor: Actor,
    owner: AbstractBaseUser,
    label: str,
    token: str,
    unchecked: bool = False,
    is_closed: bool = False,
) -> StoredToken:
    """Store a new token. `is_closed`: it can be used for nothing until its limits are set (limiting.py).

    Raises TokenNotStoredError, DuplicateLabelError.
    """
    if tokens.has_label(owner.pk, label):
        raise DuplicateLabelError(label)
    entry = _entry(actor, "token.store", owner, label, tokens.fingerprint_of(token))
    check = _check_with_provider(entry, token, unchecked=unchecked)
    try:
        with _recording_refusal(entry):
            stored = tokens.store(
                user_id=owner.pk,
                label=label,
                token=token,
                stored_by_name=actor.name,
                limited_by_id=int(actor.id or 0) if is_closed else None,
            )
            _store_check_result(stored, check)
            evidence = limits_said(stored.limits) if is_closed else ""
            journal.record(replace(entry, code=check.code, evidence=evidence))
    except IntegrityError:
        if tokens.has_label(owner.pk, label):  # two forms with the same label were sent at once
            raise DuplicateLabelError(label) from None
        raise
    return stored


def replace_token(*, actor: Actor, stored: StoredToken, token: str, unchecked: bool = False) -> StoredToken:
    """Replace a stored token and return it. Raises TokenNotStoredError, TokenChangedError."""
    entry = _entry(actor, "token.replace", stored.user, stored.label, tokens.fingerprint_of(token))
    check = _check_with_provider(entry, token, unchecked=unchecked)
    with _recording_refusal(entry):
        tokens.replace(stored, token, stored_by_name=actor.name)
        _store_check_result(stored, check)
        journal.record(replace(entry, code=check.code))
    return stored


def remove_token(*, actor: Actor, stored: StoredToken) -> None:
    """Delete the token from the portal; it stays valid until revoked at the provider. Raises TokenChangedError."""
    entry = _entry(actor, "token.remove", stored.user, stored.label, stored.fingerprint)
    with _recording_refusal(entry):
        tokens.remove(stored)
        journal.record(entry)


def check_stored(*, actor: Actor, stored: StoredToken) -> TokenCheck:
    """Check a stored token with the provider and store the result. Raises TokenChangedError."""
    try:
        check = connection.check_token(tokens.decrypt(stored), stored.fingerprint)
    except SealError as error:
        log.warning("token decryption failed", token_id=stored.pk, key_id=stored.key_id, why=str(error))
        check = TokenCheck(False, code="sealed")
    entry = _entry(actor, "token.check", stored.user, stored.label, stored.fingerprint)
    with _recording_refusal(entry):
        _store_check_result(stored, check)
        journal.record(replace(entry, result="completed" if check.ok else "refused", code=check.code))
    return check
