"""Scripts that use the API: a key, and a client that sends it."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from snapportal.accounts.models import User
from snapshots.api import keys
from snapshots.api.models import RIGHTS, ApiKey
from snapshots.audit.journal import Actor
from snapshots.vault.models import StoredToken
from tests.support.api_document import check_documented
from tests.support.desk import Desk


def make_key(
    owner: User, token: StoredToken | None = None, *, rights: Any = None, name: str = "ci", **limits: Any
) -> tuple[ApiKey, str]:
    """With every right that the owner has, unless `rights` are given."""
    actor = Actor(id=owner.pk, name=str(owner), role=owner.role)
    allowed = [one for one in RIGHTS if owner.has_perm(one)] if rights is None else rights
    return keys.create(
        actor=actor, owner=owner, wish=keys.Wish(name=name, rights=allowed, token=token, **limits)
    )


@dataclass
class Script:
    """Sends requests with a key."""

    secret: str
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """`path` below /api/v1/; an underscore in a header's name is a hyphen. The answer's status is documented.

        Headers are sent as UTF-8, which WSGI hands on as Latin-1.
        """
        named = {
            name.replace("_", "-"): value.encode(errors="surrogateescape").decode("latin-1")
            for name, value in headers.items()
        }
        address = path if path.startswith("/") else f"/api/v1/{path}"
        answer = self.client.generic(
            method,
            address,
            "" if body is None else json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.secret}", **named},
        )
        check_documented(method, address, answer)
        return answer

    def get(self, path: str, **headers: str) -> Any:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)

    def delete(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("DELETE", path, body, **headers)


def script_of(desk: Desk, **limits: Any) -> Script:
    return Script(make_key(desk.user, desk.token, **limits)[1])
