"""With Redis as the cache, readings are shared and cached as with the built-in cache."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis

pytestmark = pytest.mark.redis
ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 10


@pytest.fixture
def redis_url(tmp_path, free_tcp_port):
    program = shutil.which("redis-server")
    assert program
    options = ["--port", str(free_tcp_port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    server = subprocess.Popen([program, *options], cwd=tmp_path, stdout=subprocess.DEVNULL)
    client = redis.Redis(port=free_tcp_port)
    try:
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                client.ping()
                break
            except redis.ConnectionError:
                assert time.monotonic() < until, "Redis did not start"
                time.sleep(0.05)
        yield f"redis://127.0.0.1:{free_tcp_port}/0"
    finally:
        client.close()
        server.terminate()
        server.wait(10)


def test_readings_are_shared_and_cached_in_redis(redis_url, tmp_path):
    """Uses its own data folder, so that it does not remove the test database of this run."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/inventory/test_reader.py"],
        cwd=ROOT,
        env=os.environ | {"SNAPPORTAL_CACHE_URL": redis_url, "SNAPPORTAL_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr
