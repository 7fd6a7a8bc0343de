"""The page of a request: what exactly was confirmed, how it is now, and who can approve it."""

import pytest
from django.urls import reverse

from snapportal.accounts.models import Role, User
from snapshots.approvals import deciding
from snapshots.approvals.models import ApprovalRequest, Kind
from snapshots.audit.models import Entry
from snapshots.jobs.models import Job
from snapshots.notifications.models import Notification
from snapshots.operations.models import Protection
from snapshots.schedules.models import Schedule
from snapshots.schedules.retention import Keep
from tests.support.batches import chosen_snapshots
from tests.support.desk import make_desk
from tests.support.notifying import read_log
from tests.support.pages import hidden, text_of
from tests.support.policies import actor, approve, place
from tests.support.policies import wish as single
from tests.support.schedules import define
from tests.support.wishes import make, point_of, rename

pytestmark = pytest.mark.django_db


@pytest.fixture
def of_ada(cast, sandbox):
    desk = make_desk(cast.ada, sandbox.token)
    desk.views()
    return desk


def page_of(browser, asked: ApprovalRequest) -> str:
    answer = browser.get(reverse("request_detail", args=[asked.pk]))
    assert answer.status_code == 200
    return text_of(answer)


class TestWhatIsShown:
    def test_every_item_of_a_batch_as_it_is_now(self, cast, desk, of_ada, signed_in):
        made = make(desk, Kind.DELETE_MANY)
        place(cast.ada, *made.views, actions=[made.action])
        asked = made.begin()
        ada = signed_in(cast.ada)
        page = page_of(ada, asked)
        for item in asked.items:
            assert f"{item.snapshot_name}" in page
        assert page.count("The snapshot is as it was when it was asked") == 3
        assert "nothing of it begins" in page
        rename(asked.items[0].snapshot_id)
        of_ada.views()
        page = page_of(ada, asked)
        assert page.count("The snapshot has changed since") == 1
        assert "3 items" in text_of(ada.get(reverse("request_list")))

    def test_what_a_schedule_kept_and_would_keep(self, cast, desk, of_ada, signed_in):
        made = make(desk, Kind.CHANGE_SCHEDULE)
        place(cast.ada, *made.views, actions=[made.action])
        asked = made.begin()
        page = page_of(signed_in(cast.ada), asked)
        assert "So far" in page
        assert page.index("the newest 2") < page.index("From then on") < page.index("the newest one")
        assert "The schedule is as it was when it was asked" in page
        made.spoil()
        assert "The schedule was changed or removed since" in page_of(signed_in(cast.ada), asked)

    @pytest.mark.parametrize("kind", [Kind.REPLACE, Kind.UNPROTECT, Kind.RESTORE_MANY, Kind.CREATE_SCHEDULE])
    def test_the_others_too_before_and_after_they_began(self, cast, desk, of_ada, signed_in, kind):
        made = make(desk, kind)
        place(cast.ada, *made.views, actions=[made.action])
        asked = made.begin()
        ada = signed_in(cast.ada)
        before = page_of(ada, asked)
        assert str(kind.label) in before
        assert made.views[0].name in before
        approve(cast.ada, asked)()
        assert ("To its page" in page_of(ada, asked)) == (kind != Kind.UNPROTECT)
        assert str(kind.label) in text_of(ada.get(reverse("request_list")))
        entry = ada.get(f"{reverse('entry_list')}?action=approval.request")
        assert entry.status_code == 200


class TestPages:
    """Requesting is the same page as doing."""

    def test_a_batch(self, cast, desk, signed_in):
        place(cast.ada, actions=["snapshot.batch"])
        chosen = chosen_snapshots(desk, 2)[:2]
        query = "&".join(f"snapshot={desk.token.pk}:{one.id}" for _view, one in chosen)
        mia, url = signed_in(desk.user), f"{reverse('batch_delete')}?{query}"
        page = mia.get(url)
        assert "Another person has to approve this" in text_of(page)
        assert "Ask for approval" in text_of(page)
        sent = {"confirmation": hidden(page, "confirmation"), "typed_count": "2", "reason": "r"}
        answer = mia.post(url, sent | {"understood": "on"})
        assert answer["Location"] == reverse("request_detail", args=[ApprovalRequest.objects.get().pk])
        assert not Job.objects.exists()

    def test_going_back_to_a_restore_point(self, cast, desk, signed_in):
        place(cast.ada)
        point, members = point_of(desk)
        mia, url = signed_in(desk.user), reverse("restore_point_restore", args=[point.pk])
        page = mia.get(url)
        assert "Another person has to approve this" in text_of(page)
        sent = {f"server-{view.server_id}": "none" for view, _snapshot in members}
        sent |= {"confirmation": hidden(page, "confirmation"), "typed_name": point.title, "reason": "r"}
        assert mia.post(url, sent).status_code == 302
        asked = ApprovalRequest.objects.get()
        assert all(item.is_without_way_back for item in asked.items)
        assert "No way back" in page_of(mia, asked)

    def test_lifting_a_protection(self, cast, desk, signed_in):
        made = make(desk, Kind.UNPROTECT)
        place(cast.ada, *made.views, actions=[made.action])
        view = made.views[0]
        ids = [desk.token.pk, desk.snapshot(view).id]
        mia = signed_in(desk.user)
        page = mia.get(reverse("snapshot_keeping", args=ids))
        assert "Another person has to approve this" in text_of(page)
        name = "unprotect-confirmation"
        sent = {name: hidden(page, name), "unprotect-reason": "over"}
        answer = mia.post(reverse("snapshot_unprotect", args=ids), sent)
        assert answer["Location"] == reverse("request_detail", args=[ApprovalRequest.objects.get().pk])
        assert Protection.objects.exists()

    def test_making_room(self, cast, desk, signed_in):
        view = desk.server("db-server-01")
        url = reverse("snapshot_replace", args=[desk.token.pk, view.server_id])
        mia = signed_in(desk.user)
        assert "has to approve" not in text_of(mia.get(url))
        place(cast.ada, view)
        assert "Another person has to approve this" in text_of(mia.get(url))

    def test_resuming_a_schedule(self, cast, desk, signed_in):
        schedule = define(desk, keep=Keep(last=2))
        Schedule.objects.update(state="paused")
        place(cast.ada, actions=["schedule.define"])
        mia, url = signed_in(desk.user), reverse("schedule_detail", args=[schedule.pk])
        page = mia.get(url)
        assert "Another person has to approve this" in text_of(page)
        sent = {"form_key": hidden(page, "form_key"), "reason": "the rack is back"}
        mia.post(reverse("schedule_resume", args=[schedule.pk]), sent)
        assert Schedule.objects.get().state == "paused"
        assert "Other people have to approve that first" in text_of(mia.get(url))
        assert "the rack is back" in page_of(mia, ApprovalRequest.objects.get())
        approve(cast.ada, ApprovalRequest.objects.get())()
        assert Schedule.objects.get().state == "active"
        assert Entry.objects.get(action="schedule.resume").reason == "the rack is back"


class TestChosenApprovers:
    @pytest.fixture
    def asked(self, cast, desk, max_):
        view = desk.server()
        place(cast.ada, view, approvers=[max_.pk])
        return single(desk, view)()

    def test_one_without_a_token_sees_what_was_confirmed_and_decides(self, desk, max_, asked, signed_in):
        max_browser = signed_in(max_)
        page = page_of(max_browser, asked)
        assert asked.item.snapshot_name in page
        assert "your tokens do not show it" in page
        assert "Approve" in page
        url = reverse("request_detail", args=[asked.pk])
        assert url in max_browser.get(reverse("request_list")).text
        deciding.deny(actor=actor(max_), pk=asked.pk, reason="no")
        assert "Denied" in page_of(max_browser, asked)

    def test_one_without_a_token_is_told(self, cast, desk, max_):
        view = desk.server()
        place(cast.ada, view, approvers=[max_.pk])
        read_log()
        single(desk, view)()
        read_log()
        told = Notification.objects.filter(event__action="approval.request")
        assert {one.person_id for one in told} >= {max_.pk}

    def test_others_without_a_token_do_not_see_it(self, cast, asked, signed_in):
        url = reverse("request_detail", args=[asked.pk])
        assert signed_in(cast.vera).get(url).status_code == 404

    def test_the_pages_say_who_can_approve_no_longer(self, cast, desk, max_, asked, signed_in):
        words = "At present there are not enough people who can approve"
        policy = reverse("policy_list")
        mia = signed_in(desk.user)
        assert words not in page_of(mia, asked)
        assert words not in text_of(mia.get(policy))
        User.objects.filter(pk=max_.pk).update(role=Role.VIEWER)
        assert words in page_of(mia, asked)
        assert words in text_of(mia.get(policy))
        assert "Cannot approve at present" in text_of(mia.get(policy))
        User.objects.filter(pk=max_.pk).update(role=Role.MANAGER, is_active=False)
        assert words in page_of(mia, asked)
        assert words in text_of(mia.get(policy))
