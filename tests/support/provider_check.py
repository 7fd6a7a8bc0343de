"""Running manage.py check_provider in tests."""

import io
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

TOKEN = "canary-token-3f8a61c2"
NO_TOKEN_BODY = '{"detail": "Authentication credentials were not provided."}'


@pytest.fixture
def check_provider(tmp_path, settings):
    """Runs the command: its code, and its output line by line. `token` is given in a file."""
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = 2.0

    def run(*options: str, token: str = "", url: str | None = None) -> SimpleNamespace:
        if url is not None:
            settings.SNAPPORTAL_API_URL = url
        if token:
            (tmp_path / "token").write_text(f"{token}\n")
            options += ("--token-file", str(tmp_path / "token"))
        out, code, error = io.StringIO(), 0, ""
        try:
            call_command("check_provider", *options, stdout=out)
        except CommandError as failure:
            code, error = failure.returncode, str(failure)
        said = out.getvalue()
        assert TOKEN not in said + error
        assert not token or token not in said + error
        return SimpleNamespace(code=code, error=error, lines=said.splitlines(), text=said)

    return run


def line_of(result: SimpleNamespace, step: str) -> str:
    """'mark text' of a step; '' if it was not tried. What to do follows ' -> '."""
    for number, line in enumerate(result.lines):
        mark, _, rest = line.partition(" ")
        if rest.strip().startswith(f"{step}:"):
            following = [*result.lines, ""][number + 1].strip()
            return f"{mark} {rest.strip()}" + (f" {following}" if following.startswith("->") else "")
    return ""


def asks_for_token(wire, **headers: str) -> None:
    wire.misbehave("answer", status=401, body=NO_TOKEN_BODY, headers=headers, times=0)
