"""The provider's documented rules: takes a request, returns an answer.

Call `handle` inside a transaction. Where the documentation is silent the sandbox is strict, so that the portal must
handle it: names are checked, a snapshot of another account is not found.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from snapshots import contract, sql
from snapshots.sandbox.items import server_item, snapshot_item, time_text
from snapshots.sandbox.models import (
    Restore,
    Server,
    Snapshot,
    Token,
    hash_token,
    interpolate_minutes,
    read_restores,
    sped_up,
)

SEE_SNAPSHOTS = "snapshots.read"
CHANGE_SNAPSHOTS = "snapshots.write"
SEE_SERVERS = "servers.read"
PERMISSIONS = (SEE_SNAPSHOTS, CHANGE_SNAPSHOTS, SEE_SERVERS)


@dataclass(frozen=True)
class Answer:
    status: int
    data: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        return b"" if self.data is None else json.dumps(self.data).encode()


class RefusalError(Exception):
    """Ends a request with an error answer."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.answer = Answer(status, {"detail": detail})


@dataclass(frozen=True)
class Request:
    path: str
    query: dict[str, str]
    body: bytes
    token: Token
    now: datetime
    base_url: str

    def need(self, permission: str) -> None:
        if permission not in self.token.permissions:
            raise RefusalError(403, "You do not have permission to perform this action.")


def handle(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
    base_url: str = "",
) -> Answer:
    """Answer one request. `headers` has lower-case keys; `base_url` is the prefix of links to next pages."""
    try:
        token = _token(headers.get("authorization", ""))
        fields = dict(parse_qsl(query, keep_blank_values=True))
        return _route(method, Request(path, fields, body, token, now, base_url))
    except RefusalError as refusal:
        return refusal.answer


def _route(method: str, request: Request) -> Answer:
    for pattern, methods in ROUTES:
        match = pattern.fullmatch(request.path)
        if match:
            if method not in methods:
                raise RefusalError(405, f'Method "{method}" not allowed.')
            return methods[method](request, *(int(part) for part in match.groups()))
    raise RefusalError(404, "Not found.")


def _token(header: str) -> Token:
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "bearer" or not text:
        raise RefusalError(401, "Authentication credentials were not provided.")
    found = list(sql.select(Token, "WHERE digest = %s", [hash_token(text.strip())]))
    if not found:
        raise RefusalError(401, "Invalid or expired token.")
    return found[0]


# --- Snapshots ------------------------------------------------------------------------------------------------


def list_snapshots(request: Request) -> Answer:
    request.need(SEE_SNAPSHOTS)
    servers = {server.pk: server for server in _servers(request)}
    server_id = request.query.get("server_id")
    if server_id is not None:
        number = _whole(server_id, "server_id")
        servers = {pk: server for pk, server in servers.items() if pk == number}
    chosen = f"WHERE server_id IN ({sql.places(servers)}) ORDER BY created_at DESC, id DESC"
    rows = list(sql.select(Snapshot, chosen, [*servers])) if servers else []
    for row in rows:
        row.server = servers[row.server_id]
    return _page(request, [snapshot_item(row, request.now) for row in rows])


def create_snapshot(request: Request) -> Answer:
    request.need(CHANGE_SNAPSHOTS)
    data = _json(request.body)
    server_id, name, description = data.get("server_id"), data.get("name"), data.get("description", "")
    if isinstance(server_id, bool) or not isinstance(server_id, int):
        raise RefusalError(400, "server_id must be an integer.")
    if not isinstance(name, str) or not contract.is_valid_name(name):
        raise RefusalError(400, "name must hold letters, digits, hyphens and underscores only.")
    if not isinstance(description, str) or len(description) > contract.DESCRIPTION_MAX_LENGTH:
        raise RefusalError(400, "description is too long.")
    server = _server(request, server_id)
    if server.is_restoring(request.now):
        raise RefusalError(400, "The server is being restored.")
    if server.snapshots.count() >= contract.MAX_SNAPSHOTS_PER_SERVER:
        raise RefusalError(
            400, f"Snapshot limit reached: a maximum of {contract.MAX_SNAPSHOTS_PER_SERVER} per server."
        )
    row = begin_snapshot(server, name, description, request.now)
    message = "Snapshot is being created. This may take 3-10 minutes depending on server size."
    return Answer(201, {**snapshot_item(row, request.now), "message": message})


def restore_snapshot(request: Request, snapshot_id: int) -> Answer:
    request.need(CHANGE_SNAPSHOTS)
    row = _own_snapshot(request, snapshot_id)
    server = _server(request, row.server_id)
    if row.status(request.now) != contract.COMPLETED:
        raise RefusalError(400, "The snapshot is not completed.")
    if server.is_restoring(request.now) or server.power not in {"active", "stopped"}:
        raise RefusalError(400, "Server is not in a valid state for restoration.")
    Restore.objects.create(
        server=server,
        state_stamp=row.state_stamp,
        started_at=request.now,
        ends_at=request.now + sped_up(interpolate_minutes(contract.RESTORE_MINUTES, row.full_size_mb)),
    )
    return Answer(
        200,
        {
            "status": "success",
            "message": "Server is being restored from snapshot. This may take 5-15 minutes.",
            "snapshot": {"id": row.pk, "name": row.name, "created_at": time_text(row.created_at)},
            "server": {"id": server.pk, "name": server.name, "status": contract.RESTORING},
        },
    )


def delete_snapshot(request: Request, snapshot_id: int) -> Answer:
    request.need(CHANGE_SNAPSHOTS)
    _own_snapshot(request, snapshot_id).delete()
    return Answer(204)


def begin_snapshot(server: Server, name: str, description: str, now: datetime) -> Snapshot:
    """Start a snapshot of the disk's present state."""
    row = draft_snapshot(server, name, description, now, server.snapshots.count())
    row.save()
    return row


def draft_snapshot(server: Server, name: str, description: str, now: datetime, earlier: int) -> Snapshot:
    """Not saved. Its size follows from the plan and the number of earlier snapshots."""
    size_mb = int(server.plan.get("storage", 80)) * 60 + earlier * 37
    return Snapshot(
        server=server,
        name=name,
        description=description,
        full_size_mb=size_mb,
        state_stamp=server.state_stamp,
        created_at=now,
        ends_at=now + sped_up(interpolate_minutes(contract.CREATE_MINUTES, size_mb)),
    )


# --- Servers and account --------------------------------------------------------------------------------------


def list_servers(request: Request) -> Answer:
    request.need(SEE_SERVERS)
    servers = _servers(request)
    if location := request.query.get("location"):
        servers = [server for server in servers if server.location == location]
    read_restores(servers)
    rows = []
    for server in servers:
        server.apply_ended_restores(request.now)
        rows.append(server_item(server, request.now))
    if status := request.query.get("status"):
        rows = [row for row in rows if row["status"] == status]
    return _page(request, rows)


def read_account(request: Request) -> Answer:
    account = request.token.account
    return Answer(
        200,
        {
            "account": {
                "email": account.email,
                "first_name": account.first_name,
                "last_name": account.last_name,
                "company_name": account.company_name,
                "created_at": account.created_at.date().isoformat(),
            },
            "token": {"name": request.token.name, "permissions": request.token.permissions},
        },
    )


# --- Helpers --------------------------------------------------------------------------------------------------


def _servers(request: Request) -> list[Server]:
    """Those of the token's account, in order."""
    return list(sql.select(Server, "WHERE account_id = %s ORDER BY id", [request.token.account_id]))


def _server(request: Request, server_id: int) -> Server:
    """The server, locked, so that two concurrent creates cannot both take the last slot. Raises RefusalError (404)."""
    if not 0 < server_id <= contract.MAX_ID:
        raise RefusalError(404, "Server does not exist.")
    found = Server.objects.select_for_update().filter(account_id=request.token.account_id, pk=server_id)
    server = found.first()
    if server is None:
        raise RefusalError(404, "Server does not exist.")
    server.apply_ended_restores(request.now)
    return server


def _own_snapshot(request: Request, snapshot_id: int) -> Snapshot:
    if snapshot_id <= contract.MAX_ID:
        found = Snapshot.objects.filter(server__account_id=request.token.account_id, pk=snapshot_id).first()
        if found is not None:
            return found
    raise RefusalError(404, "Snapshot does not exist.")


def _json(body: bytes) -> dict[str, Any]:
    try:
        return contract.read_json(body)
    except contract.UnreadableAnswerError:
        raise RefusalError(400, "The body is not a JSON object.") from None


def _whole(text: str, name: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise RefusalError(400, f"{name} must be an integer.")
    return int(text)


def _page(request: Request, rows: list[dict[str, Any]]) -> Answer:
    """All rows, or one page of them with links when `page` or `page_size` is given."""
    if "page" not in request.query and "page_size" not in request.query:
        return Answer(200, {"count": len(rows), "results": rows})
    page = max(_whole(request.query.get("page", "1"), "page"), 1)
    size = min(max(_whole(request.query.get("page_size", "20"), "page_size"), 1), 100)
    data: dict[str, Any] = {
        "count": len(rows),
        "next": None,
        "results": rows[(page - 1) * size : page * size],
    }
    if page * size < len(rows):
        query = urlencode({**request.query, "page": page + 1, "page_size": size})
        data["next"] = f"{request.base_url}{request.path}?{query}"
    return Answer(200, data)


View = Callable[..., Answer]
ROUTES: tuple[tuple[re.Pattern[str], dict[str, View]], ...] = (
    (re.compile(contract.SNAPSHOTS_PATH), {"GET": list_snapshots, "POST": create_snapshot}),
    (re.compile(rf"{contract.SNAPSHOTS_PATH}([0-9]{{1,30}})/"), {"DELETE": delete_snapshot}),
    (re.compile(rf"{contract.SNAPSHOTS_PATH}([0-9]{{1,30}})/restore/"), {"POST": restore_snapshot}),
    (re.compile(contract.SERVERS_PATH), {"GET": list_servers}),
    (re.compile(contract.ACCOUNT_PATH), {"GET": read_account}),
)
