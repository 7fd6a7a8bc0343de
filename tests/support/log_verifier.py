"""Runs verify_log.py on files, and returns its exit code and output."""

import contextlib
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from snapshots.audit import verify_log
from tests.support.log_files import SIGNER, Json, to_bytes


def write_files(folder: Path, content: bytes | list[Json] | None, checkpoints: Iterable[str]) -> list[str]:
    """The arguments that name the files."""
    arguments = []
    if content is not None:
        (folder / "log.jsonl").write_bytes(content if isinstance(content, bytes) else to_bytes(content))
        arguments.append(str(folder / "log.jsonl"))
    for number, note in enumerate(checkpoints):
        (folder / f"checkpoint-{number}").write_text(note)
        arguments += ["--checkpoint", str(folder / f"checkpoint-{number}")]
    return arguments


def verify(
    folder: Path,
    content: bytes | list[Json] | None,
    *,
    keys: Iterable[str] = (SIGNER.vkey,),
    checkpoints: Iterable[str] = (),
) -> tuple[int, str]:
    """Exit code, and standard output and error, of verify_log.py for a file; None for checkpoints alone."""
    arguments = write_files(folder, content, checkpoints)
    output, old = io.StringIO(), sys.argv
    sys.argv = ["verify_log.py", *arguments, *(part for key in keys for part in ("--key", key))]
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            code = verify_log.main()
    finally:
        sys.argv = old
    return code, output.getvalue()


def verify_alone(
    folder: Path, content: bytes | list[Json], *options: str, key: str = SIGNER.vkey
) -> tuple[int, str]:
    """The same with a copy of verify_log.py in an own process, without the portal's packages."""
    copy = shutil.copy(Path(verify_log.__file__), folder)
    done = subprocess.run(
        [sys.executable, "-I", "-S", copy, *write_files(folder, content, ()), "--key", key, *options],
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
