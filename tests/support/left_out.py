"""Deselects tests that need a missing program; the summary names them, so that they are not overlooked.

With SNAPPORTAL_TESTS_LEAVE_NOTHING_OUT=1 nothing is deselected, and such tests fail.
"""

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest
from django.db import connection

from tests.support import postgres, web_servers

_BROWSERS = (Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium"))
CHROMIUM = next((one for one in _BROWSERS if one.exists()), _BROWSERS[-1])
"""The shell is the same engine without the browser's own windows, which took half of the processor time of a test."""
NEEDS = {
    "postgres": (postgres.is_there, f"PostgreSQL is not in {postgres.PROGRAMS}"),
    "redis": (lambda: shutil.which("redis-server") is not None, "redis-server is not there"),
    "webserver": (
        lambda: bool(web_servers.NGINX and web_servers.CADDY),
        "nginx and caddy are not both there",
    ),
    "node": (lambda: shutil.which("node") is not None, "node is not there"),
    "curl": (lambda: shutil.which("curl") is not None, "curl is not there"),
    "browser": (CHROMIUM.exists, f"{CHROMIUM} is not there"),
}
LEFT_OUT = pytest.StashKey[Counter]()


def leave_to_the_other_database(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect tests of the database that this run does not use: site/test_postgres.py runs the files on PostgreSQL."""
    other = "only_postgresql" if connection.vendor == "sqlite" else "only_sqlite"
    elsewhere = [item for item in items if item.get_closest_marker(other)]
    if elsewhere:
        items[:] = [item for item in items if not item.get_closest_marker(other)]
        config.hook.pytest_deselected(items=elsewhere)


def leave_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what cannot run here."""
    leave_to_the_other_database(config, items)
    if os.environ.get("SNAPPORTAL_TESTS_LEAVE_NOTHING_OUT"):
        return
    missing = {mark: why for mark, (is_there, why) in NEEDS.items() if not is_there()}
    kept, left_out, reasons = [], [], Counter()
    for item in items:
        why = next((missing[mark] for mark in missing if item.get_closest_marker(mark)), None)
        (left_out if why else kept).append(item)
        reasons.update([why] if why else [])
    if left_out:
        items[:] = kept
        config.hook.pytest_deselected(items=left_out)
    config.stash[LEFT_OUT] = reasons


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for why, count in config.stash.get(LEFT_OUT, Counter()).items():
        terminalreporter.write_line(f"LEFT OUT: {count} tests, because {why}", yellow=True)
