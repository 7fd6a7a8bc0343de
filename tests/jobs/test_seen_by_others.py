"""A job that works on a server is told to everybody who sees the server, and is cancelled only while a step is left."""

import pytest
from django.urls import reverse

from snapshots.jobs import engine, service
from snapshots.jobs.models import Job, JobState
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import State
from snapshots.sandbox.demo_data import TEAM_EMAIL, issue_token
from tests.support.desk import Desk, make_desk
from tests.support.jobs import run_to_end, start_safe_restore

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]
GOING_TO_RESTORE = "A job is going to restore this server"


@pytest.fixture
def colleague(cast, desk) -> Desk:
    """Omar with another token of the same account, whose lists were read once."""
    found = make_desk(cast.omar, issue_token(TEAM_EMAIL, "another"))
    found.views()
    return found


def last_step_sent(desk: Desk, clock) -> Job:
    job = start_safe_restore(desk, desk.server())
    while service.has_steps_ahead(job):
        clock.shift(60)
        desk.views()
        engine.advance(job.pk)
    job.refresh_from_db()
    return job


def test_a_colleague_is_told_on_every_page_about_the_server(desk, colleague, signed_in, clock):
    view = desk.server()
    job = start_safe_restore(desk, view)
    browser, token = signed_in(colleague.user), colleague.token.pk
    for address in (
        reverse("server_detail", args=[token, view.server_id]),
        reverse("snapshot_create", args=[token, view.server_id]),
    ):
        page = browser.get(address).text
        assert GOING_TO_RESTORE in page
        assert reverse("job_detail", args=[job.pk]) in page
    assert browser.get(reverse("job_detail", args=[job.pk])).status_code == 200
    run_to_end(job, desk, clock)
    assert GOING_TO_RESTORE not in browser.get(reverse("server_detail", args=[token, view.server_id])).text


def test_an_operation_of_a_colleague_is_opened_from_the_card_of_the_server(desk, colleague, signed_in):
    operation = desk.create(desk.server(), "by-mia")
    browser = signed_in(colleague.user)
    address = reverse("operation_detail", args=[operation.pk])
    operation.state = State.SENT  # no row of the card shows its progress
    operation.save()
    assert f'href="{address}"' in browser.get("/").text
    assert browser.get(address).status_code == 200


def test_a_restore_of_somebody_else_is_warned_of_the_job(desk, signed_in):
    view = desk.server()
    start_safe_restore(desk, view)
    address = reverse("snapshot_restore", args=[desk.token.pk, desk.snapshot(view).id])
    assert GOING_TO_RESTORE in signed_in(desk.user).get(address).text


def test_a_job_whose_last_step_was_sent_is_not_cancelled_but_followed(desk, signed_in, clock):
    job = last_step_sent(desk, clock)
    assert job.is_running
    with pytest.raises(OperationRefusedError, match=r"\Aall_sent\Z"):
        service.cancel(actor=desk.actor, job=job)
    browser = signed_in(desk.user)
    assert reverse("job_cancel", args=[job.pk]) not in browser.get(reverse("job_detail", args=[job.pk])).text
    assert "Nothing is left to cancel" in browser.post(reverse("job_cancel", args=[job.pk])).text
    assert run_to_end(job, desk, clock).state == JobState.COMPLETED


def test_a_running_job_can_be_looked_at_again_without_javascript(desk, signed_in):
    address = reverse("job_detail", args=[start_safe_restore(desk, desk.server()).pk])
    assert f'<a href="{address}">Refresh</a>' in signed_in(desk.user).get(address).text
