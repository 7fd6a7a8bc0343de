"""Errors as JSON: `detail` is a sentence for people, `code` is stable, for programs."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

import msgspec
from django.http import HttpResponse

from snapshots.connection import wait_until
from snapshots.contract import MAX_SNAPSHOTS_PER_SERVER
from snapshots.operations.errors import OperationRefusedError
from snapshots.views.texts.refusals import UNAVAILABLE_CODES, refusal_words

REFUSAL_STATUSES: Final = {
    # What the contract itself answers in such a case.
    "bad_name": 400,
    "limit_reached": 400,
    "snapshot_unready": 400,
    "server_gone": 404,
    "snapshot_gone": 404,
    "not_allowed_any_more": 403,
    "reason_missing": 400,
    "room_missing": 400,
    "token_gone": 403,
    "token_limited": 403,
    "not_on_this_server": 403,
    "not_own_snapshot": 403,
}
RESTORE_STATUSES: Final = {"server_held": 400}
"""Of a restore, whose contract has 400 for a server that is "not in a valid state for restoration"."""
RETRY_SECONDS: Final = 2


def retry_headers(fingerprint: str) -> dict[str, str]:
    """When to ask again: when the provider said, of the token with this fingerprint, or soon."""
    until = wait_until(fingerprint)
    seconds = (until - datetime.now(UTC)).total_seconds() if until else 0
    return {"Retry-After": str(max(RETRY_SECONDS, int(seconds) + 1))}


class ApiError(Exception):
    """Ends a request. `more`: further members of the JSON object."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = more

    def response(self) -> HttpResponse:
        return json_response(
            {"detail": self.detail, "code": self.code, **self.more}, self.status, self.headers
        )


def json_response(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    return HttpResponse(
        msgspec.json.encode(data), status=status, content_type="application/json", headers=dict(headers or {})
    )


def status_of_refusal(code: str) -> int:
    unavailable = HTTPStatus.SERVICE_UNAVAILABLE
    return REFUSAL_STATUSES.get(code, unavailable if code in UNAVAILABLE_CODES else HTTPStatus.CONFLICT)


def refused(
    error: OperationRefusedError, *, status: int | None = None, headers: Mapping[str, str] | None = None
) -> ApiError:
    """A refusal by the portal's own rules: nothing was sent. `status` where the contract has one of its own for it."""
    status = status or status_of_refusal(error.code)
    if not headers and (status == HTTPStatus.SERVICE_UNAVAILABLE or error.code == "being_checked"):
        headers = {"Retry-After": str(error.retry_after_seconds or RETRY_SECONDS)}
    return ApiError(status, error.code, _detail(error), headers=headers)


def _detail(error: OperationRefusedError) -> str:
    if error.code == "limit_reached":  # scripts compare words of the provider's own answer
        return (
            f"Snapshot limit reached: a maximum of {MAX_SNAPSHOTS_PER_SERVER} per server. Nothing was sent."
        )
    words = refusal_words(error.code, retry_after_seconds=error.retry_after_seconds)
    sentences = [f"{words.title}.", str(words.meaning), str(words.advice)]
    return " ".join(one for one in sentences if one)


def not_found(what: str = "This address") -> ApiError:
    return ApiError(404, "not_found", f"{what} does not exist, or this key does not reach it.")


def method_not_allowed(methods: Iterable[str]) -> ApiError:
    allowed = ", ".join(methods)
    return ApiError(405, "method_not_allowed", f"Use {allowed}.", headers={"Allow": allowed})
