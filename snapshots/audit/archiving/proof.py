"""Checks an archive file as an auditor does: with verify_log.py in a process of its own, and public keys alone."""

import subprocess
import sys
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
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as verifier:
        assert verifier.stdin and verifier.stdout
        try:
            for line in files.raw_lines(path):
                verifier.stdin.write(line)
            verifier.stdin.close()
        except BrokenPipeError:
            pass  # it found the file invalid and ended: its output says why
        finding = verifier.stdout.read().decode(errors="replace").strip()
    if verifier.returncode:
        raise ArchiveFileError(f"{path} does not verify: {finding}")
