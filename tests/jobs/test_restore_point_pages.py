"""Pages of restore points: the list, the state of each server, and going back."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from snapshots.deletions import keeping
from snapshots.jobs import batch_plans
from snapshots.jobs.models import Job, Kind
from snapshots.jobs.room import needs_in, room_key
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from tests.support.batches import (
    NAME,
    create_many,
    made_point,
    members_of,
    restore_many,
    roomy,
    take_last_places,
)
from tests.support.deletions import plan, target_of
from tests.support.desk import make_desk
from tests.support.jobs import run_to_end
from tests.support.pages import confirm, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def mia(desk, signed_in):
    return signed_in(desk.user)


def detail(point: Job) -> str:
    return reverse("restore_point_detail", args=[point.pk])


def go_back(point: Job) -> str:
    return reverse("restore_point_restore", args=[point.pk])


def answers(desk, point: Job, answer: str = batch_plans.TAKE) -> dict[str, str]:
    return {f"server-{view.server_id}": answer for view, _snapshot in members_of(desk, point)}


def test_the_list_says_how_many_snapshots_are_left(desk, mia, clock):
    assert "No restore points yet" in text_of(mia.get(reverse("restore_point_list")))
    point = made_point(desk, clock)
    members = members_of(desk, point)
    page = mia.get(reverse("restore_point_list"))
    assert f'href="{detail(point)}"' in page.content.decode()
    assert "3 of 3 still there" in text_of(page)
    SandboxSnapshot.objects.filter(pk=members[0][1].id).delete()
    desk.views()
    assert "2 of 3 still there" in text_of(mia.get(reverse("restore_point_list")))


def test_what_the_provider_does_not_tell_now_is_not_known(desk, mia, clock, settings):
    from snapshots.inventory.reader import expire

    point = made_point(desk, clock)
    SandboxSnapshot.objects.filter(pk=members_of(desk, point)[0][1].id).delete()
    desk.views()
    settings.SNAPPORTAL_API_URL = "http://127.0.0.1:9"
    expire(desk.token)
    text = text_of(mia.get(reverse("restore_point_list")))
    assert "0 of 3 still there, of 3 not known now (last confirmed" in text
    page = mia.get(detail(point))
    text = text_of(page)
    assert "Still there" not in text
    assert text.count("Not known now") == text.count("The list was last confirmed") == 3
    assert "Go back to this point" in text
    assert go_back(point) not in page.content.decode()


def test_a_point_whose_snapshots_are_all_gone_leads_nowhere(desk, mia, clock):
    point = made_point(desk, clock)
    SandboxSnapshot.objects.filter(pk__in=[one.id for _view, one in members_of(desk, point)]).delete()
    desk.views()
    text = text_of(mia.get(detail(point)))
    assert text.count("No longer there") == 3
    assert "Go back to this point" not in text


def test_a_member_whose_deletion_is_planned_is_marked(desk, mia, clock, settings):
    settings.SNAPPORTAL_DELETE_GRACE_DAYS = 2
    point = made_point(desk, clock)
    planned = plan(desk, *members_of(desk, point)[0])
    page = mia.get(detail(point))
    assert text_of(page).count("Will be deleted") == 1
    assert reverse("deletion_detail", args=[planned.pk]) in page.content.decode()


def test_more_restore_points_take_no_more_queries(desk, mia, clock):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert mia.get(reverse("restore_point_list")).status_code == 200
        return len(seen)

    made_point(desk, clock, 1)
    desk.views()
    queries()  # fills the caches
    with_one = queries()
    for _ in range(4):
        create_many(desk, roomy(desk, 1))
    assert queries() == with_one


def test_its_page_shows_each_server_and_leads_back(desk, mia, clock):
    point = made_point(desk, clock)
    members = members_of(desk, point)
    SandboxSnapshot.objects.filter(pk=members[0][1].id).delete()
    desk.views()
    page = mia.get(detail(point))
    text = text_of(page)
    assert f"{members[0][0].name} ID {members[0][0].server_id} Completed No longer there" in text
    assert f"{members[1][0].name} ID {members[1][0].server_id} Completed Still there" in text
    assert f'href="{go_back(point)}"' in page.content.decode()
    assert f'href="{reverse("job_detail", args=[point.pk])}"' in page.content.decode()


def test_a_person_who_may_not_restore_sees_it_without_the_way_back(desk, cast, sandbox, signed_in, clock):
    point = made_point(desk, clock)
    make_desk(cast.vera, sandbox.token)
    vera = signed_in(cast.vera)
    page = vera.get(detail(point))
    assert page.status_code == 200
    assert go_back(point) not in page.content.decode()
    assert vera.get(go_back(point)).status_code == 403


def test_a_stranger_sees_neither_the_list_nor_the_page(desk, cast, signed_in, clock):
    point = made_point(desk, clock)
    omar = signed_in(cast.omar)
    assert NAME not in text_of(omar.get(reverse("restore_point_list")))
    assert omar.get(detail(point)).status_code == 404


def test_a_restore_or_a_delete_is_no_restore_point(desk, mia, clock):
    point = made_point(desk, clock)
    job = restore_many(desk, point)
    assert mia.get(detail(job)).status_code == 404
    assert mia.get(go_back(job)).status_code == 404


class TestGoingBack:
    def test_the_page_states_all_of_it_and_one_post_begins_it(self, desk, mia, clock):
        point = made_point(desk, clock)
        page = mia.get(go_back(point))
        text = text_of(page)
        assert "3 servers are stopped and restored" in text
        for view, snapshot in members_of(desk, point):
            assert f"{view.name} ID {view.server_id} {NAME} ID {snapshot.id}" in text
        assert text.count("All changes of") == 3
        assert page.content.decode().count('value="take"') == 3
        answer = confirm(mia, go_back(point), **answers(desk, point), typed_name=NAME, reason="broken")
        job = Job.objects.get(kind=Kind.RESTORE_MANY)
        assert answer["Location"] == reverse("job_detail", args=[job.pk])
        assert job.steps.count() == 6
        assert (
            reverse("restore_point_detail", args=[point.pk]) in mia.get(answer["Location"]).content.decode()
        )
        assert "Gone back to it" in text_of(mia.get(detail(point)))

    def test_a_safety_snapshot_is_chosen_at_first_where_there_is_room(self, desk, mia, clock):
        point = made_point(desk, clock)
        view, target = members_of(desk, point)[0]
        take_last_places(view)
        desk.views()
        page = mia.get(go_back(point))
        fields = page.context["form"].choice_fields
        firsts = {server_id: field.initial for server_id, field in fields.items()}
        assert firsts.pop(view.server_id) == ""
        assert set(firsts.values()) == {batch_plans.TAKE}
        assert "All 5 snapshot slots are used" in text_of(page)
        offered = [value for value, _label in fields[view.server_id].field.widget.choices]
        assert batch_plans.TAKE not in offered
        assert room_key(target) not in offered
        assert len(offered) == 4 + 2

    def test_what_makes_room_is_named_with_the_date_until_which_it_is_kept(self, desk, mia, clock):
        point = made_point(desk, clock)
        view, _target = members_of(desk, point)[0]
        take_last_places(view)
        view = desk.server(view.name)
        kept = view.snapshots[-1]
        day = timezone.now().date() + timedelta(days=9)
        keeping.set_keep_until(actor=desk.actor, target=target_of(desk, view, kept), until=day)
        page = mia.get(go_back(point))
        assert text_of(page).count("kept until") == 1
        key = room_key(kept, needs_in([view])[kept.id])
        choices = {**answers(desk, point), f"server-{view.server_id}": key}
        assert confirm(mia, go_back(point), **choices, typed_name=NAME, reason="broken").status_code == 302
        steps = Job.objects.get(kind=Kind.RESTORE_MANY).steps.filter(server_id=view.server_id)
        assert steps.get(position=0).snapshot_id == kept.id

    def test_a_full_server_must_be_decided(self, desk, mia, clock):
        point = made_point(desk, clock)
        view, target = members_of(desk, point)[0]
        take_last_places(view)
        desk.views()
        chosen = answers(desk, point)
        del chosen[f"server-{view.server_id}"]
        refused = confirm(mia, go_back(point), **chosen, typed_name=NAME, reason="broken")
        assert refused.status_code == 422
        assert "Choose what happens before this server is restored" in text_of(refused)
        goes = next(one for one in desk.server(view.name).snapshots if one.id != target.id)
        chosen[f"server-{view.server_id}"] = room_key(goes)
        assert confirm(mia, go_back(point), **chosen, typed_name=NAME, reason="broken").status_code == 302
        steps = Job.objects.get(kind=Kind.RESTORE_MANY).steps.filter(server_id=view.server_id)
        assert steps.get(position=0).snapshot_id == goes.id

    @pytest.mark.parametrize(
        ("fields", "text"),
        [
            ({"typed_name": "web-server-01", "reason": "x"}, "type its name exactly"),
            ({"reason": "x"}, "Type the restore point's name"),
            ({"typed_name": NAME}, "Enter a reason"),
        ],
    )
    def test_its_name_and_a_reason_are_needed(self, desk, mia, clock, fields, text):
        point = made_point(desk, clock)
        refused = confirm(mia, go_back(point), **answers(desk, point), **fields)
        assert refused.status_code == 422
        assert text in text_of(refused)
        assert not Job.objects.filter(kind=Kind.RESTORE_MANY).exists()

    def test_a_server_that_became_impossible_since_the_page_is_told_on_the_jobs_page(self, desk, mia, clock):
        point = made_point(desk, clock)
        members = members_of(desk, point)
        from tests.support.pages import hidden

        page = mia.get(go_back(point))
        desk.restore(*members[0])
        answer = mia.post(
            go_back(point),
            {
                "confirmation": hidden(page, "confirmation"),
                **answers(desk, point),
                "typed_name": NAME,
                "reason": "broken",
            },
        )
        text = text_of(mia.get(answer["Location"]))
        assert "A restore of this server is running, or may be running" in text
        assert Job.objects.get(kind=Kind.RESTORE_MANY).steps.count() == 5

    def test_servers_that_cannot_go_back_are_told(self, desk, mia, clock):
        point = made_point(desk, clock)
        members = members_of(desk, point)
        SandboxSnapshot.objects.filter(pk=members[0][1].id).delete()
        desk.restore(*members[1])
        text = text_of(mia.get(go_back(point)))
        assert f"{members[0][0].name} ID {members[0][0].server_id} No longer there" in text
        assert "A restore of this server is running, or may be running" in text
        assert "1 server is stopped and restored" in text

    def test_what_failed_is_tried_again_alone(self, desk, mia, clock):
        point = made_point(desk, clock)
        job = restore_many(desk, point)
        full = members_of(desk, point)[1][0]
        take_last_places(full)
        job = run_to_end(job, desk, clock)
        again = f"{go_back(point)}?retry={job.pk}"
        assert f'href="{again}"' in mia.get(reverse("job_detail", args=[job.pk])).content.decode()
        text = text_of(mia.get(again))
        assert "1 server is stopped and restored" in text
        answer = confirm(
            mia, again, **{f"server-{full.server_id}": batch_plans.WITHOUT}, typed_name=NAME, reason="x"
        )
        retry = Job.objects.get(retry_of=job)
        assert answer["Location"] == reverse("job_detail", args=[retry.pk])
        assert {step.server_id for step in retry.steps.all()} == {full.server_id}

    def test_a_job_of_another_point_is_not_tried_again_here(self, desk, mia, clock):
        point, other = made_point(desk, clock), made_point(desk, clock, 2)
        job = restore_many(desk, point)
        assert mia.get(f"{go_back(other)}?retry={job.pk}").status_code == 404

    def test_a_point_of_which_nothing_was_created_leads_nowhere(self, desk, mia, clock):
        point = create_many(desk, roomy(desk))
        assert go_back(point) not in mia.get(detail(point)).content.decode()
        assert "No server can go back now" in text_of(mia.get(go_back(point)))
