"""An authenticator in Python: it answers the portal's challenges as a browser would, rightly or wrongly."""

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from django.urls import reverse
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

ORIGIN = "http://testserver"
PRESENT, VERIFIED, HAS_KEY = 1, 4, 64


@dataclass
class SoftKey:
    """One credential for one host. `changes` of an answer: origin, host, flags, count, handle, signature."""

    host: str = "testserver"
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    handle: bytes = b""
    count: int = 0

    def _client_data(self, kind: str, challenge: str, origin: str) -> bytes:
        found = {"type": f"webauthn.{kind}", "challenge": challenge, "origin": origin, "crossOrigin": False}
        return json.dumps(found).encode()

    def _data(self, flags: int, count: int, host: str, credential: bytes = b"") -> AuthenticatorData:
        digest = hashlib.sha256(host.encode()).digest()
        return AuthenticatorData.create(digest, flags, count, credential)

    def make(self, options: dict[str, Any], *, origin: str = ORIGIN, flags: int = PRESENT | VERIFIED) -> str:
        """The answer to `navigator.credentials.create`."""
        public = options["publicKey"]
        self.handle = websafe_decode(public["user"]["id"])
        credential = AttestedCredentialData.create(
            bytes(16), self.credential_id, ES256.from_cryptography_key(self.key.public_key())
        )
        data = self._data(flags | HAS_KEY, self.count, self.host, credential)
        response = {
            "clientDataJSON": websafe_encode(self._client_data("create", public["challenge"], origin)),
            "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
        }
        return self._answer(response)

    def use(
        self,
        options: dict[str, Any],
        *,
        origin: str = ORIGIN,
        host: str = "",
        kind: str = "get",
        flags: int = PRESENT | VERIFIED,
        counts: int = 1,
        handle: bytes | None = None,
        signer: ec.EllipticCurvePrivateKey | None = None,
    ) -> str:
        """The answer to `navigator.credentials.get`."""
        self.count += counts
        client_data = self._client_data(kind, options["publicKey"]["challenge"], origin)
        data = self._data(flags, self.count, host or self.host)
        signed = bytes(data) + hashlib.sha256(client_data).digest()
        signature = (signer or self.key).sign(signed, ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": websafe_encode(client_data),
            "authenticatorData": websafe_encode(bytes(data)),
            "signature": websafe_encode(signature),
        }
        known = self.handle if handle is None else handle
        return self._answer(response | ({"userHandle": websafe_encode(known)} if known else {}))

    def _answer(self, response: dict[str, str]) -> str:
        raw_id = websafe_encode(self.credential_id)
        return json.dumps({"id": raw_id, "rawId": raw_id, "type": "public-key", "response": response})


def options(browser: Client, query: str = "", **extra: str) -> dict[str, Any]:
    found: dict[str, Any] = browser.get(f"{reverse('passkey_options')}{query}", **extra).json()
    return found


def register(browser: Client, key: SoftKey, name: str = "key") -> Any:
    answer = key.make(options(browser, "?new"))
    return browser.post(reverse("passkey_add"), {"name": name, "passkey": answer})
