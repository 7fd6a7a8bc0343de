"""Runs one of the programs that kill workers (kill_writers, kill_jobs, …) and reads the figures that it prints last."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run_kills(program: str, *, rounds: int, timeout_seconds: int) -> dict[str, int]:
    """The figures of `python -m tests.support.<program>`. Fails unless the program found everything in order (exit code 0)."""
    result = subprocess.run(
        [sys.executable, "-m", f"tests.support.{program}", "--rounds", str(rounds), "--seed", "7"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr[-3000:]
    return json.loads(result.stdout.splitlines()[-1])
