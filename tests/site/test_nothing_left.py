"""A test run leaves the temporary folder as it was."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import postgres

ROOT = Path(__file__).resolve().parents[2]
INTERRUPTED = ["tests/support/interrupted_run.py"]
PLAIN = ["tests/audit/test_faults.py", "tests/site/test_log_lines.py", "-k", "disk or lines"]
PROGRAMS = [
    "tests/e2e/test_page_checks.py",
    "tests/site/test_nothing_left.py",
    "-k",
    "console_messages or cluster",
]


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder that PostgreSQL's user can pass through, beside this run's: a socket's path in it must be short."""
    with tempfile.TemporaryDirectory(dir=Path(os.environ["SNAPPORTAL_TESTS_FOLDER"]).parent) as name:
        Path(name).chmod(0o711)
        yield Path(name)


@contextmanager
def pytest_run(folder: Path, words: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A run of pytest whose temporary folder is `folder`."""
    inherited = ("SNAPPORTAL_", "PYTEST_XDIST_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(inherited)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--numprocesses=0", *words]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment | {"TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as run:
        yield run


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(PLAIN, id="with subprocesses"),
        pytest.param(
            PROGRAMS, id="with Chromium and PostgreSQL", marks=[pytest.mark.browser, pytest.mark.postgres]
        ),
    ],
)
def test_a_run_leaves_nothing_behind(folder, words):
    with pytest_run(folder, words) as run:
        output, _ = run.communicate(timeout=120)
    assert run.returncode == 0, output
    assert " passed" in output
    assert [path.name for path in folder.iterdir()] == []


def test_a_run_that_is_interrupted_leaves_nothing_behind(folder):
    with pytest_run(folder, INTERRUPTED) as run:
        output, _ = run.communicate(timeout=120)
    assert run.returncode, output
    assert "KeyboardInterrupt" in output
    assert [path.name for path in folder.iterdir()] == []


@pytest.mark.postgres
def test_a_cluster_works_in_the_folder_of_the_run():
    with postgres.cluster() as url:
        assert os.environ["SNAPPORTAL_TESTS_FOLDER"].replace("/", "%2F") in url
