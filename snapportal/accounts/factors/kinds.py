"""By what somebody proves who it is: one object for each kind. The pages that ask show those that a person has.

A kind whose proof does not come with a form, such as a visit to an identity provider, has no `check`: its template leads there,
and what takes the person back calls step_up.note_proof.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from snapportal.accounts import statements, throttle
from snapportal.accounts.factors import authenticator, code_limit, passkeys, recovery, service
from snapportal.accounts.factors.passkeys import PasskeyError
from snapportal.accounts.models import User
from snapportal.accounts.signing_in import (
    client_address,
    record_refused_proof,
    refuse_while_blocked,
)
from snapportal.accounts.ways_in import can_prove_password, has_single_sign_on, may_use_password
from snapshots.audit.wording.statements import joined
from snapshots.notifications.events import CODES_STOPPED
from snapshots.vault.crypto import SealError
from snapshots.views.actor import actor_of

log = structlog.get_logger("snapportal.factors")
FIELD_PREFIX: Final = "step_up_"


class ProofRefusedError(Exception):
    """`text` is for the page. An empty `code` is neither recorded nor counted, one that is not the person's fault not counted."""

    def __init__(self, code: str, text: str, *, is_counted: bool = True) -> None:
        super().__init__(code)
        self.code = code
        self.text = text
        self.is_counted = is_counted


@dataclass(frozen=True)
class ProofKind:
    """`check` gets what the form sent, and returns how the log calls the proof; it raises ProofRefusedError."""

    code: str
    template: str
    is_for: Callable[[HttpRequest, User], bool]
    check: Callable[[HttpRequest, User, str], str] | None
    is_second_factor: bool = True

    @property
    def field(self) -> str:
        return f"{FIELD_PREFIX}{self.code}"


def _check_password(request: HttpRequest, person: User, typed: str) -> str:
    if not person.check_password(typed) or not may_use_password(person):
        raise ProofRefusedError("wrong_password", _("That is not your password. Nothing was sent."))
    return statements.PASSWORD.said()


def _refuse_for_now(minutes: int) -> ProofRefusedError:
    text = ngettext(
        "There were too many wrong codes for you. Codes of the app are accepted again in %d minute, and other proofs now.",
        "There were too many wrong codes for you. Codes of the app are accepted again in %d minutes, and other proofs now.",
        minutes,
    )
    return ProofRefusedError("", text % minutes, is_counted=False)


def _check_code(request: HttpRequest, person: User, typed: str) -> str:
    try:
        begun = code_limit.begin_try(person)
    except code_limit.TooManyCodesError as error:
        raise _refuse_for_now(error.minutes) from None
    row = authenticator.find(person)
    try:
        is_right = row is not None and authenticator.use(row, typed)
    except SealError as fault:
        code_limit.take_back(begun)
        log.error("authenticator.sealed", why=str(fault))  # noqa: TRY400 - a configuration fault that the page reports
        text = _(
            "The portal cannot read the secret of your app: its key is missing or a different one. Tell your admin."
        )
        raise ProofRefusedError("key", text, is_counted=False) from None
    if not is_right:
        code = CODES_STOPPED if code_limit.minutes_to_wait(person) else "wrong_code"
        text = _(
            "This code is wrong, or was used already. Wait for the app's next one, and check your phone's clock."
        )
        raise ProofRefusedError(code, text)
    code_limit.take_back(begun)
    return service.APP


def _check_passkey(request: HttpRequest, person: User, sent: str) -> str:
    try:
        passkeys.verify(request, sent, person=person)
    except PasskeyError as error:
        raise ProofRefusedError(error.code, _("The passkey was not accepted. Try again.")) from None
    return statements.PASSKEY.said()


def _check_recovery_code(request: HttpRequest, person: User, typed: str) -> str:
    actor = replace(actor_of(request), id=person.pk, name=str(person), role=person.role)
    left = service.use_recovery_code(actor=actor, person=person, code=typed)
    if left is None:
        raise ProofRefusedError("wrong_recovery_code", _("This recovery code is wrong, or was used already."))
    return joined([statements.RECOVERY_CODE.said(), statements.CODES_LEFT.said(count=left)], ", ")


PASSWORD: Final = ProofKind(
    "password",
    "accounts/proofs/_password.html",
    lambda _request, person: can_prove_password(person),
    _check_password,
    is_second_factor=False,
)
TOTP: Final = ProofKind(
    "totp",
    "accounts/proofs/_totp.html",
    lambda _request, person: authenticator.find(person) is not None,
    _check_code,
)
PASSKEY: Final = ProofKind("passkey", "accounts/proofs/_passkey.html", passkeys.has_usable, _check_passkey)
RECOVERY_CODE: Final = ProofKind(
    "recovery_code",
    "accounts/proofs/_recovery_code.html",
    lambda _request, person: recovery.left(person) > 0,
    _check_recovery_code,
)
SINGLE_SIGN_ON: Final = ProofKind(
    "single_sign_on",
    "accounts/proofs/_single_sign_on.html",
    lambda _request, person: has_single_sign_on(person),
    None,
    is_second_factor=False,
)
"""Its template leads to the identity provider: see oidc/confirm_views.py."""
STEP_UP: Final[Sequence[ProofKind]] = (PASSWORD, TOTP, PASSKEY, SINGLE_SIGN_ON)
"""A recovery code is for coming in without the phone, and not for confirming single actions."""
SECOND_STEP: Final[Sequence[ProofKind]] = (TOTP, PASSKEY, RECOVERY_CODE)


@dataclass(frozen=True)
class Attempt:
    """`words` is how the log calls the proof if it is right. Else `error` is for the page, or `response` is the answer."""

    kind: ProofKind | None = None
    words: str = ""
    error: str = ""
    response: HttpResponse | None = None


def sent_kind(request: HttpRequest, kinds: Sequence[ProofKind]) -> ProofKind | None:
    """The kind of proof that the form holds."""
    return next((kind for kind in kinds if kind.check and request.POST.get(kind.field)), None)


def attempt(request: HttpRequest, person: User, kind: ProofKind, *, action: str) -> Attempt:
    """Check the proof that was sent; a refusal is counted and recorded as one of `action`."""
    assert kind.check is not None
    minutes = throttle.minutes_to_wait(person.username, client_address(request))
    if minutes:
        return Attempt(response=refuse_while_blocked(request, action, person.username, minutes))
    try:
        return Attempt(kind, kind.check(request, person, request.POST[kind.field]))
    except ProofRefusedError as refusal:
        if refusal.code:
            record_refused_proof(
                request, action, person.username, refusal.code, is_counted=refusal.is_counted
            )
        return Attempt(kind, error=refusal.text)
