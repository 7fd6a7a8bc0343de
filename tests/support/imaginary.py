"""A fake provider that keeps its snapshots in a dict: tests can compare its true state with what its answers claim."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from django.core.cache import cache

from snapshots import contract
from tests.support.desk import Desk, make_desk

LIST_LAG = timedelta(minutes=2)
"""How long lists still show deleted snapshots while `lags` is set."""
CREATE_TAKES = timedelta(minutes=5)
RESTORE_TAKES = timedelta(minutes=10)


class Killed(BaseException):
    """Simulates the death of the worker (kill -9): no code of the portal catches it."""


BEFORE = {
    "refused connection": lambda: httpx.ConnectError("refused"),
    "lost before": lambda: httpx.ReadError("reset"),
    "killed before": Killed,
}
AFTER = {
    "lost after": lambda: httpx.ReadTimeout("no answer"),
    "killed after": Killed,
}
REFUSALS = {"400": 400, "401": 401, "404": 404, "429": 429, "500": 500}
GARBLED = {"garbled": (201, b"<html>"), "500 after": (500, b""), "302 after": (302, b"")}
DENIALS = {
    "denied": {"status": "error", "message": "Server is busy, not done"},
    "denied by a flag": {"success": False, "message": "Not done"},
    "denied, and done": {"status": "failed", "message": "Something went wrong"},
}
"""Bodies that deny success under a success status; only the last one's write is carried out nevertheless."""
MODES = ("fine", *BEFORE, *AFTER, *REFUSALS, *GARBLED, *DENIALS, "known snapshot", "too late")
"""Known snapshot: the answer to a create names an existing snapshot. Too late: someone else has just deleted the snapshot."""


class ImaginaryProvider:
    """`mode` (of MODES) applies to the next write; `reads` to all lists: fine, down, no servers or no count.

    `say` sets the answer to the next write; `changes` overrides fields of listed snapshots, by snapshot id.
    """

    def __init__(self) -> None:
        self.servers = {7: "web", 8: "db"}
        self.snapshots: dict[int, dict] = {}
        self.deleted: dict[int, tuple[dict, datetime]] = {}
        self.restores: dict[int, datetime] = {}
        self.mode = "fine"
        self.reads = "fine"
        self.lags = False
        self.counts_servers = False
        self.at_rest = "active"
        self.next_answer: tuple[int, bytes, bool] | None = None
        self.changes: dict[int, dict] = {}
        self.next_id = 100
        for server_id in self.servers:
            self.add(server_id, "old", done=True)

    def add(self, server_id: int, name: str, *, done: bool = False) -> int:
        self.next_id += 1
        now = datetime.now(UTC)
        made_at = now - timedelta(days=1) if done else now
        self.snapshots[self.next_id] = {"server_id": server_id, "name": name, "at": made_at, "fails": False}
        return self.next_id

    def item(self, snapshot_id: int) -> dict:
        one = self.snapshots[snapshot_id]
        is_over = datetime.now(UTC) >= one["at"] + CREATE_TAKES
        ended = "failed" if one["fails"] else "completed"
        return {
            "id": snapshot_id,
            "server": {"id": one["server_id"], "name": self.servers[one["server_id"]]},
            "name": one["name"],
            "status": ended if is_over else "in_progress",
            "size_mb": 10 if is_over else None,
            "created_at": f"{one['at']:%Y-%m-%dT%H:%M:%SZ}",
            "description": "",
            **self.changes.get(snapshot_id, {}),
        }

    def is_restoring(self, server_id: int) -> bool:
        return datetime.now(UTC) < self.restores.get(server_id, datetime.min.replace(tzinfo=UTC))

    def delete(self, snapshot_id: int) -> None:
        self.deleted[snapshot_id] = (self.item(snapshot_id), datetime.now(UTC))
        del self.snapshots[snapshot_id]

    def lagging(self) -> list[dict]:
        """Deleted snapshots that the list still shows."""
        since = datetime.now(UTC) - LIST_LAG
        return [item for item, at in self.deleted.values() if self.lags and at > since]

    def read(self, path: str) -> httpx.Response:
        if self.reads == "down":
            return httpx.Response(500)
        if path == contract.SNAPSHOTS_PATH:
            results = [self.item(one) for one in self.snapshots] + self.lagging()
            count = {} if self.reads == "no count" else {"count": len(results)}
            return httpx.Response(200, json=count | {"results": results})
        if self.reads == "no servers":
            return httpx.Response(403, json={"detail": "not for this token"})
        results = [
            {"id": one, "name": name, "status": "restoring" if self.is_restoring(one) else self.at_rest}
            for one, name in self.servers.items()
        ]
        count = {"count": len(results)} if self.counts_servers else {}
        return httpx.Response(200, json=count | {"results": results})

    def say(self, status: int, body: object, *, done: bool = False) -> None:
        """Set the answer to the next write, and whether that write is carried out."""
        self.next_answer = (status, body if isinstance(body, bytes) else json.dumps(body).encode(), done)

    def write(self, request: httpx.Request) -> tuple[httpx.Response, bool]:
        """The answer, and whether the write was carried out. Raises the exception of the mode, if it has one."""
        mode, self.mode = self.mode, "fine"
        if self.next_answer:
            (status, body, done), self.next_answer = self.next_answer, None
            return httpx.Response(status, content=body), done and self._do(request).status_code < 300
        if mode in BEFORE:
            raise BEFORE[mode]()
        if mode in REFUSALS:
            return httpx.Response(REFUSALS[mode], json={"detail": "no"}), False
        false_answer = self._false_answer(mode, request)
        if false_answer:
            return false_answer, False
        if mode == "too late" and request.method == "DELETE":
            snapshot_id = int(request.url.path.split("/")[4])
            if snapshot_id in self.snapshots:
                self.delete(snapshot_id)
        answer = self._do(request)
        done = answer.status_code < 300
        if mode in AFTER:
            self.last_done = done
            raise AFTER[mode]()
        if mode in DENIALS and done:
            return httpx.Response(200, json=DENIALS[mode]), done
        if mode in GARBLED and done:
            status, body = GARBLED[mode]
            return httpx.Response(status, content=body), done
        return answer, done

    def _false_answer(self, mode: str, request: httpx.Request) -> httpx.Response | None:
        """For some modes, an answer with a success status to a write that is not carried out."""
        if mode in DENIALS and mode != "denied, and done":
            return httpx.Response(200, json=DENIALS[mode])
        if mode == "known snapshot" and request.url.path == contract.SNAPSHOTS_PATH and self.snapshots:
            wanted = contract.read_json(request.content)
            server = {"id": wanted["server_id"], "name": self.servers[wanted["server_id"]]}
            known = self.item(next(iter(self.snapshots)))
            return httpx.Response(201, json=known | {"server": server, "name": wanted["name"]})
        return None

    def _do(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == contract.SNAPSHOTS_PATH:
            wanted = contract.read_json(request.content)
            if sum(one["server_id"] == wanted["server_id"] for one in self.snapshots.values()) >= 5:
                return httpx.Response(400, json={"detail": "Snapshot limit reached"})
            made = self.add(wanted["server_id"], wanted["name"])
            return httpx.Response(201, json=self.item(made) | {"message": "begun"})
        snapshot_id = int(request.url.path.split("/")[4])
        if snapshot_id not in self.snapshots:
            return httpx.Response(404)
        if request.method == "DELETE":
            self.delete(snapshot_id)
            return httpx.Response(204)
        server_id = self.snapshots[snapshot_id]["server_id"]
        self.restores[server_id] = datetime.now(UTC) + RESTORE_TAKES
        return httpx.Response(
            200, json={"status": "success", "message": "begun", "server": {"status": "restoring"}}
        )


@pytest.fixture
def imaginary(double, db) -> ImaginaryProvider:
    """The fake provider, behind the portal's own client."""
    provider = ImaginaryProvider()
    double.answer = lambda request: (
        provider.read(request.url.path) if request.method == "GET" else provider.write(request)[0]
    )
    cache.clear()
    return provider


@pytest.fixture
def imaginary_desk(cast, imaginary) -> Desk:
    """Mia, a manager, with a token of the fake provider."""
    return make_desk(cast.mia, "token-of-mia")
