"""A portal whose cache is Redis knows the errors of Redis; another does not load its client, which takes time at each start."""

import pytest

from tests.site.test_settings import start

SCRIPT = """
import sys
from django.core.cache import cache
from snapshots.connection import CACHE_FAILURES
try:
    cache.get("anything")
except CACHE_FAILURES as error:
    print("failed:", type(error).__module__)
print("loaded" if "redis" in sys.modules else "not loaded")
"""


@pytest.mark.parametrize(
    ("settings", "lines"),
    [
        pytest.param(
            {"SNAPPORTAL_CACHE_URL": "redis://127.0.0.1:1/0"},
            ["failed: redis.exceptions", "loaded"],
            id="unreachable Redis",
        ),
        pytest.param({}, ["failed: django.db.utils", "not loaded"], id="database without tables"),
    ],
)
def test_an_unavailable_cache_is_noticed(tmp_path, settings, lines):
    folder = {"SNAPPORTAL_DATA_DIR": str(tmp_path / "data")}
    done = start(folder | settings, "shell", "--no-imports", "-c", SCRIPT)
    assert done.stdout.splitlines() == lines, done.stderr
