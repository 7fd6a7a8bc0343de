"""Runs manage.py in forks of one process that has loaded what needs no settings.

Loading that takes longer than most commands. Settings, models and everything else of the portal is loaded in each fork, whose
environment is the given one only. Tests of each kind also start a process of its own with `manage.py`.

`python -m tests.support.manage_forks` is that one process. It reads a line of JSON for each command and answers with one.
"""

import atexit
import gc
import json
import os
import runpy
import signal
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path

from tests.support.garbage import collect_seldom

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_SECONDS = 60
WITHOUT_SETTINGS = [
    "argon2", "babel.dates", "cronsim", "cryptography.fernet", "cryptography.x509", "environs", "fido2.server", "httpcore",
    "httpx", "jwt", "msgspec", "pyotp", "requests", "segno", "structlog", "whitenoise.middleware", "whitenoise.storage",
    "csp.middleware", "django_htmx.middleware", "django.contrib.messages", "django.core.management",
    "django.core.management.commands.check", "django.db.backends.sqlite3.base", "django.db.migrations.executor",
    "django.db.models", "django.forms", "django.http", "django.template.loader", "django.urls", "django.views.generic",
    "snapportal.content_policy", "snapportal.databases", "snapportal.environment", "snapportal.languages",
    "snapportal.logs", "snapportal.mail_settings", "snapportal.page_templates", "snapportal.role_settings",
    "snapportal.setting_values", "snapportal.sign_in_settings",
]  # fmt: skip


def manage(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py with these words and this environment only."""
    program = _program()
    program.stdin.write(json.dumps([environment, words]) + "\n")
    program.stdin.flush()
    status, output, errors = json.loads(program.stdout.readline())
    return subprocess.CompletedProcess(words, status, output, errors)


@cache
def _program() -> subprocess.Popen[str]:
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.support.manage_forks"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    owner = os.getpid()

    def end() -> None:
        if os.getpid() == owner:  # not in a forked child
            program.communicate()

    atexit.register(end)
    return program


def _become_manage(environment: dict[str, str], words: list[str], output: int, errors: int) -> None:
    """In a fork: it ends as manage.py does, whatever that raises."""
    signal.alarm(TIMEOUT_SECONDS)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, file in enumerate((nothing, output, errors)):
        os.dup2(file, number)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["manage.py", *words]
    runpy.run_path("manage.py", run_name="__main__")


def _read(file: int) -> str:
    with os.fdopen(file) as opened:
        opened.seek(0)
        return opened.read()


def main() -> None:
    for name in WITHOUT_SETTINGS:
        import_module(name)
    gc.freeze()
    collect_seldom()
    for line in sys.stdin:
        environment, words = json.loads(line)
        output, errors = os.memfd_create("output"), os.memfd_create("errors")
        child = os.fork()
        if child == 0:
            _become_manage(environment, words, output, errors)
            return
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(json.dumps([status, _read(output), _read(errors)]), flush=True)


if __name__ == "__main__":
    main()
