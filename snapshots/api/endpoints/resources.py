"""The views of the API: each address is a Resource with a function for each of its methods.

    snapshots = Resource("snapshots/", "api_snapshots")

    @snapshots.method("GET", right="snapshots.see", query=ListQuery, answers={200: SnapshotPage}, summary="List snapshots")
    def list_snapshots(call: Call, query: ListQuery) -> Answer: …

No cookie is read or set, no session is loaded.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from snapshots.api.endpoints.authentication import actor_of, authenticate
from snapshots.api.endpoints.errors import ApiError, method_not_allowed, not_found, refused, retry_headers
from snapshots.api.endpoints.http import Answer, Call, parse_body, parse_query
from snapshots.audit.journal import JournalUnavailableError
from snapshots.operations.errors import OperationRefusedError

ANY_KEY: Final = "any_key"
"""The right of calls that every valid key may make."""
Run = Callable[..., Answer]


@dataclass(frozen=True, kw_only=True)
class Method:
    """One method of an address, with what its documentation says. `answers`: status → what its body is; None: no body.

    A tuple of several: one of them.
    """

    name: str
    right: str
    run: Run
    summary: str
    description: str
    query: type[msgspec.Struct] | None
    body: type[msgspec.Struct] | None
    answers: Mapping[int, Any]
    errors: Mapping[int, str]
    """Status → what it means here, where that is not what it means elsewhere."""
    is_write: bool
    takes_key: bool
    """Whether an Idempotency-Key makes retries the same thing. What sets a state needs none."""


class Resource:
    """The view of one address. `path` is below /api/v1/, as in Django's path()."""

    page = ""
    csrf_exempt = True
    access = "api_key"

    def __init__(self, path: str, name: str) -> None:
        self.path = path
        self.name = name
        self.by_method: dict[str, Method] = {}

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(self.by_method)

    def method(
        self,
        name: str,
        *,
        right: str,
        summary: str,
        answers: Mapping[int, Any],
        errors: Mapping[int, str] | None = None,
        query: type[msgspec.Struct] | None = None,
        body: type[msgspec.Struct] | None = None,
        takes_key: bool = True,
    ) -> Callable[[Run], Run]:
        def register(run: Run) -> Run:
            self.by_method[name] = Method(
                name=name,
                right=right,
                run=run,
                summary=summary,
                description=(run.__doc__ or "").strip(),
                query=query,
                body=body,
                answers=answers,
                errors=errors or {},
                is_write=name != "GET",
                takes_key=takes_key and name != "GET",
            )
            return run

        return register

    def __call__(self, request: HttpRequest, **arguments: Any) -> HttpResponseBase:
        return _respond(lambda: self._answer(request, arguments))

    def _answer(self, request: HttpRequest, arguments: Mapping[str, Any]) -> Answer:
        key, person = authenticate(request)
        method = self.by_method.get("GET" if request.method == "HEAD" else str(request.method))
        if method is None:
            raise method_not_allowed(self.by_method)
        actor = actor_of(request, key, person)
        call = Call(request, key, person, actor, method.right)
        if method.right != ANY_KEY:
            call.check_right(method.right)
        given: list[Any] = []
        if method.query:
            given.append(parse_query(request, method.query))
        if method.body:
            given.append(parse_body(request, method.body))
        try:
            return method.run(call, *given, **arguments)
        except OperationRefusedError as error:
            if error.code != "told_to_wait":
                raise
            raise refused(error, headers=retry_headers(call.token.fingerprint)) from error
        except DatabaseError as error:
            if method.is_write:
                raise _maybe_begun() from error
            raise


def _maybe_begun() -> ApiError:
    """The database failed somewhere in a write. Where nothing was sent for certain, JournalUnavailableError says so."""
    detail = (
        "The portal's database failed while this was done, so it may have begun. Send it again with the same "
        "Idempotency-Key, or look at the list of operations first."
    )
    return ApiError(504, "outcome_unknown", detail)


def _respond(answer: Callable[[], Answer]) -> HttpResponse:
    """The answer, or the error that it raises, as JSON."""
    try:
        return answer().response()
    except ApiError as error:
        return error.response()
    except OperationRefusedError as error:
        return refused(error).response()
    except (JournalUnavailableError, DatabaseError):
        detail = "The portal's database or audit log cannot be used now. Nothing was sent."
        return ApiError(503, "unavailable", detail, headers={"Retry-After": "5"}).response()


def everything_else(request: HttpRequest, **_arguments: Any) -> HttpResponse:
    """The view of addresses below /api/v1/ that do not exist."""

    def refuse() -> Answer:
        authenticate(request)
        raise not_found()

    return _respond(refuse)


everything_else.csrf_exempt = True  # type: ignore[attr-defined]
everything_else.access = "api_key"  # type: ignore[attr-defined]
everything_else.methods = ()  # type: ignore[attr-defined]
everything_else.page = ""  # type: ignore[attr-defined]
