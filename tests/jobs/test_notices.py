"""What is told of a job that stopped: which job, which servers, to whom."""

import pytest

from snapshots.audit.models import Entry
from snapshots.jobs import engine
from snapshots.jobs.models import Step, StepState
from snapshots.notifications import outbox, pages, rules, texts
from snapshots.notifications.models import Event, Kind, OutboxItem
from snapshots.vault import tokens
from tests.support.batches import create_many, roomy
from tests.support.jobs import start_safe_restore
from tests.support.notifying import add_webhook, read_log, told

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _begin_to_read(transactional_db) -> None:
    outbox.read_log()


def stop_after(job, *, failed: list[int]) -> Event:
    """The event of a job whose steps have ended, those of the lanes in `failed` without success."""
    Step.objects.filter(job=job).update(state=StepState.COMPLETED)
    Step.objects.filter(job=job, lane__in=failed).update(state=StepState.FAILED, code="limit_reached")
    engine.advance(job.pk)
    read_log()
    return Event.objects.get(kind=Kind.JOB_STOPPED)


def share_token(desk, person) -> None:
    tokens.store(user_id=person.pk, label="shared", token=tokens.decrypt(desk.token), stored_by_name="Mia")


def test_a_stopped_batch_names_the_servers_on_which_it_was_not_done(desk):
    views = roomy(desk)
    job = create_many(desk, views)
    event = stop_after(job, failed=[1])
    assert texts.title(event) == (
        f"Creating snapshots of several servers stopped: not done on {views[1].name}"
    )
    assert event.server_ids == {view.server_id for view in views}
    assert str(job.pk) in pages.page_path(event)


def test_more_than_three_servers_are_counted():
    covered = [
        {"id": number, "name": f"web-{number}", "token_fingerprint": "", "is_failed": True}
        for number in range(5)
    ]
    event = Event(kind=Kind.JOB_STOPPED, code="delete_many", covered=covered)
    assert texts.title(event).endswith("not done on web-0, web-1, web-2 and 2 more")


def test_a_stopped_restore_names_its_server_and_its_row_the_token(desk):
    view = desk.server()
    job = start_safe_restore(desk, view, desk.snapshot(view))
    event = stop_after(job, failed=[0])
    assert texts.title(event) == (f"The restore of {view.name} with a safety snapshot stopped before its end")
    for row in Entry.objects.filter(action__in=["job.start", "job.end"]):
        assert row.token_fingerprint == desk.token.fingerprint
    assert (event.server_id, event.token_label) == (view.server_id, desk.token.label)


def test_a_stopped_batch_is_told_to_followers_and_targets_of_its_servers_alone(desk, cast):
    views = roomy(desk)
    add_webhook("https://a.example/", "covered", (Kind.JOB_STOPPED,), [views[2].server_id])
    add_webhook("https://b.example/", "other", (Kind.JOB_STOPPED,), [12345])
    for person in (cast.omar, cast.vera):
        share_token(desk, person)
    rules.set_followed(cast.omar.pk, views[2].server_id, follows=True)
    stop_after(create_many(desk, views), failed=[0])
    assert told(cast.mia) == told(cast.omar) == [Kind.JOB_STOPPED]
    assert told(cast.vera) == told(cast.ada) == []
    assert list(OutboxItem.objects.values_list("target__label", flat=True)) == ["covered"]


def test_a_job_with_two_tokens_is_told_to_people_with_one_of_them(desk, cast):
    views = roomy(desk, 2)
    job = create_many(desk, views)
    second = tokens.store(user_id=desk.user.pk, label="second", token="vps_" + "k" * 40, stored_by_name="Mia")
    share_token(desk, cast.omar)
    Step.objects.filter(job=job, lane=1).update(token_id=second.pk)
    rules.set_followed(cast.omar.pk, views[0].server_id, follows=True)
    event = stop_after(job, failed=[1])
    assert event.token_fingerprints == {desk.token.fingerprint, second.fingerprint}
    assert told(cast.omar) == [Kind.JOB_STOPPED]
