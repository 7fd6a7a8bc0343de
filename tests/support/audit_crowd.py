"""Many processes writing one log at once, and what must be true of it afterwards."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.support.audit_rows import rows, verdict

ROOT = Path(__file__).resolve().parents[2]


def write_at_once(environment: dict[str, str], *, writers: int, each: int) -> None:
    """Start the writers, let all of them begin together, and wait for their end. Raises when one fails."""
    crowd = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.support.audit_writer", str(number), str(each)],
            cwd=ROOT,
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(writers)
    ]
    try:
        for writer in crowd:
            assert writer.stdout.readline() == "ready\n", writer.stderr.read()
        for writer in crowd:
            writer.stdin.write("go\n")
            writer.stdin.flush()
        for writer in crowd:
            _out, errors = writer.communicate(timeout=300)
            assert writer.returncode == 0, errors
    finally:
        for writer in crowd:
            if writer.poll() is None:
                writer.kill()
                writer.communicate()


def check_log(*, writers: int, each: int) -> None:
    """Whole, with every row there, and evenly shared: while all of them write, nobody is far behind."""
    assert verdict().holds
    told = [row["actor_id"] for row in rows()]
    assert Counter(told) == dict.fromkeys(range(writers), each)
    all_begun = max(told.index(number) for number in range(writers))
    first_ended = min(len(told) - 1 - told[::-1].index(number) for number in range(writers))
    shares = Counter(told[all_begun : first_ended + 1])
    fair = (first_ended + 1 - all_begun) / writers
    assert fair >= each * 0.3, f"they hardly wrote at the same time: {fair} of {each} rows"
    assert min(shares[number] for number in range(writers)) >= fair * 0.4, shares
