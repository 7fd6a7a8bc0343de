"""docs/api.md: it names every call and every code, its programs run, and its lines for a shell are understood."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from snapshots.api.endpoints import codes
from snapshots.api.endpoints.documents import RESOURCES
from snapshots.api.endpoints.resources import ANY_KEY
from snapshots.api.models import RIGHTS
from snapshots.audit.models import Entry
from snapshots.operations.models import Operation
from tests.api.test_reference_page import raised_codes
from tests.support import shell_lines
from tests.support.api import make_key, script_of

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text()
CREATE, COLLECT = re.findall(r"^```python\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
LINES = [
    line for line in re.findall(r"^ *```sh\n(.*?)^ *```", GUIDE, re.MULTILINE | re.DOTALL) if "curl" in line
]
HOST = "https://snapshots.example.com"


def test_every_call_is_named_with_its_right():
    for resource in RESOURCES:
        path = re.sub(r"<\w+:(\w+)>", r"{\1}", resource.path)
        for name, method in resource.by_method.items():
            right = "every key" if method.right == ANY_KEY else f"`{method.right}`"
            assert f"| `{name} /api/v1/{path}` | {right} |" in GUIDE
    assert len(re.findall(r"^\| `[A-Z]+ /api/v1/", GUIDE, re.MULTILINE)) == sum(
        len(one.by_method) for one in RESOURCES
    )


def test_every_code_and_right_is_named():
    named = set(re.findall(r"`([a-z_.]+)`", GUIDE))
    assert raised_codes() | {one.code for one in codes.all_codes()} <= named
    assert set(RIGHTS) <= named


def test_each_code_is_in_the_row_of_its_status():
    rows = dict(re.findall(r"^\| (\d{3}) \| (`[a-z].*) \|$", GUIDE, re.MULTILINE))
    for one in codes.all_codes():
        assert f"`{one.code}`" in rows[str(one.status)], one


def test_every_address_exists(db, client):
    for path in set(re.findall(r"(?<=[`\s])/(?:api|api-reference)/[\w./-]*", GUIDE)):
        assert client.get(path).status_code != 404, path


@pytest.mark.django_db
def test_every_line_is_understood(desk):
    view = desk.server()
    secret = script_of(desk).secret
    snapshot = desk.snapshot(view)
    assert len(LINES) == 3
    for line in LINES:
        here = line.replace(HOST, "http://testserver").replace("12345", str(view.server_id))
        here = here.replace(":801", f":{snapshot.id}")
        answer = shell_lines.send(here, SNAPPORTAL_KEY=secret, PATH=os.environ["PATH"])
        assert answer.status_code in {200, 201, 202}, answer.content


def run(program: str, live_server, secret: str, folder: Path, *arguments: str) -> str:
    environment = {"PORTAL_URL": live_server.url, "SNAPPORTAL_KEY": secret, "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_program_that_creates_and_waits(live_server, desk, settings, tmp_path):
    settings.SNAPPORTAL_SANDBOX_SPEED = 1000.0
    secret = script_of(desk).secret
    server_id = str(desk.server().server_id)
    for _again in range(2):
        printed = run(CREATE, live_server, secret, tmp_path, server_id, "nightly")
        operation = Operation.objects.get()
        assert printed.split() == ["completed", "ok", str(operation.snapshot_id)]


def test_the_collector_has_each_row_once_also_after_a_crash(live_server, cast, desk, tmp_path):
    secret = make_key(cast.aron)[1]
    file = tmp_path / "audit.jsonl"
    run(COLLECT, live_server, secret, tmp_path)
    assert len(file.read_bytes().splitlines()) == 1
    with file.open("ab") as cut:
        cut.write(b'{"type": "row", "row": {"seq')
    desk.create(desk.server())
    run(COLLECT, live_server, secret, tmp_path)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    numbers = [line["row"]["sequence"] for line in lines]
    newest = Entry.objects.order_by("-sequence")[0]
    assert numbers == list(range(1, newest.sequence + 1))
    assert lines[-1]["hash"] == newest.hash
