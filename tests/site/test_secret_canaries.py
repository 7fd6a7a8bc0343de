"""Known tokens and API keys are used in successful and failing requests, and then searched for in every output."""

import base64
import json
import re
from itertools import cycle
from urllib.parse import quote

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from snapportal.accounts.session_models import PersonSession as Session
from snapshots.audit.models import Entry
from snapshots.inventory.reader import expire
from snapshots.operations.models import Action, Operation
from snapshots.sandbox.models import Token, hash_token
from snapshots.sandbox.provider import PERMISSIONS
from snapshots.upstream import errors
from snapshots.vault.models import StoredToken
from tests.support import hostile
from tests.support.api import Script
from tests.support.database_text import database_text
from tests.support.desk import Desk, make_desk
from tests.support.provider import make_client

GOOD = 'canary/good+6f1d"b27\\e41'
REPLACING = "canary-replacing-83c5a0d96f7e"
REFUSED = "canary-refused-4be21f07a95d"
UNREACHABLE = "canary-unreachable-d07e3f9a52b1"
CANARIES = (GOOD, REPLACING, REFUSED, UNREACHABLE)


def escaped(token: str) -> str:
    """The token in JSON with every character escaped."""
    return "".join(f"\\u{ord(sign):04x}" for sign in token)


def in_json(token: str) -> str:
    """The token in JSON with slashes escaped, as some encoders do."""
    return json.dumps(token)[1:-1].replace("/", "\\/")


def disguises(token: str) -> set[str]:
    raw = token.encode()
    return {
        token,
        token[::-1],
        json.dumps(token)[1:-1],
        in_json(token),
        escaped(token),
        quote(token),
        quote(token, safe=""),
        token.replace('"', "&quot;"),
        token.replace('"', '""'),
        repr(token)[1:-1],
        raw.hex(),
        raw.hex().upper(),
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
    }


def assert_unseen(where: str, text: str) -> None:
    for token in CANARIES:
        for disguise in disguises(token):
            assert disguise not in text, f"a token is in {where}"


def admit(sandbox, token: str) -> None:
    Token.objects.create(
        account=sandbox.account, name="canary", digest=hash_token(token), permissions=list(PERMISSIONS), created_at=timezone.now()
    )  # fmt: skip


class Browser:
    """A client that collects every response."""

    def __init__(self, person) -> None:
        self.client = Client(raise_request_exception=False)
        self.client.force_login(person)
        self.seen: list[str] = []

    def _keep(self, answer):
        self.seen += [f"{name}: {value}" for name, value in answer.headers.items()]
        self.seen.append((answer.getvalue() if answer.streaming else answer.content).decode())
        return answer

    def get(self, path: str):
        return self._keep(self.client.get(path))

    def post(self, path: str, **fields: str):
        return self._keep(self.client.post(path, fields))

    @property
    def text(self) -> str:
        return "\n".join(self.seen)


def quoting(token: str) -> list[dict[str, object]]:
    """Answers that quote the token in each field that is stored or shown."""
    listed = {
        "id": 12345,
        "server": {"id": 12345, "name": "NAME"},
        "name": "NAME",
        "status": "NAME",
        "description": "NAME",
    }
    error = '{"detail": "Token NAME is bad"}'
    bodies = {
        400: error,
        401: '{"token": ["NAME", {"NAME": "NAME"}]}',
        404: '{"error": "NAME"}',
        500: '{"message": "NAME"}',
        502: '"NAME"',
        200: json.dumps({"results": [listed], "next": "https://elsewhere.invalid/NAME"}),
        201: json.dumps(listed | {"message": "NAME", "created_at": "2026-11-24T00:00:00Z"}),
    }
    spellings = cycle([json.dumps(token)[1:-1], in_json(token), escaped(token)])
    return [
        {"mode": "answer", "status": status, "body": body.replace("NAME", spelling)}
        for (status, body), spelling in zip(bodies.items(), spellings, strict=False)
    ]


@pytest.mark.parametrize(
    "spell", [json.dumps, lambda token: f'"{in_json(token)}"', lambda token: f'"{escaped(token)}"']
)
def test_a_quoted_token_is_redacted_in_every_json_spelling(wire, spell):
    wire.misbehave("answer", status=400, body=f'{{"detail": {spell(GOOD)}}}', times=0)
    with pytest.raises(errors.InvalidError, match=r"^\[token\]$"):
        make_client(GOOD, wire.url).create_snapshot(server_id=7, name="x")


def test_a_token_is_stored_encrypted_only(cast, http_sandbox, settings, tmp_path, capsys):
    settings.SNAPPORTAL_API_URL = http_sandbox.url
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = 0.6
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    for token in (GOOD, REPLACING):
        admit(http_sandbox.sandbox, token)
    mia, ada, aron = Browser(cast.mia), Browser(cast.ada), Browser(cast.aron)
    with hostile.log_lines() as lines:
        keep_tokens(http_sandbox, mia, ada, cast)
        assert_unseen("the database", database_text())
        # Each answer below quotes the token `good`: only its own requests may receive it.
        mia.post(reverse("token_remove", args=[StoredToken.objects.get(label="unreachable").pk]))
        stored = StoredToken.objects.get(label="good", user=cast.mia)
        desk = Desk(cast.mia, stored)
        for how in quoting(GOOD):
            operate(http_sandbox, desk, mia, how)
        nobody_answers(settings, desk, mia)
        settings.SNAPPORTAL_API_URL = http_sandbox.url
        http_sandbox.behave()
        mia.post(reverse("token_replace", args=[stored.pk]), token=REPLACING)
        look_at_everything(mia, ada, aron, stored)
        for command in (
            "reconcile_operations",
            "reseal_tokens",
            "verify_audit",
            "anchor_audit",
            "verify_audit",
        ):
            call_command(command)
        logged = "\n".join(lines())
    assert Entry.objects.filter(provider_message__contains="[token]").exists(), "nothing was ever quoted"
    for name, browser in {"mia": mia, "ada": ada, "aron": aron}.items():
        assert_unseen(f"what {name} saw", browser.text)
    assert_unseen("the log", logged)
    assert_unseen("what commands say", "".join(capsys.readouterr()))
    assert_unseen("mail", "".join(str(message.message()) for message in mail.outbox))
    assert_unseen("the anchors", (tmp_path / "anchors.jsonl").read_text())
    assert_unseen("the database", database_text())
    assert_unseen("a session", str([one.get_decoded() for one in Session.objects.all()]))
    assert_unseen("the cache", cached())
    assert StoredToken.objects.count() == 2


def test_the_text_of_an_api_key_is_on_one_page_and_stored_nowhere(cast, http_sandbox, settings):
    settings.SNAPPORTAL_API_URL = http_sandbox.url
    desk = make_desk(cast.mia, http_sandbox.sandbox.token)
    mia, ada, aron = Browser(cast.mia), Browser(cast.ada), Browser(cast.aron)
    with hostile.log_lines() as lines:
        fields = {"name": "ci", "rights": "snapshots.see", "servers": f"{desk.token.pk}:all", "days": "9"}
        made = mia.client.post(reverse("api_key_add"), fields)
        (secret,) = set(re.findall(r"sp_[0-9A-Za-z]{38}", made.text))
        mia.post(reverse("api_key_add"), **fields)  # the name is in use
        script = Script(secret)
        answers = [script.get(path) for path in ("snapshots/", "audit/", "nowhere/", "?key=x")]
        revoke_url = reverse("api_key_revoke", args=[cast.mia.api_keys.get().pk])
        for url in (revoke_url, reverse("api_key_list")):
            mia.get(url)
            ada.get(url)
        mia.post(revoke_url, reason="canary")
        answers.append(script.get("snapshots/"))
        look_at_everything(mia, ada, aron, desk.token)
        logged = "\n".join(lines())
    statuses = [answer.status_code for answer in answers]
    assert (statuses[0], statuses[1], statuses[-1]) == (200, 403, 401)
    assert made["Cache-Control"] == "no-store"
    places = {
        "what people saw later": mia.text + ada.text + aron.text,
        "what the script got": "".join(answer.text + str(answer.headers) for answer in answers),
        "the log": logged,
        "the database": database_text(),
        "a session": str([one.get_decoded() for one in Session.objects.all()]),
        "the cache": cached(),
        "mail": "".join(str(message.message()) for message in mail.outbox),
    }
    for where, text in places.items():
        for disguise in disguises(secret):
            assert disguise not in text, f"the key is in {where}"
    assert secret[:8] in places["the database"]


def keep_tokens(http_sandbox, mia: Browser, ada: Browser, cast) -> None:
    """Store a token: accepted, refused, unchecked, checked later, and for a colleague."""
    add = reverse("token_add")
    assert mia.post(add, label="good", token=GOOD).status_code == 302
    assert mia.post(add, label="good", token=GOOD).status_code == 200  # the label is in use
    assert mia.post(add, label="refused", token=REFUSED).status_code == 200
    for status in (401, 403, 500, 429):
        body = json.dumps({"detail": f"{UNREACHABLE} {GOOD}"})
        http_sandbox.misbehave("answer", status=status, body=body, times=0)
        mia.post(add, label="unreachable", token=UNREACHABLE)
        mia.post(reverse("token_check", args=[StoredToken.objects.get(label="good").pk]))
        http_sandbox.behave()
    cache.clear()  # removes the stored Retry-After of the 429
    http_sandbox.misbehave("hang_before", seconds=1.0, times=0)
    assert mia.post(add, label="unreachable", token=UNREACHABLE, unchecked="on").status_code == 302
    http_sandbox.behave()
    assert (
        ada.post(reverse("person_token_add", args=[cast.omar.pk]), label="his", token=GOOD).status_code == 302
    )
    account = {"email": GOOD, "first_name": GOOD, "company_name": GOOD}
    body = json.dumps({"account": account, "token": {"name": GOOD, "permissions": [GOOD]}})
    http_sandbox.misbehave("answer", body=body, path_prefix="/api/v1/account/")
    mia.post(reverse("token_check", args=[StoredToken.objects.get(label="good", user=cast.mia).pk]))


def operate(http_sandbox, desk: Desk, mia: Browser, how: dict[str, object]) -> None:
    """Create, restore and delete through the pages while the provider quotes the token; then let lists quote it too."""
    http_sandbox.behave()
    Operation.objects.update(state="completed")
    view = desk.server()
    snapshot = desk.snapshot(view)
    for action in Action:
        name = f"snapshot_{action.partition('.')[2]}"
        is_create = action == Action.CREATE
        url = reverse(name, args=[desk.token.pk, view.server_id if is_create else snapshot.id])
        confirmation = desk.confirm(action, view, None if is_create else snapshot)
        http_sandbox.misbehave(method="DELETE" if action == Action.DELETE else "POST", **how)
        answer = mia.post(
            url, confirmation=confirmation, name="x", typed_name=view.name, reason="r", understood="on", override_reason="o"
        )  # fmt: skip
        if answer.status_code == 302:
            mia.get(answer["Location"])
        http_sandbox.behave()
        Operation.objects.update(state="completed")
    http_sandbox.misbehave(method="GET", times=0, **how)
    expire(desk.token)
    mia.get("/")
    http_sandbox.behave()


def nobody_answers(settings, desk: Desk, mia: Browser) -> None:
    settings.SNAPPORTAL_API_URL = "http://127.0.0.1:1"
    expire(desk.token)
    mia.get("/")
    mia.post(reverse("token_check", args=[desk.token.pk]))


def look_at_everything(mia: Browser, ada: Browser, aron: Browser, stored: StoredToken) -> None:
    for name in ("token_list", "server_list", "operation_attention", "help_page", "account_detail"):
        mia.get(reverse(name))
    for name in ("token_replace", "token_remove"):
        mia.get(reverse(name, args=[stored.pk]))
    for operation in Operation.objects.all():
        mia.get(reverse("operation_detail", args=[operation.pk]))
    ada.get(reverse("person_edit", args=[stored.user_id]))
    for entry in Entry.objects.all():
        aron.get(reverse("entry_detail", args=[entry.pk]))
    aron.get(reverse("entry_list"))
    for kind in ("csv", "json"):
        assert aron.post(reverse("entry_export"), format=kind).status_code == 200


def cached() -> str:
    """The unpickled content of the cache table; backslashes double and single, as in JSON and Python."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key, value FROM cache")
        rows = cursor.fetchall()
    assert rows, "the cache is empty: this looks at nothing"
    return "\n".join(f"{key} {base64.b64decode(value).decode('latin-1')}" for key, value in rows)
