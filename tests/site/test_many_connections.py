"""More connections than a worker may open files: those beyond wait, and the worker goes on."""

import resource
import socket
import time
from contextlib import ExitStack

import pytest

from snapportal import gunicorn_conf
from tests.support.portal_process import serving

DESCRIPTORS = 140


@pytest.fixture
def portal(sandbox_data):
    """With 2 threads, and so at most 60 connections."""
    with serving(sandbox_data, descriptors=DESCRIPTORS, THREADS="2") as client:
        yield client


def test_a_worker_survives_more_connections_than_it_may_have_files(portal, sandbox_data):
    with ExitStack() as stack:
        for _ in range(200):
            address = portal.base_url.host, portal.base_url.port
            stack.enter_context(socket.create_connection(address, timeout=20))
        time.sleep(2)
    assert portal.get("/livez", timeout=30).status_code == 200
    lines = (sandbox_data.parent / "lines.txt").read_text()
    assert "Too many open files" not in lines
    assert lines.count("Booting worker") == 1


@pytest.mark.parametrize(
    ("descriptors", "threads", "connections"),
    [(1024, 8, 896), (20_000, 8, 1000), (resource.RLIM_INFINITY, 8, 1000), (100, 8, 16), (140, 2, 60)],
)
def test_connections_are_limited_by_the_file_descriptors(descriptors, threads, connections):
    assert gunicorn_conf.connections_for(descriptors, threads) == connections
