"""The code samples of the provider's own page, word for word, with another host and another token."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone

from snapshots.operations.models import Operation
from snapshots.sandbox.models import Snapshot
from tests.support.api import make_key

SAMPLES = Path(__file__).parent / "samples"
PROVIDER = "https://admin.vps.org"
SERVER_ID, SNAPSHOT_ID = 12345, 801
LANGUAGES = [
    pytest.param("curl", marks=pytest.mark.curl),
    "python",
    pytest.param("javascript", marks=pytest.mark.node),
]
IN_TWO_LANGUAGES = LANGUAGES[:2]
Run = Callable[[str, str], str]


@pytest.fixture
def run(live_server, desk, tmp_path) -> Run:
    """Runs a sample with the portal's host and a key; returns what it printed."""
    Snapshot.objects.filter(server_id=SERVER_ID).delete()
    now = timezone.now()
    Snapshot.objects.create(
        pk=SNAPSHOT_ID,
        server_id=SERVER_ID,
        name="pre-migration-snapshot",
        description="Before major migration",
        full_size_mb=5120,
        created_at=now - timezone.timedelta(days=1),
        ends_at=now - timezone.timedelta(hours=23),
    )
    secret = make_key(desk.user, desk.token)[1]

    def run_sample(name: str, language: str) -> str:
        text = (SAMPLES / f"{name}.{language}").read_text()
        assert text.count(PROVIDER) == text.count("YOUR_API_TOKEN") == 1
        text = text.replace(PROVIDER, live_server.url).replace("YOUR_API_TOKEN", secret)
        file = tmp_path / ("sample.mjs" if language == "javascript" else "sample")
        file.write_text(text)
        command = {
            "curl": ["bash", "-euo", "pipefail", str(file)],
            "python": [sys.executable, str(file)],
            "javascript": ["node", str(file)],
        }[language]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=False, env={"PATH": "/usr/bin:/bin"}
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run_sample


def parsed(text: str, language: str) -> str:
    """JSON as it is, and what Python and JavaScript print of it, without quotes and spaces."""
    if language == "curl":
        text = json.dumps(json.loads(text))
    return "".join(text.split()).replace('"', "").replace("'", "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_list(run, language):
    shown = parsed(run("list", language), language)
    assert "count:1" in shown
    assert "name:pre-migration-snapshot,status:completed,size_mb:5120" in shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_create(run, language):
    shown = parsed(run("create", language), language)
    assert "name:before-update-snapshot,status:in_progress" in shown
    assert "message:Snapshotisbeingcreated." in shown
    assert Snapshot.objects.filter(server_id=SERVER_ID, name="before-update-snapshot").count() == 1
    assert Operation.objects.get().snapshot_name == "before-update-snapshot"


@pytest.mark.parametrize("language", LANGUAGES)
def test_restore(run, language):
    shown = parsed(run("restore", language), language)
    assert "status:success,message:Serverisbeingrestoredfromsnapshot." in shown
    assert "name:web-server-01,status:restoring" in shown
    assert Operation.objects.get().snapshot_id == SNAPSHOT_ID


@pytest.mark.parametrize("language", IN_TWO_LANGUAGES)
def test_delete(run, language):
    shown = run("delete", language)
    assert shown.strip() == ("204" if language == "python" else "")
    assert not Snapshot.objects.filter(pk=SNAPSHOT_ID).exists()
