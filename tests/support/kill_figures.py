"""Runs the programs that kill processes (kill_writers, kill_jobs, …) and reads what they print."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def run_kills(program: str, *, rounds: int, timeout_seconds: int) -> dict[str, int]:
    """The figures that `python -m tests.support.<program>` prints last."""
    options = ("--rounds", str(rounds), "--seed", "7")
    return json.loads(_run(program, *options, timeout_seconds=timeout_seconds)[-1])


def run_points(program: str, *arguments: str, timeout_seconds: int) -> list[dict[str, Any]]:
    """What a program prints that kills once at each of its points: a line for each."""
    lines = _run(program, *arguments, timeout_seconds=timeout_seconds)
    return [json.loads(line) for line in lines if line.startswith('{"point"')]


def _run(program: str, *arguments: str, timeout_seconds: int) -> list[str]:
    """The lines of standard output. Fails unless the program found everything in order (exit code 0)."""
    result = subprocess.run(
        [sys.executable, "-m", f"tests.support.{program}", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr[-3000:]
    return result.stdout.splitlines()
