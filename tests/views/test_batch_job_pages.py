"""A batch on its job's page: steps by server, a summary, and what failed tried again from there."""

import pytest
from django.urls import reverse

from snapshots.jobs import engine
from snapshots.jobs.models import Job
from snapshots.operations.models import Operation, State
from snapshots.operations.protection import protect
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from tests.support.batches import NAME, chosen_snapshots, create_many, roomy, take_last_places
from tests.support.deletions import target_of
from tests.support.pages import confirm, text_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mia(desk, signed_in):
    return signed_in(desk.user)


class TestTheJobsPage:
    def test_steps_stand_by_server_with_a_summary_and_poll(self, desk, mia):
        views = roomy(desk)
        job = create_many(desk, views)
        page = mia.get(reverse("job_detail", args=[job.pk]))
        text = text_of(page)
        assert "0 of 3 completed, 3 in progress" in text
        for view in views:
            assert f"{view.name} Create snapshot {NAME} of {view.name} In progress" in text
        assert f"{reverse('job_status', args=[job.pk])}?was=" in page.content.decode()

    def test_a_change_is_announced_as_a_summary(self, desk, mia):
        job = create_many(desk, roomy(desk))
        url = reverse("job_status", args=[job.pk])
        answer = mia.get(url, {"was": "0"})
        assert "0 of 3 completed, 3 in progress" in answer["HX-Trigger"]
        same = mia.get(url, {"was": answer.context["version"]})
        assert "HX-Trigger" not in same

    def test_an_unknown_result_is_shown_as_unknown_and_not_offered_again(self, desk, mia):
        views = roomy(desk)
        job = create_many(desk, views)
        engine.advance(job.pk)
        unknown = Operation.objects.get(server_id=views[1].server_id)
        SandboxSnapshot.objects.filter(name=NAME).delete()
        Operation.objects.exclude(pk=unknown.pk).update(state=State.COMPLETED)
        Operation.objects.filter(pk=unknown.pk).update(state=State.UNKNOWN, code="broken", snapshot_id=None)
        job.steps.update(state="completed")
        job.steps.filter(server_id=unknown.server_id).update(state="failed", code="unknown_too_long")
        Job.objects.update(state="stopped")
        text = text_of(mia.get(reverse("job_detail", args=[job.pk])))
        assert "2 of 3 completed, 1 with an unknown result" in text
        assert f"of {views[1].name} Unknown" in text
        assert "is not tried again, because it may have happened" in text
        assert "item again" not in text

    def test_what_failed_is_tried_again_from_there_with_the_same_name(self, desk, mia):
        views = roomy(desk)
        job = create_many(desk, views)
        take_last_places(views[1])
        engine.advance(job.pk)
        Operation.objects.update(state=State.COMPLETED)
        page = mia.get(reverse("job_detail", args=[job.pk]))
        again = f"{reverse('batch_create')}?retry={job.pk}"
        assert "2 of 3 completed, 1 not completed" in text_of(page)
        assert "Not all of it was done" in text_of(page)
        assert f'href="{again}"' in page.content.decode()
        SandboxSnapshot.objects.filter(name__startswith="elsewhere").delete()
        desk.views()
        form = text_of(mia.get(again))
        assert "A snapshot of 1 server is created" in form
        assert views[1].name in form
        answer = confirm(mia, again, name="ignored")
        retry = Job.objects.get(retry_of=job)
        assert (answer["Location"], retry.title) == (reverse("job_detail", args=[retry.pk]), NAME)
        before = mia.get(reverse("job_detail", args=[job.pk])).content.decode()
        assert again not in before
        assert reverse("job_detail", args=[retry.pk]) in before
        assert reverse("job_detail", args=[job.pk]) in mia.get(answer["Location"]).content.decode()

    def test_a_failed_delete_is_tried_again_from_there(self, desk, mia):
        from tests.support.batches import delete_many

        chosen = chosen_snapshots(desk)
        job = delete_many(desk, chosen)
        protect(actor=desk.actor, target=target_of(desk, *chosen[0]))
        engine.advance(job.pk)
        Operation.objects.update(state=State.COMPLETED)
        mia.get(reverse("job_detail", args=[job.pk]))
        page = text_of(mia.get(f"{reverse('batch_delete')}?retry={job.pk}"))
        assert "This snapshot is protected" in page
        assert chosen[0][1].name in page
        assert chosen[1][1].name not in page

    @pytest.mark.parametrize("text", ["x", "00000000-0000-0000-0000-000000000007"])
    def test_a_job_that_is_not_there_is_not_tried_again(self, desk, mia, text):
        assert mia.get(f"{reverse('batch_create')}?retry={text}").status_code == 404

    def test_a_stranger_tries_nothing_again(self, desk, cast, signed_in):
        job = create_many(desk, roomy(desk))
        assert signed_in(cast.omar).get(f"{reverse('batch_create')}?retry={job.pk}").status_code == 404
