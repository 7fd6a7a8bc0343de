"""The sandbox over HTTP produces faults on request, and counts calls and successful writes."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from django.core.management import CommandError, call_command

from snapshots import contract
from snapshots.sandbox import faults
from snapshots.sandbox.models import Server, Snapshot, Token
from snapshots.upstream import errors
from tests.support.provider import make_client


@pytest.fixture
def client(http_sandbox):
    return make_client(http_sandbox.sandbox.token, http_sandbox.url, timeout_seconds=1.0)


@pytest.fixture
def server_id(http_sandbox):
    return http_sandbox.sandbox.servers["vpn-gateway"].pk


AFTER = [
    "reset_after",
    "hang_after",
    "truncate",
    "wrong_length",
    "garbage",
    "html",
    "drip_headers",
    "drip_body",
]


@pytest.mark.parametrize("mode", AFTER)
def test_write_whose_answer_is_lost_was_done(http_sandbox, client, server_id, mode):
    http_sandbox.misbehave(mode, method="POST")
    with pytest.raises(errors.LostError):
        client.create_snapshot(server_id=server_id, name="lost")
    assert http_sandbox.writes == [("POST", contract.SNAPSHOTS_PATH)]
    assert Snapshot.objects.filter(server_id=server_id, name="lost").count() == 1


@pytest.mark.parametrize("mode", ["reset_before", "hang_before", "status", "redirect"])
def test_write_that_fails_before_it_is_handled_was_not_done(http_sandbox, client, server_id, mode):
    http_sandbox.misbehave(mode, method="POST")
    with pytest.raises(errors.LostError):
        client.create_snapshot(server_id=server_id, name="lost")
    assert http_sandbox.calls == [("POST", contract.SNAPSHOTS_PATH)]
    assert http_sandbox.writes == []
    assert not Snapshot.objects.filter(name="lost").exists()


def test_gateway_timeout_may_follow_a_write_that_was_done(http_sandbox, client, server_id):
    http_sandbox.misbehave("status", status=504, work=True, method="POST")
    with pytest.raises(errors.ServerFaultError):
        client.create_snapshot(server_id=server_id, name="done")
    assert http_sandbox.writes == [("POST", contract.SNAPSHOTS_PATH)]


def test_fault_ends_after_its_number_of_times_and_affects_only_matching_requests(http_sandbox, client):
    http_sandbox.misbehave("answer", status=404, times=2, path_prefix=contract.SERVERS_PATH)
    assert client.list_snapshots()
    for _ in range(2):
        with pytest.raises(errors.NotFoundError):
            client.list_servers()
    assert client.list_servers()


def test_stale_connection_is_detected_before_a_write_is_sent(http_sandbox, client, server_id):
    client.list_snapshots()
    http_sandbox.drop_connections()
    assert client.create_snapshot(server_id=server_id, name="after-the-drop").status == 201


def test_parallel_creates_never_exceed_the_limit(http_sandbox, server_id):
    client = make_client(http_sandbox.sandbox.token, http_sandbox.url, timeout_seconds=10)

    def create(number):
        try:
            return client.create_snapshot(server_id=server_id, name=f"n{number}").status
        except errors.LimitReachedError as error:
            return error.status

    with ThreadPoolExecutor(8) as pool:
        found = sorted(pool.map(create, range(8)))
    assert found == [201] * 5 + [400] * 3
    assert Snapshot.objects.filter(server_id=server_id).count() == 5


def test_faults_are_set_and_calls_are_read_over_http(http_sandbox):
    with httpx.Client(base_url=http_sandbox.url, trust_env=False, verify=False) as http:
        spec = {"mode": "rate_limit", "retry_after": "9", "times": 0, "match": {"method": "GET"}}
        assert http.post("/_misbehave", json=spec).status_code == 204
        assert http.get(contract.ACCOUNT_PATH).headers["Retry-After"] == "9"
        assert http.post("/_misbehave", json={"mode": "none"}).status_code == 204
        assert http.get(contract.ACCOUNT_PATH).status_code == 401
        assert http.get("/_calls").json() == {"calls": [["GET", contract.ACCOUNT_PATH]] * 2, "writes": []}
        assert http.post("/_calls/clear").status_code == 204
        assert http.get("/_calls").json() == {"calls": [], "writes": []}
        for wrong in ({"mode": "no such"}, {"mode": "latency", "seconds": "long"}, {"mood": "bad"}, []):
            assert http.post("/_misbehave", json=wrong).status_code == 400
        assert http.get("/_nothing").status_code == 404


def test_faults_are_parsed_from_one_line():
    how = faults.parse("latency:seconds=1.5,times=0,method=GET,path_prefix=/api/v1/servers/")
    assert (how.mode, how.seconds, how.times) == ("latency", 1.5, 0)
    assert how.matches("GET", "/api/v1/servers/")
    assert not how.matches("GET", "/api/v1/snapshots/")
    assert not how.matches("POST", "/api/v1/servers/")


@pytest.mark.parametrize("spec", ["", "nothing", "latency:seconds=soon", "latency:colour=red"])
def test_invalid_fault_line_is_refused(db, spec):
    with pytest.raises(CommandError):
        call_command("serve_sandbox", port=0, misbehave=[spec])


def test_every_mode_can_be_performed():
    assert set(faults.PERFORMERS) == faults.MODES


def test_command_fills_the_sandbox_and_issues_a_token(transactional_db, capsys):
    call_command("fill_sandbox", issue_token="demo", without_servers=True)
    token = capsys.readouterr().out.split()[-1]
    client = make_client(token)
    assert client.list_snapshots()
    with pytest.raises(errors.ForbiddenError):
        client.list_servers()


@pytest.mark.parametrize("options", [{}, {"issue_token": "demo"}], ids=["filling", "issuing a token"])
def test_command_refuses_to_fill_the_sandbox_with_a_real_provider(db, settings, capsys, options):
    settings.SANDBOX = False
    settings.SNAPPORTAL_API_URL = "https://admin.example.org"
    with pytest.raises(CommandError, match=r"SNAPPORTAL_API_URL is set.*unset SNAPPORTAL_API_URL"):
        call_command("fill_sandbox", **options)
    assert capsys.readouterr().out == ""
    assert not Token.objects.exists()
    assert not Server.objects.exists()


def test_command_serves_and_writes_a_token_file_readable_by_its_owner_only(tmp_path):
    root = Path(__file__).resolve().parents[2]
    environment = {
        **os.environ,
        "SNAPPORTAL_DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    manage = [sys.executable, "-W", "ignore", "manage.py"]
    subprocess.run(
        [*manage, "migrate", "sandbox", "--verbosity=0"], cwd=root, env=environment, check=True, timeout=60
    )
    command = [*manage, "serve_sandbox", "--port=0", "--verbosity=0", f"--token-file={tmp_path / 'token'}"]
    with subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().split()[-1]
            token = (tmp_path / "token").read_text().strip()
            assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
            assert url.startswith("http://127.0.0.1:")
            assert len(make_client(token, url).list_servers()) == 6
        finally:
            process.terminate()
            try:
                ended = process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        assert ended == 0
