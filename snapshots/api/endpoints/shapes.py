"""What requests and answers consist of. The contract's shapes are the provider's; further members are the portal's own."""

from datetime import UTC, datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from snapshots import contract
from snapshots.contract import MAX_ID

Id = Annotated[int, Meta(ge=1, le=MAX_ID)]


SnapshotNameText = Annotated[
    str,
    Meta(extra_json_schema={"pattern": "^[A-Za-z0-9_-]+$", "maxLength": contract.NAME_MAX_LENGTH}),
]
"""Only described here: the rules of operations refuse other names, with a code of their own (bad_name)."""


class PageQuery(Struct):
    """All rows, or one page of them if one of these is given."""

    page: Annotated[int, Meta(ge=1, le=MAX_ID)] | None = None
    page_size: Annotated[int, Meta(ge=1, le=100)] | None = None


class ListQuery(PageQuery):
    server_id: Id | None = None


class ServerQuery(PageQuery):
    status: str = ""
    location: str = ""


class CreateBody(Struct):
    server_id: int
    name: SnapshotNameText
    description: Annotated[str, Meta(max_length=contract.DESCRIPTION_MAX_LENGTH)] = ""
    reason: Annotated[str, Meta(max_length=2000)] = ""


class ReasonBody(Struct):
    reason: Annotated[str, Meta(max_length=2000)] = ""


class DeleteBody(Struct):
    """`delete_now`: not after the server's grace time; needs a reason then."""

    reason: Annotated[str, Meta(max_length=2000)] = ""
    delete_now: bool = False


class Error(Struct):
    detail: str
    code: str


class UnknownOutcome(Struct):
    detail: str
    code: str
    operation: str


class ServerName(Struct):
    id: int
    name: str


class SnapshotItem(Struct):
    id: int
    server: ServerName
    name: str
    status: str
    size_mb: int | None
    created_at: str | None
    description: str


class SnapshotPage(Struct):
    """`next`: the address of the next page, if the request asked for pages."""

    count: int
    results: list[SnapshotItem]
    next: str | UnsetType | None = UNSET


class CreatedItem(SnapshotItem):
    message: str


class SnapshotName(Struct):
    id: int
    name: str
    created_at: str | None


class ServerState(Struct):
    id: int
    name: str
    status: str


class RestoreAnswer(Struct):
    status: str
    message: str
    snapshot: SnapshotName
    server: ServerState


class WaitingAnswer(Struct):
    """Nothing was sent yet. `deletion_planned`: the snapshot is deleted at `due_at`, unless somebody calls that back.
    `approval_needed`: other people decide the request at this address until `expires_at`.
    """

    detail: str
    code: str
    due_at: str | None = None
    deletion: str | None = None
    request: str | None = None
    expires_at: str | None = None


class Named(Struct):
    name: str


class ServerItem(Struct):
    id: int
    name: str
    hostname: str
    status: str
    ip_address: str
    location: str
    plan: Named
    os: Named


class ServerPage(Struct):
    count: int
    results: list[ServerItem]
    next: str | UnsetType | None = UNSET


class AccountItem(Struct):
    email: str
    first_name: str
    last_name: str


class TokenItem(Struct):
    name: str
    permissions: list[str]


class AccountAnswer(Struct):
    account: AccountItem
    token: TokenItem


def time_text(moment: datetime | None) -> str | None:
    """As the contract writes times: in UTC, to the second."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def snapshot_item(snapshot: contract.Snapshot) -> SnapshotItem:
    server = snapshot.server
    return SnapshotItem(
        id=snapshot.id,
        server=ServerName(server.id, server.name),
        name=snapshot.name,
        status=snapshot.status,
        size_mb=snapshot.size_mb,
        created_at=time_text(snapshot.created_at),
        description=snapshot.description,
    )


def server_item(server: contract.Server) -> ServerItem:
    return ServerItem(
        id=server.id,
        name=server.name,
        hostname=server.hostname,
        status=server.status,
        ip_address=server.ip_address,
        location=server.location,
        plan=Named(server.plan_name),
        os=Named(server.os_name),
    )
