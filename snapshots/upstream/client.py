"""The provider's API as Python calls.

    http = make_http("https://admin.vps.org")                       # one per process
    client = SnapshotClient(http, token, timeout_seconds=15, gate=gate)
    client.list_snapshots(server_id=12345)                          # typed objects, or an error of errors.py

Every call has a total deadline and a size limit, and fails at once if `gate` has no free place. Writes are sent once.
Reads are retried at most twice, within the same deadline. Nothing is sent until the provider's last Retry-After has
passed: see waits.py.
"""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final, ParamSpec, TypeVar

import msgspec

from snapshots import contract
from snapshots.contract import Account, Created, Deleted, RestoreStarted, Server, Snapshot, SnapshotList
from snapshots.upstream import network, parsing, responses, write_answers
from snapshots.upstream.call import Answer, Call
from snapshots.upstream.errors import (
    BadCallError,
    BusyError,
    ContradictoryError,
    RateLimitedError,
    RefusedError,
    UnreadableError,
)
from snapshots.upstream.paging import Listing, read_list
from snapshots.upstream.transport import Http, make_http
from snapshots.upstream.waits import NoWaits, Waits

__all__ = ["SnapshotClient", "make_http"]

TOKEN_PATTERN: Final = re.compile(r"\A[\x21-\x7e]{1,4096}\Z")

P = ParamSpec("P")
T = TypeVar("T")


def _read(reader: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return reader(*args, **kwargs)
    except contract.UnreadableAnswerError as error:
        raise UnreadableError(str(error)) from None


def _read_write(reader: Callable[[bytes, int], T], answer: Answer) -> T:
    """Parse the answer to a write; if it violates the contract, the error contains the provider's message."""
    try:
        return reader(answer.body, answer.status)
    except contract.UnreadableAnswerError as error:
        kind = ContradictoryError if isinstance(error, contract.ContradictoryAnswerError) else UnreadableError
        words = parsing.error_text(answer.body)
        raise kind(str(error), status=answer.status, message=words) from None


def _checked(value: int) -> int:
    try:
        return contract.check_id(value)
    except contract.UnreadableAnswerError as error:
        raise BadCallError(str(error)) from None


class SnapshotClient:
    """A client with one token. Every method raises subclasses of UpstreamError only."""

    def __init__(
        self,
        http: Http,
        token: str,
        *,
        timeout_seconds: float,
        gate: threading.BoundedSemaphore,
        waits: Waits | None = None,
    ) -> None:
        self._http = http
        self._token = token
        self._timeout_seconds = timeout_seconds
        self._gate = gate
        self._waits = waits or NoWaits()

    def __repr__(self) -> str:
        return f"<SnapshotClient {self._http.base_url}>"

    # --- Reads ----------------------------------------------------------------------------------------------
    # list_… returns the complete list or raises; read_… returns what could be read and whether it is complete.

    def list_snapshots(self, server_id: int | None = None) -> tuple[Snapshot, ...]:
        """All snapshots the token may see, or those of one server, in the provider's order."""
        if server_id is None:
            return self._read_snapshots([]).all()
        found = self._read_snapshots([("server_id", str(_checked(server_id)))]).all()
        return tuple(snapshot for snapshot in found if snapshot.server.id == server_id)

    def read_snapshots(self) -> SnapshotList:
        """The snapshots the token may see. Raises UpstreamError only if not even the first page can be read."""
        found = self._read_snapshots([])
        return SnapshotList(found.items, found.is_whole, found.cut_by, found.clock_ahead_seconds)

    def _read_snapshots(self, params: responses.Params) -> Listing[Snapshot]:
        with self._call() as call:
            return read_list(call, contract.SNAPSHOTS_PATH, params, parsing.to_snapshot)

    def list_servers(self) -> tuple[Server, ...]:
        return self.read_servers().all()

    def read_servers(self) -> Listing[Server]:
        """The servers the token may see. Raises UpstreamError only if not even the first page can be read."""
        with self._call(optional=True) as call:
            return read_list(call, contract.SERVERS_PATH, [], parsing.to_server)

    def read_account(self) -> Account:
        with self._call(optional=True) as call:
            return _read(parsing.to_account, call.get(contract.ACCOUNT_PATH).body)

    # --- Writes: each sends one request, once ---------------------------------------------------------------

    def create_snapshot(self, *, server_id: int, name: str, description: str = "") -> Created:
        if not contract.is_valid_name(name):
            raise BadCallError("a name is letters, digits, hyphens and underscores")
        data = {"server_id": _checked(server_id), "name": name, "description": description}
        try:
            content = msgspec.json.encode(data)
        except UnicodeEncodeError:
            raise BadCallError("the description holds what cannot be sent") from None
        with self._call() as call:
            try:
                answer = call.send("POST", contract.SNAPSHOTS_PATH, content=content)
            except RefusedError as error:
                raise responses.create_failure_of(error) from None
            return _read_write(write_answers.to_created, answer)

    def restore_snapshot(self, snapshot_id: int) -> RestoreStarted:
        path = contract.restore_path(_checked(snapshot_id))
        with self._call() as call:
            return _read_write(write_answers.to_restore_started, call.send("POST", path))

    def delete_snapshot(self, snapshot_id: int) -> Deleted:
        path = contract.snapshot_path(_checked(snapshot_id))
        with self._call() as call:
            return _read_write(write_answers.to_deleted, call.send("DELETE", path))

    # --- How a call is made ---------------------------------------------------------------------------------

    @contextmanager
    def _call(self, *, optional: bool = False) -> Iterator[Call]:
        if not TOKEN_PATTERN.match(self._token):
            raise BadCallError("the token holds characters that cannot be sent")
        if not self._gate.acquire(blocking=False):
            raise BusyError("too many calls to the provider are open")
        try:
            wait = self._waits.seconds_left(optional=optional)
            if wait > 0:
                raise RateLimitedError(retry_after_seconds=wait)
            with network.deadline(self._timeout_seconds):
                yield Call(self._http, self._token, partial(self._waits.remember, optional=optional))
        finally:
            self._gate.release()
