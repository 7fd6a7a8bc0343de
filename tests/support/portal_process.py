"""Starts the portal in processes of its own, as operators do."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.run_folder import made_once

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90
"""Long enough for a busy machine."""


@pytest.fixture(scope="session")
def prepared_sandbox() -> Path:
    """A prepared data folder with people, servers and static files, to be copied: preparing takes seconds.

    What the command said is in `said.txt` beside it.
    """
    return made_once("prepared", _prepare) / "data"


def _prepare(beside: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "start", "--no-serve"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "SNAPPORTAL_DATA_DIR": str(beside / "data")},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=START_SECONDS,
    )
    (beside / "said.txt").write_text(done.stdout)


@pytest.fixture(scope="module")
def sandbox_data(prepared_sandbox, tmp_path_factory) -> Path:
    """A copy of the prepared folder for the tests of one module."""
    return Path(shutil.copytree(prepared_sandbox, tmp_path_factory.mktemp("sandbox") / "data"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


START = ["manage.py", "start"]
SERVE = ["-m", "gunicorn", "-c", "python:snapportal.gunicorn_conf", "snapportal.wsgi:application"]
"""What `manage.py start` becomes after it has prepared the data folder; test_start.py compares the two."""


@contextmanager
def serving(
    folder: Path, *, program: list[str] = SERVE, descriptors: int = 0, **settings: str
) -> Iterator[httpx.Client]:
    """Run the portal on the prepared data folder and yield a client of it; `settings` are named without SNAPPORTAL_.

    Without its background worker, a second process that loads everything, unless WORKER="on" is given.
    `descriptors`: how many files each of its processes may have open, if that is limited.
    Standard output is written to `printed.txt` beside the folder, the log to `lines.txt`.
    """
    bind = f"127.0.0.1:{free_port()}"
    own = {"DATA_DIR": str(folder), "BIND": bind, "WORKERS": "1", "WORKER": "off"} | settings
    beside = folder.parent
    with (beside / "printed.txt").open("w") as printed, (beside / "lines.txt").open("w") as lines:
        process = subprocess.Popen(
            [*(["prlimit", f"--nofile={descriptors}:"] if descriptors else []), sys.executable, *program],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"]} | {f"SNAPPORTAL_{name}": value for name, value in own.items()},
            stdout=printed,
            stderr=lines,
        )
    try:
        with httpx.Client(base_url=f"http://{bind}", trust_env=False, verify=False) as client:
            assert wait_for(client, "/readyz").json()["status"] == "ready"
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def wait_for(client: httpx.Client, path: str) -> httpx.Response:
    """The first response, once the portal listens."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            return client.get(path)
        except httpx.ConnectError:
            assert time.monotonic() < end, "it does not come up"
            time.sleep(0.1)


def accounts(folder: Path) -> dict[str, str]:
    """The sandbox's people: sign-in name → password."""
    lines = (folder / "sandbox-accounts.txt").read_text().splitlines()
    return dict(line.split() for line in lines if not line.startswith("#"))
