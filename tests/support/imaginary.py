"""A provider that keeps its contract, in a dict: what is truly there, whatever its answers say of it."""

from datetime import UTC, datetime, timedelta

import httpx

from snapshots import contract

CREATE_TAKES = timedelta(minutes=5)
RESTORE_TAKES = timedelta(minutes=10)


class Killed(BaseException):
    """The worker dies here, as by kill -9: nothing of ours runs on."""


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
MODES = ("fine", *BEFORE, *AFTER, *REFUSALS, *GARBLED)


class ImaginaryProvider:
    """`mode` is how the next write goes; `reads` how lists go: fine, down, or without servers."""

    def __init__(self) -> None:
        self.servers = {7: "web", 8: "db"}
        self.snapshots: dict[int, dict] = {}
        self.restores: dict[int, datetime] = {}
        self.mode = "fine"
        self.reads = "fine"
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
        }

    def is_restoring(self, server_id: int) -> bool:
        return datetime.now(UTC) < self.restores.get(server_id, datetime.min.replace(tzinfo=UTC))

    def read(self, path: str) -> httpx.Response:
        if self.reads == "down":
            return httpx.Response(500)
        if path == contract.SNAPSHOTS_PATH:
            return httpx.Response(200, json={"results": [self.item(one) for one in self.snapshots]})
        if self.reads == "no servers":
            return httpx.Response(403, json={"detail": "not for this token"})
        results = [
            {"id": one, "name": name, "status": "restoring" if self.is_restoring(one) else "active"}
            for one, name in self.servers.items()
        ]
        return httpx.Response(200, json={"results": results})

    def write(self, request: httpx.Request) -> tuple[httpx.Response, bool]:
        """The answer, and whether it was done. Raises what the mode says."""
        mode, self.mode = self.mode, "fine"
        if mode in BEFORE:
            raise BEFORE[mode]()
        if mode in REFUSALS:
            return httpx.Response(REFUSALS[mode], json={"detail": "no"}), False
        answer = self._do(request)
        done = answer.status_code < 300
        if mode in AFTER:
            self.last_done = done
            raise AFTER[mode]()
        if mode in GARBLED and done:
            status, body = GARBLED[mode]
            return httpx.Response(status, content=body), done
        return answer, done

    def _do(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == contract.SNAPSHOTS_PATH:
            wanted = contract.read_json(request.content)
            if sum(one["server_id"] == wanted["server_id"] for one in self.snapshots.values()) >= 5:
                return httpx.Response(400, json={"detail": "limit"})
            made = self.add(wanted["server_id"], wanted["name"])
            return httpx.Response(201, json=self.item(made) | {"message": "begun"})
        snapshot_id = int(request.url.path.split("/")[4])
        if snapshot_id not in self.snapshots:
            return httpx.Response(404)
        if request.method == "DELETE":
            del self.snapshots[snapshot_id]
            return httpx.Response(204)
        server_id = self.snapshots[snapshot_id]["server_id"]
        self.restores[server_id] = datetime.now(UTC) + RESTORE_TAKES
        return httpx.Response(
            200, json={"status": "success", "message": "begun", "server": {"status": "restoring"}}
        )
