"""Runs test files in a pytest process of their own, with other settings."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"


def find_files(patterns: Iterable[str]) -> list[Path]:
    """The test files that match the patterns, relative to tests/. A pattern without a file fails the test."""
    found = {pattern: sorted(TESTS.glob(pattern)) for pattern in patterns}
    assert all(found.values()), f"a pattern matches no file: {found}"
    return [path for paths in found.values() for path in paths]


def run_files(
    files: list[Path], folder: Path, *options: str, timeout_seconds: float, **settings: str
) -> None:
    """Run the files; fails unless all tests pass and every file has run at least one test.

    `folder` is the data folder of the run, apart from this run's: its test database must not be removed.
    """
    report = folder / "report.xml"
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_XDIST_WORKER"}
    names = [str(path.relative_to(ROOT)) for path in files]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--numprocesses=0",
            f"--junit-xml={report}",
            *options,
            *names,
        ],
        cwd=ROOT,
        env=environment | {"SNAPPORTAL_DATA_DIR": str(folder)} | settings,
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
    ran = {case.get("classname") for case in ElementTree.parse(report).iter("testcase")}
    expected = {name.removesuffix(".py").replace("/", ".") for name in names}
    assert expected, "no test file was selected"
    without = sorted(one for one in expected if not any(f"{name}.".startswith(f"{one}.") for name in ran))
    assert not without, f"no test was run of {without}"
