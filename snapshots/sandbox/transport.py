"""The sandbox as an httpx transport: answers in this process, without a network."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
from django.db import DatabaseError, transaction

from snapshots.sandbox import provider


class _Body(httpx.SyncByteStream):
    """A stream, because httpx would read plain content before the client can limit its size."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        yield self._content


class SandboxTransport(httpx.BaseTransport):
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        try:
            with transaction.atomic():
                answer = provider.handle(
                    request.method,
                    url.path,
                    url.query.decode("ascii"),
                    request.headers,
                    request.read(),
                    datetime.now(UTC),
                    f"{url.scheme}://{url.netloc.decode('ascii')}",
                )
        except DatabaseError:
            # The transaction was rolled back. A provider with a failing database would answer the same.
            answer = provider.Answer(503, {"detail": "Service unavailable."})
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer.body))
