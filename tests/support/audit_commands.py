"""Runs the audit commands, and returns their exit codes and output."""

import pytest
from django.core.management import CommandError, call_command

from snapshots.audit.models import Entry
from tests.support.audit_triggers import without_triggers

Capture = pytest.CaptureFixture[str]
KEY = "8796a5b4c3d2e1f00f1e2d3c4b5a69780123456789abcdeffedcba9876543210"
"""The key a1 of the test settings."""


def run(capsys: Capture, name: str, *options: str) -> tuple[int, str, str]:
    """The exit code, standard output and standard error of a command, as a shell sees them."""
    code, error = 0, ""
    try:
        call_command(name, *options)
    except SystemExit as end:
        code = int(end.code or 0)
    except CommandError as refused:
        code, error = refused.returncode, str(refused)
    output = capsys.readouterr()
    return code, output.out, output.err + error


def accept(capsys: Capture, kind: str, reason: str = "The disk died", by: str = "Ada") -> tuple[int, str]:
    code, out, err = run(capsys, f"accept_{kind}", "--reason", reason, "--by", by)
    return code, out + err


def verify(capsys: Capture, *options: str) -> tuple[int, str]:
    code, out, err = run(capsys, "verify_audit", "--no-record", *options)
    return code, out + err


def restore_backup(until: int) -> None:
    """Leave the log as a restored backup does whose last row is `until`."""
    with without_triggers():
        Entry.objects.filter(sequence__gt=until).delete()
