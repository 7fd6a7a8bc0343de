"""Pages of batches: select, read all consequences, confirm once."""

import re

import pytest
from django.urls import reverse

from snapshots.deletions.models import Kind as DeletionKind
from snapshots.deletions.models import PlannedDeletion
from snapshots.jobs.models import Job, Kind
from snapshots.jobs.selections import MAX_ITEMS
from snapshots.operations.models import Operation
from snapshots.operations.protection import protect
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from snapshots.views.picks import pick_of
from tests.support.batches import NAME, REASON, chosen_snapshots, roomy, take_last_places
from tests.support.deletions import plan, target_of
from tests.support.desk import make_desk
from tests.support.pages import confirm, hidden, text_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mia(desk, signed_in):
    return signed_in(desk.user)


def create_url(views) -> str:
    return f"{reverse('batch_create')}?" + "&".join(f"server={pick_of(view)}" for view in views)


def delete_url(chosen) -> str:
    picks = "&".join(f"snapshot={pick_of(view, one)}" for view, one in chosen)
    return f"{reverse('batch_delete')}?{picks}"


def picks_on(page, name: str) -> list[str]:
    return re.findall(
        rf'<input type="checkbox" form="batch" name="{name}" value="([^"]*)"', page.content.decode()
    )


class TestSelecting:
    def test_the_list_offers_servers_with_room_and_snapshots_that_may_go(self, desk, mia):
        page = mia.get("/")
        servers = [pick_of(view) for view in desk.views() if not view.is_full]
        assert sorted(picks_on(page, "server")) == sorted(servers)
        movable = [pick_of(view, one) for view in desk.views() for one in view.snapshots if not one.is_moving]
        assert sorted(picks_on(page, "snapshot")) == sorted(movable)
        assert "Create on the selected servers" in text_of(page)

    def test_a_servers_page_offers_its_snapshots_alone(self, desk, mia):
        view = desk.server("db-server-01")
        protect(actor=desk.actor, target=target_of(desk, view, view.snapshots[0]))
        page = mia.get(reverse("server_detail", args=[desk.token.pk, view.server_id]))
        assert picks_on(page, "server") == []
        assert picks_on(page, "snapshot") == [pick_of(view, one) for one in view.snapshots[1:]]
        assert f'action="{reverse("batch_delete")}"' in page.content.decode()

    @pytest.mark.parametrize(
        ("name", "servers", "snapshots"), [("vera", 0, 0), ("omar", 5, 0), ("ada", 5, 12)]
    )
    def test_each_role_selects_what_it_may_act_on(self, cast, sandbox, signed_in, name, servers, snapshots):
        person = getattr(cast, name)
        make_desk(person, sandbox.token)
        page = signed_in(person).get("/")
        assert (len(picks_on(page, "server")), len(picks_on(page, "snapshot"))) == (servers, snapshots)
        assert ("Create on the selected servers" in text_of(page)) == bool(servers)
        assert ("Delete the selected snapshots" in text_of(page)) == bool(snapshots)

    def test_without_the_provider_nothing_can_be_selected(self, desk, mia, settings):
        mia.get("/")
        from snapshots.inventory.reader import expire

        settings.SNAPPORTAL_API_URL = "http://127.0.0.1:9"
        expire(desk.token)
        page = mia.get("/")
        assert picks_on(page, "server") == picks_on(page, "snapshot") == []
        assert "Create on the selected servers" not in text_of(page)


class TestCreate:
    def test_the_page_states_all_of_it_and_one_post_begins_it(self, desk, mia):
        views = roomy(desk)
        url = create_url(views)
        page = mia.get(url)
        assert "A snapshot of each of 3 servers is created" in text_of(page)
        for view in views:
            assert f"ID {view.server_id} {view.used} of 5 used" in text_of(page)
        answer = confirm(mia, url, name=NAME, reason=REASON)
        job = Job.objects.get()
        assert answer["Location"] == reverse("job_detail", args=[job.pk])
        assert (job.kind, job.title, job.reason) == (Kind.CREATE_MANY, NAME, REASON)
        assert not Operation.objects.exists(), "the job's page and the worker send the steps"

    def test_a_name_that_no_selected_server_has_is_proposed(self, desk, mia):
        views = roomy(desk)
        first = mia.get(create_url(views)).context["form"].initial["name"]
        SandboxSnapshot.objects.filter(server_id=views[1].server_id).update(name=first)
        desk.views()
        assert mia.get(create_url(views)).context["form"].initial["name"] == f"{first}-2"

    def test_what_is_not_possible_is_told_and_left_out(self, desk, mia):
        views = roomy(desk)
        take_last_places(views[1])
        desk.views()
        page = mia.get(create_url(views))
        assert "The snapshot limit of this server is reached" in text_of(page)
        assert "A snapshot of each of 2 servers is created" in text_of(page)
        confirm(mia, create_url(views), name=NAME)
        assert Job.objects.get().steps.count() == 2

    def test_the_last_place_and_running_servers_are_told(self, desk, mia):
        view = next(one for one in roomy(desk, 5) if one.server and one.server.is_running)
        SandboxSnapshot.objects.filter(server_id=view.server_id).delete()
        take_last_places(view)
        SandboxSnapshot.objects.filter(server_id=view.server_id).first().delete()
        desk.views()
        page = text_of(mia.get(create_url([view])))
        assert "It takes the last one" in page
        assert "1 of them is running" in page

    def test_a_refused_form_is_shown_again_at_an_address_that_can_be_reloaded(self, desk, mia):
        url = create_url(roomy(desk))
        refused = confirm(mia, url, name="two words")
        assert refused.status_code == 422
        assert "A name has no spaces" in text_of(refused)
        assert mia.get(url).status_code == 200
        again = mia.post(url, {"confirmation": hidden(refused, "confirmation"), "name": NAME})
        assert again.status_code == 302

    def test_a_form_without_its_confirmation_is_refused_and_recorded(self, desk, mia):
        from snapshots.audit.models import Entry

        refused = mia.post(create_url(roomy(desk)), {"confirmation": "x", "name": NAME})
        assert refused.status_code == 409
        assert "This form is not valid here" in text_of(refused)
        row = Entry.objects.latest("sequence")
        assert (row.action, row.result, row.code) == ("snapshot.create", "refused", "confirmation_invalid")

    def test_anothers_token_and_nonsense_in_the_address_show_nothing(self, desk, mia, cast, sandbox):
        other = make_desk(cast.ada, sandbox.token)
        view = roomy(desk)[0]
        url = f"{reverse('batch_create')}?server={other.token.pk}:{view.server_id}&server=x&server=:1&server=a:²"
        page = mia.get(url)
        assert view.name not in text_of(page)
        assert "There is nothing to confirm" in text_of(page)

    def test_a_server_selected_twice_is_there_once(self, desk, mia):
        view = roomy(desk)[0]
        assert "A snapshot of 1 server is created" in text_of(mia.get(create_url([view, view])))

    def test_nothing_and_too_much_are_told(self, desk, mia):
        assert "Nothing is selected" in text_of(mia.get(reverse("batch_create")))
        many = "&".join(f"server={desk.token.pk}:{number}" for number in range(1, MAX_ITEMS + 2))
        page = text_of(mia.get(f"{reverse('batch_create')}?{many}"))
        assert "Too much is selected at once" in page
        assert f"at most {MAX_ITEMS} servers" in page

    def test_a_person_whose_right_was_withdrawn_meanwhile_gets_403(self, desk, mia, cast, monkeypatch):
        from snapshots.jobs import batches

        url = create_url(roomy(desk))
        page = mia.get(url)
        read = batches.read_and_reconcile_all

        def read_and_lose(*args, **more):
            type(cast.mia).objects.filter(pk=cast.mia.pk).update(role="viewer")
            return read(*args, **more)

        monkeypatch.setattr(batches, "read_and_reconcile_all", read_and_lose)
        answer = mia.post(url, {"confirmation": hidden(page, "confirmation"), "name": NAME})
        assert answer.status_code == 403
        assert not Job.objects.exists()


class TestDelete:
    def test_the_page_states_all_of_it_and_one_post_begins_it(self, desk, mia):
        chosen = chosen_snapshots(desk)
        url = delete_url(chosen)
        page = text_of(mia.get(url))
        assert "4 snapshots will be deleted" in page
        assert page.count("Deleted at once") == 4
        for _view, snapshot in chosen:
            assert f"{snapshot.name} ID {snapshot.id}" in page
        answer = confirm(mia, url, typed_count="4", reason=REASON, understood="on")
        assert answer["Location"] == reverse("job_detail", args=[Job.objects.get().pk])

    def test_grace_times_dates_and_protections_are_told_for_each(self, desk, mia, settings):
        chosen = chosen_snapshots(desk)
        settings.SNAPPORTAL_DELETE_GRACE_DAYS = 2
        protect(actor=desk.actor, target=target_of(desk, *chosen[0]))
        plan(desk, *chosen[1])
        planned = plan(desk, *chosen[2])
        PlannedDeletion.objects.filter(pk=planned.pk).update(kind=DeletionKind.KEEP_UNTIL)
        page = text_of(mia.get(delete_url(chosen)))
        assert "2 snapshots will be deleted" in page
        assert "This snapshot is protected" in page
        assert "Its deletion is planned already" in page
        assert "Kept until" in page
        assert page.count("It waits 2 days") == 2

    def test_a_server_without_any_snapshot_left_is_named(self, desk, mia):
        view = desk.server("shop-staging")
        page = text_of(mia.get(delete_url([(view, one) for one in view.snapshots])))
        assert "No snapshot is left of: shop-staging" in page
        full = desk.server("db-server-01")
        assert "No snapshot is left" not in text_of(mia.get(delete_url([(full, full.snapshots[0])])))

    @pytest.mark.parametrize(
        ("fields", "text"),
        [
            ({"typed_count": "3", "reason": "x", "understood": "on"}, "type how many snapshots it has"),
            ({"reason": "x", "understood": "on"}, "Type how many snapshots are deleted"),
            ({"typed_count": "4", "understood": "on"}, "Enter a reason"),
            ({"typed_count": "4", "reason": " ", "understood": "on"}, "Enter a reason"),
            ({"typed_count": "4", "reason": "x"}, "Tick this to confirm"),
        ],
    )
    def test_each_part_of_the_confirmation_is_needed(self, desk, mia, fields, text):
        answer = confirm(mia, delete_url(chosen_snapshots(desk)), **fields)
        assert answer.status_code == 422
        assert text in text_of(answer)
        assert not Job.objects.exists()

    def test_a_snapshot_that_is_gone_is_told(self, desk, mia):
        chosen = chosen_snapshots(desk)
        SandboxSnapshot.objects.filter(pk=chosen[0][1].id).delete()
        desk.views()
        page = text_of(mia.get(delete_url(chosen)))
        assert "1 selected item is not in your lists now" in page
        assert "3 snapshots will be deleted" in page
