"""With Redis as the cache, readings are shared and cached as with the database cache."""

import shutil
import subprocess
import time

import pytest
import redis

from tests.support import own_run

pytestmark = pytest.mark.redis
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
    files = own_run.find_files(["inventory/test_reader.py"])
    own_run.run_files(files, tmp_path, timeout_seconds=120, SNAPPORTAL_CACHE_URL=redis_url)
    with redis.Redis.from_url(redis_url) as client:
        assert client.info("stats")["keyspace_hits"] > 0, "the tests did not use Redis"
