"""What gunicorn loads before it forks its workers: all views and templates, and nothing that does not survive a fork."""

import json
import os
import subprocess
import sys

import pytest

from snapportal import preload
from tests.support.portal_process import ROOT

PROGRAM = """
import json, os, sys, threading
sys.path.insert(0, os.getcwd())
import snapportal.wsgi
from snapportal import gunicorn_conf
gunicorn_conf.on_starting(None)
gunicorn_conf.when_ready(None)
from django.db import connections
from snapshots import connection
import gc
print(json.dumps({
    "views": "snapshots.views.servers" in sys.modules,
    "threads": threading.active_count(),
    "connections": [one.alias for one in connections.all() if one.connection],
    "clients": connection._http.cache_info().currsize,
    "frozen": gc.get_freeze_count() > 100_000,
}))
"""


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_views_are_loaded_and_no_connection_or_thread_is_made(prepared_sandbox, database):
    own = {
        "PATH": os.environ["PATH"],
        "SNAPPORTAL_DATA_DIR": str(prepared_sandbox),
        "SNAPPORTAL_WORKER": "off",
    }
    if database == "postgresql":
        own["SNAPPORTAL_DATABASE_URL"] = "postgres://nobody@127.0.0.1:1/none"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=own, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    expected = {"views": True, "threads": 1, "connections": [], "clients": 0, "frozen": True}
    assert json.loads(done.stdout.splitlines()[-1]) == expected


def test_every_template_of_the_portal_is_parsed():
    names = preload.template_names()
    assert "servers/server_list.html" in names
    assert preload.load() == len(names)
