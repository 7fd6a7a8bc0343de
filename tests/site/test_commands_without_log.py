"""A command that cannot write the audit log ends with a sentence that says what to do, not with a traceback."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from snapportal.accounts.models import User
from snapshots.operations.models import Action, Operation, State
from tests.support.audit_rows import write_events

pytestmark = pytest.mark.django_db
SENTENCE = "The audit log cannot be written, .*the key a1 does not open"


@pytest.fixture
def wrong_key(settings, tmp_path) -> None:
    settings.DATA_DIR = str(tmp_path)
    write_events(3)
    settings.SNAPPORTAL_AUDIT_KEYS = {"a1": bytes(range(32))}


def test_add_person_adds_nobody_and_names_the_key(wrong_key):
    with pytest.raises(CommandError, match=SENTENCE):
        call_command("add_person", "ada")
    assert not User.objects.filter(username="ada").exists()


def test_add_person_renews_no_invitation_and_names_the_key(cast, wrong_key):
    with pytest.raises(CommandError, match=SENTENCE):
        call_command("add_person", cast.mia.username, "--renew")


def test_start_makes_no_sandbox_people_and_names_the_key(wrong_key):
    with pytest.raises(CommandError, match=SENTENCE):
        call_command("start", "--no-serve")
    assert not User.objects.exists()


def test_reconcile_operations_closes_nothing_and_names_the_key(desk, settings):
    operation = desk.create(desk.server("web-server-01"), "mine")
    Operation.objects.update(
        state=State.SENT, sent_at=timezone.now() - timedelta(hours=1), action=Action.CREATE
    )
    settings.SNAPPORTAL_AUDIT_KEYS = {"a1": bytes(range(32))}
    with pytest.raises(CommandError, match=SENTENCE):
        call_command("reconcile_operations")
    operation.refresh_from_db()
    assert operation.state == State.SENT
