"""The portal in processes of its own, as people start it."""

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

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90
"""Long enough on a machine that does much else."""


@pytest.fixture(scope="session")
def prepared_sandbox(tmp_path_factory) -> Path:
    """A data folder of the sandbox with its people, servers and static files. Copy it: preparing takes seconds."""
    folder = tmp_path_factory.mktemp("prepared") / "data"
    subprocess.run(
        [sys.executable, "manage.py", "start", "--no-serve"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "SNAPPORTAL_DATA_DIR": str(folder)},
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=START_SECONDS,
    )
    return folder


@pytest.fixture(scope="module")
def sandbox_data(prepared_sandbox, tmp_path_factory) -> Path:
    """A copy of it for the tests of one module."""
    return Path(shutil.copytree(prepared_sandbox, tmp_path_factory.mktemp("sandbox") / "data"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[httpx.Client]:
    """The portal on the data folder, with a client at it; `settings` go without their SNAPPORTAL_.

    What it prints goes into `printed.txt` beside the folder, and what it logs into `lines.txt`.
    """
    bind = f"127.0.0.1:{free_port()}"
    own = {"DATA_DIR": str(folder), "BIND": bind, "WORKERS": "1"} | settings
    beside = folder.parent
    with (beside / "printed.txt").open("w") as printed, (beside / "lines.txt").open("w") as lines:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "start"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"]} | {f"SNAPPORTAL_{name}": value for name, value in own.items()},
            stdout=printed,
            stderr=lines,
        )
    try:
        with httpx.Client(base_url=f"http://{bind}", trust_env=False) as client:
            assert wait_for(client, "/readyz").json()["status"] == "ready"
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def wait_for(client: httpx.Client, path: str) -> httpx.Response:
    """The first answer, once somebody listens."""
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
