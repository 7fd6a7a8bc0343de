"""What the portal signs and serves is what the auditor's two files take."""

import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from snapshots.audit import checkpoints, witness
from snapshots.audit.tree_models import Checkpoint
from tests.support.audit_commands import restore_backup, run
from tests.support.audit_rows import fill_log
from tests.support.audit_triggers import without_triggers
from tests.support.log_verifier import verify

ORIGIN = "log.example/audit"


@pytest.fixture(autouse=True)
def signing(settings) -> None:
    settings.SNAPPORTAL_CHECKPOINT_FILE = ""
    settings.SNAPPORTAL_LOG_ORIGIN = ORIGIN
    settings.SNAPPORTAL_LOG_SIGNING_KEYS = [b"\1" * 32]
    settings.SNAPPORTAL_LOG_PUBLIC = True


def vkey() -> str:
    return checkpoints.public_keys()[0].vkey


@pytest.mark.django_db
@pytest.mark.parametrize("size", [1, 5, 256, 300])
def test_the_proof_for_an_older_checkpoint_verifies(tmp_path, capsys, size):
    fill_log(size)
    older = checkpoints.make().note
    fill_log(301 - size)
    checkpoints.make()
    code, out, _ = run(capsys, "prove_audit", "--size", str(size))
    assert code == 0
    code, output = verify(tmp_path, out.encode(), keys=[vkey()], checkpoints=[older])
    assert (code, f"continues the checkpoint of {size} rows" in output) == (0, True)


@pytest.mark.django_db
@pytest.mark.parametrize("size", [0, -1, 4])
def test_a_size_that_the_log_has_not_reached_is_refused(size):
    fill_log(3)
    with pytest.raises(CommandError, match="the log has 3 rows"):
        call_command("prove_audit", "--size", str(size))


@pytest.mark.django_db(transaction=True)
def test_the_witness_watches_the_portal(live_server, tmp_path: Path, monkeypatch, capsys):
    options = ["--url", f"{live_server.url}/log/", "--key", vkey(), "--state", str(tmp_path / "witness")]
    monkeypatch.setattr(sys, "argv", ["witness.py", *options])

    def check() -> tuple[int, str]:
        return witness.main(), "".join(capsys.readouterr())

    assert check()[0] == 2
    for count in (3, 250, 300):
        fill_log(count)
        checkpoints.make()
        assert check()[0] == 0
    restore_backup(until=3)
    with without_triggers():
        Checkpoint.objects.filter(size__gt=3).delete()
    code, output = check()
    assert (code, "the log shrank: it has 3 rows, and had 553" in output) == (1, True)
