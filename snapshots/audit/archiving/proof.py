"""Checks an archive file as an auditor does: with verify_log.py in a process of its own, and public keys alone."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from snapshots.audit import checkpoints
from snapshots.audit.archiving import files
from snapshots.audit.archiving.files import ArchiveFileError

VERIFIER: Final = Path(__file__).resolve().parents[1] / "verify_log.py"


def check(path: Path) -> None:
    """Raises ArchiveFileError unless the file on the disk proves all its rows."""
    keys = [f"--key={key.vkey}" for key in checkpoints.public_keys()]
    command = [sys.executable, "-I", str(VERIFIER), "/dev/stdin", *keys]
    verifier = subprocess.Popen(  # noqa: S603 - our own program; the keys are from the settings
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert verifier.stdin and verifier.stdout
    try:
        with suppress(BrokenPipeError):  # it found the file invalid and ended: its output says why
            verifier.stdin.writelines(files.raw_lines(path))
    finally:
        with suppress(BrokenPipeError):
            verifier.stdin.close()
        finding = verifier.stdout.read().decode(errors="replace").strip()
        verifier.stdout.close()
        verifier.wait()
    if verifier.returncode:
        raise ArchiveFileError(f"{path} does not verify: {finding}")
