"""Runs witness.py on a log server, and reads and changes what it remembers."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from snapshots.audit import witness
from tests.support.log_files import SIGNER

Run = Callable[..., tuple[int, str]]


def runner(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """A function that runs one check of a witness, and returns its exit code and output."""

    def run(*options: object, folder: str = "witness", key: str = SIGNER.vkey) -> tuple[int, str]:
        arguments = ["--url", url, "--key", key, "--state", tmp_path / folder, *options]
        monkeypatch.setattr(sys, "argv", ["witness.py", *map(str, arguments)])
        code = witness.main()
        return code, "".join(capsys.readouterr())

    return run


def remembered(tmp_path: Path) -> dict:
    return json.loads((tmp_path / "witness" / "state.json").read_text())


def age(tmp_path: Path, seconds: int) -> None:
    """Make the witness remember everything as this much older."""
    state = remembered(tmp_path)
    changed = {"grown_at": state["grown_at"] - seconds, "answered_at": state["answered_at"] - seconds}
    (tmp_path / "witness" / "state.json").write_text(json.dumps(state | changed))
