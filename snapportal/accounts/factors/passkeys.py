"""Passkeys (WebAuthn): the challenge, and the check of what the browser answers.

A challenge is kept in the session that asked for it, for one purpose and five minutes, and is used once, whatever the result. The
host of the request, which Django has checked against ALLOWED_HOSTS, is the RP ID; its origin must be the one of the answer.
"""

import hashlib
import ipaddress
import json
import struct
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from django.core.cache import cache
from django.http import HttpRequest
from django.http.request import split_domain_port
from django.utils import timezone
from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorData,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from snapportal.accounts.factors.models import Passkey
from snapportal.accounts.models import User

KEY: Final = "passkey_challenge"
SECONDS: Final = 300
LONGEST_ANSWER: Final = 20_000
REGISTER: Final = "register"
SIGN_IN: Final = "sign_in"
PROVE: Final = "prove"
MALFORMED: Final = (
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    AttributeError,
    AssertionError,
    NotImplementedError,
    OverflowError,
    RecursionError,
    struct.error,
    UnsupportedAlgorithm,
)
"""What the library raises for an answer that is not what it asked for."""


class PasskeyError(Exception):
    """The answer was not accepted. `code` is for the log."""

    def __init__(self, code: str = "wrong_passkey") -> None:
        super().__init__(code)
        self.code = code


def host_of(request: HttpRequest) -> str:
    return split_domain_port(request.get_host())[0]


def is_possible(request: HttpRequest) -> bool:
    """Browsers make passkeys for names, and not for addresses such as 127.0.0.1."""
    try:
        ipaddress.ip_address(host_of(request).strip("[]"))
    except ValueError:
        return True
    return False


def has_usable(request: HttpRequest, person: User) -> bool:
    return Passkey.objects.filter(person=person, host=host_of(request)).exists()


def _server(request: HttpRequest) -> Fido2Server:
    origin = f"{request.scheme}://{request.get_host()}"
    party = PublicKeyCredentialRpEntity(name="SnapPortal", id=host_of(request))
    return Fido2Server(party, verify_origin=lambda found: found == origin)


def _handle(person_id: int) -> bytes:
    """How authenticators know the account: it is the same for all of a person's passkeys, and names nobody."""
    return hashlib.sha256(f"snapportal passkey {person_id}".encode()).digest()


def _data(row: Passkey) -> AttestedCredentialData:
    return AttestedCredentialData(bytes(row.credential))


def _keep(request: HttpRequest, purpose: str, state: dict[str, Any]) -> None:
    kept = {"purpose": purpose, "at": timezone.now().timestamp()}
    request.session[KEY] = kept | {name: value and str(value) for name, value in state.items()}


def _take(request: HttpRequest, purpose: str) -> dict[str, Any]:
    """The challenge, which is used with that: also of two requests at once only one gets it. Raises PasskeyError."""
    kept: dict[str, Any] | None = request.session.pop(KEY, None)
    if kept is None or kept["purpose"] != purpose or timezone.now().timestamp() - kept["at"] >= SECONDS:
        raise PasskeyError("passkey_expired")
    if not cache.add(f"passkey-challenge:{kept['challenge']}", 1, SECONDS):
        raise PasskeyError("passkey_expired")
    return kept


def registration_options(request: HttpRequest, person: User) -> dict[str, Any]:
    """For a new passkey of the person, that can be used without a password if the authenticator can do that."""
    user = PublicKeyCredentialUserEntity(
        id=_handle(person.pk), name=person.username, display_name=str(person)
    )
    options, state = _server(request).register_begin(
        user,
        [_data(one) for one in Passkey.objects.filter(person=person, host=host_of(request))],
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    _keep(request, REGISTER, state)
    return dict(options)


def authentication_options(request: HttpRequest, person: User | None) -> dict[str, Any]:
    """For one of the person's passkeys; with None for whichever the browser has, which then must verify its user."""
    server = _server(request)
    if person is None:
        options, state = server.authenticate_begin(user_verification=UserVerificationRequirement.REQUIRED)
        _keep(request, SIGN_IN, state)
    else:
        own = [_data(one) for one in Passkey.objects.filter(person=person, host=host_of(request))]
        options, state = server.authenticate_begin(
            own, user_verification=UserVerificationRequirement.PREFERRED
        )
        _keep(request, PROVE, state)
    return dict(options)


def _parse(sent: str) -> dict[str, Any]:
    if len(sent) > LONGEST_ANSWER:
        raise PasskeyError
    try:
        found = json.loads(sent)
    except (ValueError, RecursionError):
        raise PasskeyError from None
    if not isinstance(found, dict):
        raise PasskeyError
    return found


def read_new(request: HttpRequest, sent: str, *, person: User, name: str) -> Passkey:
    """The passkey that the browser has made, not saved yet. Raises PasskeyError."""
    state = _take(request, REGISTER)
    try:
        answer: AuthenticatorData = _server(request).register_complete(state, _parse(sent))
    except MALFORMED:
        raise PasskeyError from None
    assert answer.credential_data is not None  # the library has checked it
    return Passkey(
        person=person,
        name=name,
        host=host_of(request),
        credential_id=websafe_encode(answer.credential_data.credential_id),
        credential=bytes(answer.credential_data),
        sign_count=answer.counter,
        created_at=timezone.now(),
    )


def _find(request: HttpRequest, answer: AuthenticationResponse) -> Passkey:
    found = (
        Passkey.objects.filter(credential_id=websafe_encode(answer.raw_id), host=host_of(request))
        .select_related("person")
        .first()
    )
    if found is None:
        raise PasskeyError
    return found


def _count_use(row: Passkey, counter: int) -> None:
    """A counter that does not grow belongs to a copy of the authenticator. 0 stays 0: many do not count.

    Raises PasskeyError.
    """
    is_copy = (counter or row.sign_count) and counter <= row.sign_count
    unchanged = Passkey.objects.filter(pk=row.pk, sign_count=row.sign_count)
    if is_copy or not unchanged.update(sign_count=counter, last_used_at=timezone.now()):
        raise PasskeyError("passkey_copied")


def verify(request: HttpRequest, sent: str, *, person: User | None) -> User:
    """Who has answered the challenge: with a passkey of `person`; with None by a passkey that verified its user and
    named the account, which then is two factors. Raises PasskeyError."""
    state = _take(request, SIGN_IN if person is None else PROVE)
    try:
        answer = AuthenticationResponse.from_dict(_parse(sent))
        data, handle = answer.response.authenticator_data, answer.response.user_handle
        if person is None and not (data.is_user_verified() and handle):
            raise PasskeyError("passkey_unverified")
        row = _find(request, answer)
        _server(request).authenticate_complete(state, [_data(row)], answer)
    except MALFORMED:
        raise PasskeyError from None
    if (handle and bytes(handle) != _handle(row.person_id)) or row.person_id != (person or row.person).pk:
        raise PasskeyError
    _count_use(row, data.counter)
    return row.person
