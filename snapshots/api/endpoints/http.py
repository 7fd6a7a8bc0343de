"""A request with a valid key, its query and body as types, and what is answered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.http import urlencode
from msgspec import UNSET, UnsetType

from snapshots import sql
from snapshots.api import calls, keys
from snapshots.api.endpoints.authentication import record_refusal
from snapshots.api.endpoints.errors import ApiError, json_response, not_found
from snapshots.api.endpoints.shapes import PageQuery
from snapshots.api.models import ApiKey
from snapshots.audit.journal import Actor
from snapshots.contract import clean_reason
from snapshots.operations.rights import may_in_part
from snapshots.vault.limits import RIGHTS as LIMITABLE
from snapshots.vault.models import StoredToken

MAX_BODY_BYTES: Final = 64 * 1024
LONGEST_REASON: Final = 2000
PAGE_SIZE: Final = 20
T = TypeVar("T", bound=msgspec.Struct)
R = TypeVar("R")
M = TypeVar("M", bound=Model)


@dataclass
class Call:
    """A request whose key is valid. `key.token` is not loaded by it: use `token`."""

    request: HttpRequest
    key: ApiKey
    person: Any
    actor: Actor
    right: str

    @cached_property
    def token(self) -> StoredToken:
        """The stored token that the key uses. Raises ApiError, and records it: without its token a key reaches nothing.

        Nobody makes a key with a token of somebody else.
        """
        found = sql.first(StoredToken, "WHERE id = %s", [self.key.token_id or ""])
        if found is None or found.user_id != self.key.owner_id:
            self.record_refusal("api_key_token")
            raise ApiError(403, "token_gone", "The stored token of this key was removed: make another key.")
        return found

    def header(self, name: str, longest: int) -> str:
        """A header's text. Raises ApiError (400) if it is too long or not UTF-8, which WSGI gives as Latin-1."""
        raw = self.request.headers.get(name, "")
        try:
            text = raw.encode("latin-1").decode().strip()
        except (UnicodeEncodeError, UnicodeDecodeError):
            raise ApiError(400, "invalid", f"{name} is not UTF-8.") from None
        if len(text) > longest:
            raise ApiError(400, "invalid", f"{name} has more than {longest} characters.")
        return text

    @cached_property
    def operation_key(self) -> str:
        """The one-time key of what this request is to begin. Raises ApiError."""
        name = self.header("Idempotency-Key", calls.LONGEST)
        if not name and "Idempotency-Key" in self.request.headers:
            raise ApiError(400, "invalid", "Idempotency-Key is empty.")
        request = b"\n".join(
            [str(self.request.method).encode(), self.request.get_full_path().encode(), self.request.body]
        )
        try:
            return calls.operation_key(self.key, name, request)
        except calls.OtherRequestError:
            raise ApiError(
                422,
                "idempotency_key_used",
                "This Idempotency-Key was used for another request within the last 24 hours.",
            ) from None

    def reason(self, given: str, *, is_required: bool = False) -> str:
        """Why, from X-Reason or the body, for the log. Raises ApiError (400) if it is required, by the key too, and missing."""
        text = clean_reason(self.header("X-Reason", LONGEST_REASON)) or clean_reason(given)
        if not text and is_required and self.key.needs_reason:
            raise ApiError(
                400, "reason_missing", "This key must give a reason: set X-Reason, or “reason” in the body."
            )
        return text

    @property
    def override_reason(self) -> str:
        """Why it is done although a restore holds the server; '' if that is not asked for."""
        return self.header("X-Override-Reason", LONGEST_REASON)

    def check_right(self, right: str) -> None:
        """Raises ApiError (403), and records it."""
        if right not in self.key.rights or not may_in_part(self.person, right):
            self.record_refusal(right)
            raise ApiError(403, "forbidden", f"This key lacks the right “{right}”.")
        if right in LIMITABLE and self.key.token_id and not self.token.allows(right):
            self.record_refusal("token_limited")
            raise ApiError(
                403, "token_limited", f"The stored token of this key is limited: it lacks “{right}”."
            )

    @cached_property
    def server_ids(self) -> frozenset[int] | None:
        """The servers that the key and the limits of its stored token leave it; None for all that the token shows."""
        limited = self.token.limits.servers if self.key.token_id else None
        if limited is None:
            return frozenset(self.key.server_ids) or None
        return frozenset(filter(self.key.reaches, limited))

    def reaches(self, server_id: int) -> bool:
        return self.server_ids is None or server_id in self.server_ids

    def check_server(self, server_id: int | None) -> None:
        """Raises ApiError (404) for a server that the key does not reach, and records it."""
        if server_id is None or not self.reaches(server_id):
            self.record_refusal("api_key_server", server_id)
            raise not_found("This server")

    def note_server_filter(self, server_id: int | None) -> None:
        """A list of a server that the key does not reach is empty, and that it was asked for is recorded."""
        if server_id is not None and not self.reaches(server_id):
            self.record_refusal("api_key_server", server_id)

    def record_refusal(self, code: str, server_id: int | None = None) -> None:
        record_refusal(self.actor, code, self.request, server_id)

    def guard(self, server_id: int | None) -> Callable[[], None]:
        """For the transaction of an intent: the key is still valid, and so are its rights."""
        return lambda: keys.check_still_valid(self.key.pk, self.right, server_id)


@dataclass(frozen=True)
class Answer:
    """`data` is anything that msgspec encodes; None: no body."""

    data: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> HttpResponse:
        if self.data is None:
            return HttpResponse(status=self.status, headers=dict(self.headers))
        return json_response(self.data, self.status, self.headers)


def parse_query(request: HttpRequest, kind: type[T]) -> T:
    """The query as this type: text is converted to numbers. Raises ApiError (400)."""
    repeated = next((name for name in kind.__struct_fields__ if len(request.GET.getlist(name)) > 1), None)
    if repeated:
        raise ApiError(400, "invalid", f"{repeated} is given more than once.")
    try:
        found = msgspec.convert(request.GET.dict(), kind, strict=False)
    except msgspec.ValidationError as error:
        raise ApiError(400, "invalid", f"{error}.") from None
    for name in kind.__struct_fields__:
        if name in request.GET and getattr(found, name) is None:  # the text "null" would be no filter at all
            raise ApiError(400, "invalid", f"{name} has no value.")
    return found


def parse_body(request: HttpRequest, kind: type[T]) -> T:
    """The JSON body as this type; a missing body is an empty object. Raises ApiError (400, 413)."""
    if int(request.headers.get("Content-Length") or 0) > MAX_BODY_BYTES:
        raise ApiError(413, "too_large", f"The body has more than {MAX_BODY_BYTES} bytes.")
    try:
        found = msgspec.json.decode(request.body or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ApiError(400, "invalid", f"The body is not what is expected: {error}.") from None
    for name in kind.__struct_fields__:
        value = getattr(found, name)
        # The forms of pages refuse it too, and so does PostgreSQL.
        if isinstance(value, str) and "\0" in value:
            raise ApiError(400, "invalid", f"The body is not what is expected: a NUL - at `$.{name}`.")
    return found


def older_page(call: Call, found: QuerySet[M], before: UUID | None, size: int) -> tuple[list[M], str | None]:
    """The newest of these rows, or those that are older than the row `before`; and the address of the next page."""
    if before is not None:
        known = found.model._default_manager.filter(pk=before).values_list("created_at", flat=True)
        found = found.filter(created_at__lt=known[0]) if known else found.none()
    rows = list(found.order_by("-created_at")[: size + 1])
    if len(rows) <= size:
        return rows, None
    given = call.request.GET.dict() | {"before": str(rows[size - 1].pk)}
    return rows[:size], f"{call.request.path}?{urlencode(given)}"


def page_of(call: Call, query: PageQuery, rows: Sequence[R]) -> tuple[Sequence[R], str | UnsetType | None]:
    """These rows, or the page that is asked for, and the address of the next one."""
    if query.page is None and query.page_size is None:
        return rows, UNSET
    page, size = query.page or 1, query.page_size or PAGE_SIZE
    if page * size >= len(rows):
        return rows[(page - 1) * size :], None
    given = call.request.GET.dict() | {"page": str(page + 1), "page_size": str(size)}
    following = call.request.build_absolute_uri(f"{call.request.path}?{urlencode(given)}")
    return rows[(page - 1) * size : page * size], following
