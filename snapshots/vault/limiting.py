"""Sets what a stored token may be used for. A change and its row of the log are one transaction."""

from dataclasses import replace

from django.contrib.auth import get_user_model

from snapshots import contract
from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.audit.wording.statements import joined
from snapshots.vault import tokens
from snapshots.vault.limits import RIGHTS, Limits, complete
from snapshots.vault.models import StoredToken
from snapshots.vault.statements import limits_said
from snapshots.vault.tokens import TokenChangedError

MANAGE = "tokens.manage"


class LimitsRefusedError(Exception):
    """Nothing was changed; `code` is limited_by_admin, reason_missing or not_allowed_any_more."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def set_limits(*, actor: Actor, stored: StoredToken, limits: Limits, reason: str = "") -> StoredToken:
    """Limit a token, or lift limits. What somebody else set for its owner, the owner can narrow and not widen.

    A refusal is recorded. Raises LimitsRefusedError, TokenChangedError, JournalUnavailableError.
    """
    reason = contract.clean_reason(reason, 1000)
    if limits.rights is not None:
        rights = tuple(complete(limits.rights))
        limits = replace(limits, rights=None if rights == RIGHTS else rights)
    entry = actor.entry(
        action="token.limit",
        target=str(stored.user),
        target_person_id=stored.user_id,
        token_label=stored.label,
        token_fingerprint=stored.fingerprint,
        reason=reason,
    )
    before = stored.limits
    try:
        with journal.committed():
            row = tokens.locked(stored)
            before = row.limits
            journal.record(replace(entry, evidence=_changed(before, limits)))
            by_id = _check(actor, row, limits, reason)
            kept_reason = reason if by_id in {None, actor.id} else row.limit_reason
            tokens.limit(row, limits, by_id=by_id, reason=kept_reason)
    except LimitsRefusedError as error:
        evidence = _changed(before, limits)
        journal.record(replace(entry, result="refused", code=error.code, evidence=evidence))
        raise
    except TokenChangedError:
        journal.record(replace(entry, result="refused", code="token_changed"))
        raise
    return row


def _changed(before: Limits, after: Limits) -> str:
    return joined([limits_said(before), limits_said(after)], " → ")


def _check(actor: Actor, row: StoredToken, limits: Limits, reason: str) -> int | None:
    """Under the log's lock, so that a role that was just changed counts. Returns whose limits they are from now on."""
    person = get_user_model().objects.filter(pk=actor.id or 0).first()
    is_own = row.user_id == actor.id
    is_admin = person is not None and person.has_perm(MANAGE)
    may_keep = person is not None and person.has_perm("snapshots.keep_token")
    if not may_keep or not (is_own or is_admin):
        raise LimitsRefusedError("not_allowed_any_more")
    if is_own and not is_admin:
        if row.limited_by_id is not None and not limits.is_within(row.limits):
            raise LimitsRefusedError("limited_by_admin")
        return row.limited_by_id
    if is_own:
        return None
    if limits.exist and not reason:
        raise LimitsRefusedError("reason_missing")
    return int(actor.id or 0)
