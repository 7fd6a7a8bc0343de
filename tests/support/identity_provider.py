"""A small identity provider on this machine that can state anything, sign in any way, fail and hang."""

import base64
import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

CLIENT_ID = "snapportal"
CLIENT_SECRET = "canary-client-secret-7c1f0be2"
Reply = tuple[int, bytes]


@cache
def rsa_key(name: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig"})


def ec_key(name: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": name, "use": "sig"})


def unsigned(claims: dict[str, Any]) -> str:
    parts = [json.dumps({"alg": "none", "typ": "JWT"}), json.dumps(claims)]
    return ".".join(base64.urlsafe_b64encode(one.encode()).rstrip(b"=").decode() for one in parts) + "."


class IdentityProvider:
    """`states` is what it says of a person; `changes` are put over the claims of an ID token (None removes one)."""

    def __init__(self) -> None:
        self.url = ""
        self.keys: list[RSAKey | ECKey] = [rsa_key("first")]
        self.states: dict[str, Any] = {"sub": "subject-1", "email": "mia@example.com", "email_verified": True}
        self.changes: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.sign: Callable[[dict[str, Any]], str] = self.signed
        self.override: Callable[[str], Reply | None] = lambda path: None
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.tokens: list[str] = []
        self.date = ""

    def signed(self, claims: dict[str, Any], *, algorithm: str = "RS256", kid: str | None = "first") -> str:
        header = {"alg": algorithm} | ({"kid": kid} if kid else {})
        return jwt.encode(header, claims, self.keys[0], algorithms=[algorithm])

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            "authorization_response_iss_parameter_supported": True,
        } | self.metadata

    def authorize(self, url: str, **more: str) -> str:
        """Somebody signs in there: the path and query with which the browser comes back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["client_id"] == CLIENT_ID
        self.asked.append(asked)
        code = f"canary-code-{len(self.asked)}-{asked['state'][:6]}"
        self.codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": self.url} | more
        return f"{asked['redirect_uri']}?{urlencode(answer)}"

    def claims(self, asked: dict[str, str]) -> dict[str, Any]:
        now = int(time.time())
        own = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "auth_time": now,
        }
        found = own | self.states | self.changes
        return {name: value for name, value in found.items() if value is not None}

    def token(self, form: dict[str, str], authorization: str) -> Reply:
        pair = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if authorization != f"Basic {pair}" and form.get("client_secret") != CLIENT_SECRET:
            return 401, b'{"error": "invalid_client"}'
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if (
            asked is None
            or base64.urlsafe_b64encode(challenge).rstrip(b"=").decode() != asked["code_challenge"]
            or form.get("redirect_uri") != asked["redirect_uri"]
        ):
            return 400, b'{"error": "invalid_grant"}'
        token = self.sign(self.claims(asked))
        self.tokens.append(token)
        body = {"access_token": "canary-access-token", "token_type": "Bearer", "id_token": token}
        return 200, json.dumps(body).encode()

    def reply(self, path: str, form: dict[str, str], authorization: str) -> Reply:
        self.paths.append(path)
        if found := self.override(path):
            return found
        if path == "/.well-known/openid-configuration":
            return 200, json.dumps(self.discovery()).encode()
        if path == "/keys":
            return 200, json.dumps(KeySet(self.keys).as_dict(private=False)).encode()
        return self.token(form, authorization) if path == "/token" else (404, b"{}")


def _handler(provider: IdentityProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path == "/authorize":
                self.send_response(302)
                self.send_header("Location", provider.authorize(self.path))
                self.end_headers()
            else:
                self.send(provider.reply(path, {}, ""))

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            form = {name: values[0] for name, values in parse_qs(text).items()}
            self.send(provider.reply(self.path, form, self.headers.get("Authorization", "")))

        def send(self, reply: Reply) -> None:
            self.send_response_only(reply[0])
            self.send_header("Date", provider.date or self.date_time_string())
            self.send_header("Content-Type", "application/json")
            if 300 <= reply[0] < 400:
                self.send_header("Location", reply[1].decode())
            self.end_headers()
            with contextlib.suppress(OSError):  # the portal has hung up
                self.wfile.write(reply[1])

        def log_message(self, *_args: object) -> None:
            pass

    return Handler


@contextlib.contextmanager
def running() -> Iterator[IdentityProvider]:
    provider = IdentityProvider()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(provider))
    server.daemon_threads = True
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
