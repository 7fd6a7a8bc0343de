"""Makes the reports of tests sendable between the processes of a run."""

from collections.abc import Generator
from typing import Any

import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, None]:
    """Escape what is no valid text in captured output: tests log half characters (surrogates) on purpose."""
    outcome = yield
    report = outcome.get_result()
    report.sections = [
        (name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections
    ]
