"""The sandbox follows the provider's rules: ownership, times of operations, effects of a restore."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection, transaction

from snapshots import contract
from snapshots.sandbox import provider
from snapshots.sandbox.demo_data import TEAM_EMAIL, fill, issue_token
from snapshots.sandbox.models import Account, Restore, Server, Snapshot, Token
from snapshots.upstream import errors
from tests.support.provider import make_client

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def speed_of_life(settings):
    settings.SNAPPORTAL_SANDBOX_SPEED = 1.0


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def client(clock, sandbox):
    return make_client(sandbox.token)


def of(client, name):
    return next(server for server in client.list_servers() if server.name == name)


def stamps(token):
    answer = ask(token, "GET", contract.SERVERS_PATH)
    return {row["name"]: row["state_stamp"] for row in answer["results"]}


def ask(token, method, path, query="", data=None):
    with transaction.atomic():
        answer = provider.handle(
            method,
            path,
            query,
            {"authorization": f"Bearer {token}"},
            json.dumps(data).encode() if data is not None else b"",
            datetime.now(UTC),
        )
    return {"status_code": answer.status, **(answer.data or {})}


def test_example_data_has_all_states_that_a_demonstration_needs(client):
    snapshots = client.list_snapshots()
    counts = {
        server.name: sum(1 for row in snapshots if row.server.id == server.id)
        for server in client.list_servers()
    }
    assert len(counts) == 6
    assert counts["vpn-gateway"] == 0
    assert counts["db-server-01"] == contract.MAX_SNAPSHOTS_PER_SERVER
    assert {row.status for row in snapshots} == {"completed", "failed", "in_progress"}
    assert {server.status for server in client.list_servers()} == {"active", "stopped"}
    ages = [NOW - row.created_at for row in snapshots if row.created_at]
    assert min(ages) < timedelta(hours=1)
    assert max(ages) > timedelta(days=90)
    assert client.read_account().company_name == "Example Team"


def test_filling_twice_changes_nothing(client, sandbox):
    before = client.list_snapshots(), stamps(sandbox.token)
    fill()
    assert (client.list_snapshots(), stamps(sandbox.token)) == before
    assert Account.objects.count() == 2


def test_only_the_hash_of_a_token_is_stored(sandbox):
    assert sandbox.token.startswith("sbx_")
    assert len(sandbox.token) == 44
    assert not any(sandbox.token in str(row) for row in Token.objects.values_list())


def test_snapshots_of_another_account_do_not_exist(client, sandbox):
    stranger = make_client(sandbox.other_token)
    mine, theirs = client.list_snapshots(), stranger.list_snapshots()
    assert theirs
    assert not {row.id for row in mine} & {row.id for row in theirs}
    for call in (stranger.restore_snapshot, stranger.delete_snapshot):
        with pytest.raises(errors.NotFoundError):
            call(mine[0].id)
    with pytest.raises(errors.NotFoundError):
        stranger.create_snapshot(server_id=mine[0].server.id, name="not-mine")
    assert stranger.list_snapshots(mine[0].server.id) == ()


def test_token_without_permission_for_servers_still_reads_snapshots(sandbox):
    token = issue_token(TEAM_EMAIL, "narrow", [provider.SEE_SNAPSHOTS])
    narrow = make_client(token)
    assert narrow.list_snapshots()
    assert narrow.read_account().permissions == (provider.SEE_SNAPSHOTS,)
    with pytest.raises(errors.ForbiddenError):
        narrow.list_servers()
    with pytest.raises(errors.ForbiddenError):
        narrow.delete_snapshot(narrow.list_snapshots()[0].id)


def test_snapshot_completes_within_the_documented_minutes(client, clock):
    made = client.create_snapshot(server_id=of(client, "vpn-gateway").id, name="fresh").snapshot

    def now():
        return next(row for row in client.list_snapshots() if row.id == made.id)

    clock.shift(timedelta(minutes=contract.CREATE_MINUTES[0], seconds=-1))
    assert (now().status, now().size_mb) == ("in_progress", None)
    clock.move_to(NOW + timedelta(minutes=contract.CREATE_MINUTES[1]))
    assert now().status == "completed"
    assert now().size_mb == 4800


def test_speed_shortens_the_documented_times(client, clock, settings):
    settings.SNAPPORTAL_SANDBOX_SPEED = 60.0
    made = client.create_snapshot(server_id=of(client, "vpn-gateway").id, name="fresh").snapshot
    clock.shift(timedelta(seconds=contract.CREATE_MINUTES[1]))
    assert next(row for row in client.list_snapshots() if row.id == made.id).is_completed


def test_snapshot_with_the_fail_word_fails(client, clock):
    server_id = of(client, "vpn-gateway").id
    made = client.create_snapshot(server_id=server_id, name="bad", description="a try: fail-please").snapshot
    assert made.status == "in_progress"
    clock.shift(timedelta(minutes=10))
    (failed,) = client.list_snapshots(server_id)
    assert (failed.status, failed.size_mb) == ("failed", None)
    with pytest.raises(errors.InvalidError):
        client.restore_snapshot(failed.id)


def test_snapshot_in_progress_cannot_be_restored(client):
    made = client.create_snapshot(server_id=of(client, "vpn-gateway").id, name="fresh").snapshot
    with pytest.raises(errors.InvalidError):
        client.restore_snapshot(made.id)


@pytest.mark.parametrize("power", ["active", "stopped"])
def test_restore_returns_the_disk_and_the_servers_power_to_their_earlier_state(client, clock, sandbox, power):
    server = sandbox.servers["vpn-gateway"]
    Server.objects.filter(pk=server.pk).update(power=power)
    held = stamps(sandbox.token)["vpn-gateway"]
    made = client.create_snapshot(server_id=server.pk, name="good").snapshot
    clock.shift(timedelta(minutes=10))
    server.touch(datetime.now(UTC))
    worked_on = stamps(sandbox.token)["vpn-gateway"]
    assert worked_on != held

    client.restore_snapshot(made.id)
    clock.shift(timedelta(minutes=contract.RESTORE_MINUTES[0], seconds=-1))
    assert of(client, "vpn-gateway").status == "restoring"
    assert stamps(sandbox.token)["vpn-gateway"] == worked_on
    clock.shift(timedelta(minutes=contract.RESTORE_MINUTES[1]))
    assert of(client, "vpn-gateway").status == power
    assert stamps(sandbox.token)["vpn-gateway"] == held
    assert stamps(sandbox.token)["web-server-01"] == sandbox.servers["web-server-01"].state_stamp


def test_changes_after_a_restore_are_kept_even_if_its_end_was_not_read(client, clock, sandbox):
    server = sandbox.servers["shop-staging"]
    (snapshot,) = client.list_snapshots(server.pk)
    client.restore_snapshot(snapshot.id)
    clock.shift(timedelta(minutes=20))
    server = Server.objects.get(pk=server.pk)
    server.touch(datetime.now(UTC))
    assert stamps(sandbox.token)["shop-staging"] == server.state_stamp


def test_snapshot_may_be_deleted_while_its_restore_runs(client, clock, sandbox):
    (snapshot,) = client.list_snapshots(sandbox.servers["shop-staging"].pk)
    held = Snapshot.objects.get(pk=snapshot.id).state_stamp
    client.restore_snapshot(snapshot.id)
    client.delete_snapshot(snapshot.id)
    clock.shift(timedelta(minutes=20))
    assert stamps(sandbox.token)["shop-staging"] == held


def test_restoring_server_accepts_no_snapshot_and_no_second_restore(client):
    snapshot = next(
        row for row in client.list_snapshots() if row.is_completed and row.server.name == "web-server-01"
    )
    client.restore_snapshot(snapshot.id)
    with pytest.raises(errors.InvalidError):
        client.create_snapshot(server_id=snapshot.server.id, name="now")
    with pytest.raises(errors.InvalidError):
        client.restore_snapshot(snapshot.id)


def test_suspended_server_cannot_be_restored(client):
    snapshot = next(row for row in client.list_snapshots() if row.is_completed)
    Server.objects.filter(pk=snapshot.server.id).update(power="suspended")
    with pytest.raises(errors.InvalidError):
        client.restore_snapshot(snapshot.id)


def test_id_of_a_deleted_snapshot_is_never_used_again(client):
    server_id = of(client, "vpn-gateway").id
    first = client.create_snapshot(server_id=server_id, name="same").snapshot
    client.delete_snapshot(first.id)
    assert client.create_snapshot(server_id=server_id, name="same").snapshot.id > first.id


@pytest.mark.parametrize(
    ("method", "path", "query", "data", "status"),
    [
        ("POST", "/api/v1/snapshots/", "", {"server_id": "12345", "name": "n"}, 400),
        ("POST", "/api/v1/snapshots/", "", {"server_id": True, "name": "n"}, 400),
        ("POST", "/api/v1/snapshots/", "", {"server_id": 12345}, 400),
        ("POST", "/api/v1/snapshots/", "", {"server_id": 12345, "name": "with space"}, 400),
        ("POST", "/api/v1/snapshots/", "", {"server_id": 12345, "name": "n", "description": 7}, 400),
        ("POST", "/api/v1/snapshots/", "", [], 400),
        ("POST", "/api/v1/snapshots/", "", None, 400),
        ("POST", "/api/v1/snapshots/", "", {"server_id": -1, "name": "n"}, 404),
        ("POST", "/api/v1/snapshots/", "", {"server_id": 10**30, "name": "n"}, 404),
        ("GET", "/api/v1/snapshots/", "server_id=abc", None, 400),
        ("GET", "/api/v1/snapshots/", "page=x", None, 400),
        ("GET", "/api/v1/snapshots/801/", "", None, 405),
        ("PUT", "/api/v1/snapshots/", "", None, 405),
        ("GET", "/api/v1/snapshots", "", None, 404),
        ("DELETE", "/api/v1/snapshots/99999999999999999999999/", "", None, 404),
        ("POST", "/api/v1/snapshots/0/restore/", "", None, 404),
        ("GET", "/api/v1/backups/", "", None, 404),
    ],
)
def test_invalid_request_is_refused_with_a_reason(sandbox, method, path, query, data, status):
    answer = ask(sandbox.token, method, path, query, data)
    assert answer["status_code"] == status
    assert answer["detail"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Token {token}", "Bearer {token}x", "{token}"])
def test_anything_but_a_known_bearer_token_is_refused(sandbox, header):
    answer = provider.handle(
        "GET", contract.ACCOUNT_PATH, "", {"authorization": header.format(token=sandbox.token)}, b"", NOW
    )
    assert answer.status == 401


def test_database_error_is_answered_with_503_and_rolled_back(client, clock, sandbox):
    server = sandbox.servers["shop-staging"]
    client.restore_snapshot(client.list_snapshots(server.pk)[0].id)
    clock.shift(timedelta(minutes=20))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE sandbox_snapshot RENAME TO sandbox_gone")
    with pytest.raises(errors.ServerFaultError) as caught:
        client.create_snapshot(server_id=server.pk, name="now")  # settles the restore, then misses the table
    assert caught.value.status == 503
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE sandbox_gone RENAME TO sandbox_snapshot")
    assert not Restore.objects.get().is_done
    assert client.create_snapshot(server_id=server.pk, name="now").status == 201
    assert Restore.objects.get().is_done
