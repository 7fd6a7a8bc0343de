"""Kill the archiver with SIGKILL at named points, let a second run continue, and compare with the rows of before.

    .venv/bin/python -m tests.support.kill_archiver DATA_DIR

Prints one JSON object for each point: `killed`, `lost` (rows neither in the database nor in a file), `left` (rows that
should have left the database), `files`, `problems` (of the files and the log).
"""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support import kill_setup

POINTS = ("before_file", "half_file", "before_row", "after_row", "while_deleting")
ROWS = 520
HELD = (5, 6, 7)


def kill_self(*_args: object, **_options: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def set_up(data_dir: str) -> None:
    """Set up Django in this process with a SQLite file that has ROWS rows, a checkpoint and a hold."""
    kill_setup.set_up(data_dir)
    from snapshots.audit import holds
    from snapshots.audit.hold_models import parse_scope
    from tests.support.archives import fill_with_checkpoint
    from tests.support.audit_rows import MIA

    fill_with_checkpoint(ROWS)
    holds.place(actor=MIA, scope=parse_scope(f"rows {HELD[0]} to {HELD[-1]}"), name="Case", reason="lawsuit")


def after(target: object, name: str, calls: int = 1) -> None:
    """Kill this process after the function returned for the `calls`-th time."""
    original: Callable[..., Any] = getattr(target, name)
    count = [0]

    def wrapped(*args: object, **options: object) -> Any:
        result = original(*args, **options)
        count[0] += 1
        if count[0] == calls:
            kill_self()
        return result

    setattr(target, name, wrapped)


def set_kill_point(point: str) -> None:
    from snapshots.audit.archiving import run

    match point:
        case "before_file":
            run.files.write = kill_self  # type: ignore[assignment]
        case "half_file":
            after(run, "row_line", calls=300)
        case "before_row":
            run._record = kill_self  # type: ignore[assignment]
        case "after_row":
            after(run, "_record")
        case "while_deleting":
            after(run, "_delete_batch")


def archive(point: str, folder: Path) -> None:
    from tests.support.archives import archive_all

    set_kill_point(point)
    archive_all(folder)


def run_forked(work: Callable[[], None]) -> int:
    """The wait status of a child process that does `work`."""
    from django.db import connections

    connections.close_all()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


def compare(folder: Path) -> dict[str, object]:
    from snapshots.audit import verification
    from snapshots.audit.archiving import files, rows
    from snapshots.audit.archiving.verification import check_files
    from tests.support.archives import stored

    in_files = {
        line["row"]["sequence"]
        for one in rows.read_all()
        for line in files.data_lines(folder / one.file_name, one.first, one.last)
    }
    present = set(stored())
    verdict = verification.check_log()
    problems = [str(finding) for finding in check_files(folder, {})]
    if not verdict.holds:
        problems.append(verification.describe(verdict))
    return {
        "lost": len({*range(1, ROWS + 2)} - present - in_files),
        "left": len(present & {*range(1, 513)} - {*HELD}),
        "held": len(present & {*HELD}),
        "files": sorted(path.name for path in folder.iterdir()),
        "problems": problems,
    }


def main(data_dir: str) -> None:
    set_up(data_dir)
    from django.conf import settings
    from django.db import connections

    database, folder = Path(settings.DATABASES["default"]["NAME"]), Path(data_dir) / "archive"
    connections.close_all()
    shutil.copy(database, f"{database}.full")
    for point in POINTS:
        shutil.copy(f"{database}.full", database)
        shutil.rmtree(folder, ignore_errors=True)
        status = run_forked(lambda point=point: archive(point, folder))
        continued = run_forked(lambda: archive("", folder))
        result = {"point": point, "killed": os.WIFSIGNALED(status), "continued": continued == 0}
        print(json.dumps(result | compare(folder)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
