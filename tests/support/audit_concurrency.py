"""Runs many processes that write one log at the same time, and checks the log afterwards."""

import os
import signal
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from statistics import median

from tests.support.audit_rows import rows, verdict

ROOT = Path(__file__).resolve().parents[2]
ROWS_EACH = int(os.environ.get("SNAPPORTAL_TESTS_ROWS_EACH", "80"))
"""Rows of each of the 16 writers; docs/trust.md gives the figure of a run with 1,000."""


def write_at_once(environment: dict[str, str], *, writers: int, each: int) -> None:
    """Start the writers, let them begin at the same time, and wait until they end. Raises when one fails."""
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.support.audit_writer", str(writers), str(each)],
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert program.stdout.readline() == "ready\n", program.stderr.read()
        _out, errors = program.communicate("go\n", timeout=300)
        assert program.returncode == 0, errors
    finally:
        if program.poll() is None:
            os.killpg(program.pid, signal.SIGKILL)  # the writers too
            program.communicate()


def check_log(*, writers: int, each: int) -> None:
    """Assert a valid chain with all rows, and that no writer falls far behind while all of them write."""
    assert verdict().holds
    writer_of_row = [row["actor_id"] for row in rows()]
    assert Counter(writer_of_row) == dict.fromkeys(range(writers), each)
    all_begun = max(writer_of_row.index(number) for number in range(writers))
    first_ended = min(len(writer_of_row) - 1 - writer_of_row[::-1].index(number) for number in range(writers))
    overlap = writer_of_row[all_begun : first_ended + 1]
    fair = len(overlap) / writers
    assert fair >= each * 0.3, f"the writers hardly overlapped: {fair} of {each} rows"
    waits = {number: _median_wait(overlap, number) for number in range(writers)}
    assert max(waits.values()) <= 2 * writers, waits


def _median_wait(writer_of_row: list[int], number: int) -> float:
    """How many rows it takes until it is this writer's turn again. The median, because a busy machine may halt a process once."""
    places = [place for place, writer in enumerate(writer_of_row) if writer == number]
    return median([later - earlier for earlier, later in pairwise(places)] or [len(writer_of_row)])
