"""One contract, every provider: the sandbox in this process, the sandbox over HTTP, the portal's own API, and the real one
when it is named.

SNAPPORTAL_CONTRACT_URL and SNAPPORTAL_CONTRACT_TOKEN name the real one. It is only read, unless
SNAPPORTAL_CONTRACT_WRITES=1 allows one snapshot to be made and deleted again; SNAPPORTAL_CONTRACT_SERVER (an id) says
of which server. A real server is never restored.
"""

import os
import secrets
from dataclasses import dataclass

import httpx
import pytest

from snapportal.accounts.models import Role, User
from snapshots import contract
from snapshots.audit.journal import Actor
from snapshots.sandbox.transport import SandboxTransport
from snapshots.upstream import parsing
from snapshots.upstream.client import SnapshotClient
from snapshots.upstream.errors import InvalidError, LimitReachedError, NotFoundError, TokenRefusedError
from snapshots.vault.service import store_token
from tests.support.api import make_key
from tests.support.provider import SANDBOX_URL, HttpSandbox, fill_sandbox, make_client

REAL_URL = os.environ.get("SNAPPORTAL_CONTRACT_URL", "").rstrip("/").removesuffix(contract.API_PATH)
REAL_TOKEN = os.environ.get("SNAPPORTAL_CONTRACT_TOKEN", "")
REAL_SERVER = int(os.environ.get("SNAPPORTAL_CONTRACT_SERVER", "0"))
SANDBOXES = ["sandbox", "http", "portal"]
READABLE = SANDBOXES + (["real"] if REAL_URL and REAL_TOKEN else [])
WRITABLE = SANDBOXES + (
    ["real"]
    if REAL_SERVER and "real" in READABLE and os.environ.get("SNAPPORTAL_CONTRACT_WRITES") == "1"
    else []
)


@dataclass
class Provider:
    client: SnapshotClient
    stranger: SnapshotClient
    http: httpx.Client
    token: str
    server_id: int

    def get(self, path: str, **params: object) -> httpx.Response:
        """A request without SnapshotClient, to see the raw answer."""
        return self.http.get(path, params=params or None, headers={"Authorization": f"Bearer {self.token}"})


def _provider(base_url: str, token: str, server_id: int) -> Provider:
    transport = SandboxTransport() if base_url == SANDBOX_URL else None
    http = httpx.Client(base_url=base_url, transport=transport, trust_env=False, verify=False)
    address = "" if base_url == SANDBOX_URL else base_url
    stranger = make_client("no-such-token-0000000", address)
    return Provider(make_client(token, address, timeout_seconds=20), stranger, http, token, server_id)


def _make_key(token: str) -> str:
    """A key with all rights, of a person for whom this token is stored."""
    owner = User.objects.create_user("script", None, name="Script", role=Role.MANAGER)
    actor = Actor(id=owner.pk, name="Script", role=owner.role)
    stored = store_token(actor=actor, owner=owner, label="Team", token=token)
    return make_key(owner, stored, name="tests")[1]


@pytest.fixture
def provider(request, transactional_db):
    if request.param == "real":
        yield _provider(REAL_URL, REAL_TOKEN, REAL_SERVER)
        return
    filled = fill_sandbox()
    server_id = filled.servers["vpn-gateway"].pk
    if request.param == "portal":
        live_server = request.getfixturevalue("live_server")
        yield _provider(live_server.url, _make_key(filled.token), server_id)
        return
    if request.param == "sandbox":
        yield _provider(SANDBOX_URL, filled.token, server_id)
        return
    server = HttpSandbox(filled)
    yield _provider(server.url, filled.token, server_id)
    server.close()


reads = pytest.mark.parametrize("provider", READABLE, indirect=True)
writes = pytest.mark.parametrize("provider", WRITABLE, indirect=True)
in_sandbox = pytest.mark.parametrize("provider", SANDBOXES, indirect=True)


@reads
def test_list_has_the_documented_shape(provider):
    data = provider.get(contract.SNAPSHOTS_PATH).json()
    assert data["count"] >= len(data["results"])
    for item in data["results"]:
        assert isinstance(item["id"], int)
        assert isinstance(item["server"]["id"], int)
        assert isinstance(item["name"], str)
        assert isinstance(item["status"], str)
        assert item["size_mb"] is None or isinstance(item["size_mb"], int)
        assert parsing.parse_time(item["created_at"]) is not None


@reads
def test_every_listed_snapshot_is_parsed_completely(provider):
    data = provider.get(contract.SNAPSHOTS_PATH).json()
    snapshots = provider.client.list_snapshots()
    assert {snapshot.id for snapshot in snapshots} >= {item["id"] for item in data["results"]}
    assert all(snapshot.created_at and snapshot.server.id and snapshot.status for snapshot in snapshots)


@reads
def test_filter_by_server_leaves_only_that_server(provider):
    everything = provider.client.list_snapshots()
    for server_id in {snapshot.server.id for snapshot in everything}:
        mine = provider.client.list_snapshots(server_id)
        assert {snapshot.id for snapshot in mine} == {
            snapshot.id for snapshot in everything if snapshot.server.id == server_id
        }
        items = provider.get(contract.SNAPSHOTS_PATH, server_id=server_id).json()["results"]
        assert {item["server"]["id"] for item in items} == {server_id}


@reads
def test_no_server_has_more_than_five_snapshots(provider):
    counts: dict[int, int] = {}
    for snapshot in provider.client.list_snapshots():
        counts[snapshot.server.id] = counts.get(snapshot.server.id, 0) + 1
    assert all(count <= contract.MAX_SNAPSHOTS_PER_SERVER for count in counts.values())


@reads
def test_unknown_token_is_refused(provider):
    for call in (provider.stranger.list_snapshots, provider.stranger.read_account):
        with pytest.raises(TokenRefusedError):
            call()


@reads
def test_missing_token_is_refused(provider):
    assert provider.http.get(contract.SNAPSHOTS_PATH).status_code == 401


@in_sandbox
def test_servers_and_account_are_read(provider):
    account = provider.client.read_account()
    assert account.name
    assert "@" in account.email
    assert account.token_name == "tests"
    assert {server.name for server in provider.client.list_servers()} >= {"web-server-01", "shop-staging"}


@in_sandbox
def test_servers_are_filtered_by_status_and_location(provider):
    stopped = provider.get(contract.SERVERS_PATH, status="stopped").json()["results"]
    assert [server["name"] for server in stopped] == ["shop-staging"]
    eastern = provider.get(contract.SERVERS_PATH, location="us-east").json()["results"]
    assert {server["location"] for server in eastern} == {"us-east"}


@writes
def test_snapshot_is_created_listed_and_deleted(provider):
    name = f"contract-{secrets.token_hex(4)}"
    made = provider.client.create_snapshot(server_id=provider.server_id, name=name, description="A test")
    try:
        assert made.status in {200, 201}
        assert made.message
        assert made.snapshot.name == name
        assert made.snapshot.server.id == provider.server_id
        assert made.snapshot.status == contract.IN_PROGRESS
        assert made.snapshot.size_mb is None
        assert made.snapshot.id in {row.id for row in provider.client.list_snapshots(provider.server_id)}
    finally:
        deleted = provider.client.delete_snapshot(made.snapshot.id)
    assert deleted.status == 204
    assert made.snapshot.id not in {row.id for row in provider.client.list_snapshots(provider.server_id)}
    with pytest.raises(NotFoundError):
        provider.client.delete_snapshot(made.snapshot.id)


@writes
def test_what_does_not_exist_is_not_found(provider):
    missing = contract.MAX_ID
    with pytest.raises(NotFoundError):
        provider.client.delete_snapshot(missing)
    with pytest.raises(NotFoundError):
        provider.client.restore_snapshot(missing)
    with pytest.raises(NotFoundError):
        provider.client.create_snapshot(server_id=missing, name="nowhere")


@in_sandbox
def test_sixth_snapshot_is_refused(provider):
    for number in range(contract.MAX_SNAPSHOTS_PER_SERVER):
        provider.client.create_snapshot(server_id=provider.server_id, name=f"number-{number}")
    with pytest.raises(LimitReachedError) as caught:
        provider.client.create_snapshot(server_id=provider.server_id, name="one-too-many")
    assert caught.value.status == 400
    assert "maximum of 5" in caught.value.message


@in_sandbox
def test_restore_starts_and_the_servers_status_is_restoring(provider):
    snapshot = next(row for row in provider.client.list_snapshots() if row.is_completed)
    started = provider.client.restore_snapshot(snapshot.id)
    assert started.status == 200
    assert started.server_status == contract.RESTORING
    server = next(row for row in provider.client.list_servers() if row.id == snapshot.server.id)
    assert server.status == contract.RESTORING
    with pytest.raises(InvalidError):
        provider.client.restore_snapshot(snapshot.id)


@in_sandbox
def test_pages_are_followed_to_the_end(provider):
    everything = [row["id"] for row in provider.get(contract.SNAPSHOTS_PATH).json()["results"]]
    page = provider.get(contract.SNAPSHOTS_PATH, page_size=3).json()
    collected = [row["id"] for row in page["results"]]
    while page["next"]:
        page = provider.get(page["next"]).json()
        collected += [row["id"] for row in page["results"]]
    assert collected == everything
