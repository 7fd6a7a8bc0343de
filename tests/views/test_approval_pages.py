"""The pages of approvals and their policies."""

import pytest
from django.urls import reverse

from snapportal.accounts.models import Role, User
from snapshots.approvals.models import ApprovalRequest, State
from snapshots.operations import policies
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.guarded_models import Policy
from snapshots.operations.models import Operation
from tests.support.desk import make_desk
from tests.support.freezes import freeze
from tests.support.notifying import read_log
from tests.support.pages import hidden, text_of
from tests.support.policies import actor, place, wish

pytestmark = pytest.mark.django_db


@pytest.fixture
def view(desk):
    return desk.server()


@pytest.fixture
def of_ada(cast, sandbox):
    desk = make_desk(cast.ada, sandbox.token)
    desk.views()
    return desk


def restore_url(desk, view) -> str:
    return reverse("snapshot_restore", args=[desk.token.pk, desk.snapshot(view).id])


def send(browser, url: str, view, **more):
    fields = {
        "confirmation": hidden(browser.get(url), "confirmation"),
        "typed_name": view.name,
        "reason": "bad upgrade",
    }
    return browser.post(url, fields | more)


def test_a_restore_is_asked_for_on_its_own_page_and_approved_by_somebody_else(
    cast, desk, of_ada, view, signed_in
):
    place(cast.ada, view)
    mia, ada = signed_in(cast.mia), signed_in(cast.ada)
    page = text_of(mia.get(restore_url(desk, view)))
    assert "Another person has to approve this" in page
    assert "Ask for approval" in page
    answer = send(mia, restore_url(desk, view), view)
    asked = ApprovalRequest.objects.get()
    url = reverse("request_detail", args=[asked.pk])
    assert answer["Location"] == url
    assert "so others decide" in text_of(mia.get(url))
    assert mia.post(url, {"step": "approve"}).status_code == 409
    page = text_of(ada.get(url))
    assert "The snapshot is as it was when it was asked" in page
    assert "bad upgrade" in page
    assert ada.post(url, {"step": "approve"})["Location"] == url
    operation = Operation.objects.get()
    assert reverse("operation_detail", args=[operation.pk]) in ada.get(url).text


def test_no_get_decides_anything(cast, desk, of_ada, view, signed_in):
    place(cast.ada, view)
    asked = wish(desk, view)()
    url = reverse("request_detail", args=[asked.pk])
    for query in ("", "?step=approve", "?step=break_glass&reason=r"):
        assert signed_in(cast.ada).get(f"{url}{query}").status_code == 200
        assert signed_in(cast.ada).head(f"{url}{query}").status_code == 200
    assert ApprovalRequest.objects.get().state == State.WAITING
    assert not Operation.objects.exists()


def test_approving_needs_a_recent_proof(cast, desk, of_ada, view, signed_in, clock, settings):
    settings.SNAPPORTAL_STEP_UP_MINUTES = 10
    place(cast.ada, view)
    asked = wish(desk, view)()
    ada = signed_in(cast.ada)
    clock.shift(660)
    for step in ("approve", "deny", "break_glass"):
        answer = ada.post(reverse("request_detail", args=[asked.pk]), {"step": step, "reason": "r"})
        assert answer.status_code == 403
        assert "Confirm that it is you" in text_of(answer)
    assert ApprovalRequest.objects.get().state == State.WAITING


def test_what_a_freeze_forbids_is_asked_for_by_whoever_wants_that(desk, view, signed_in):
    freeze(desk)
    mia = signed_in(desk.user)
    page = mia.get(restore_url(desk, view))
    assert "?anyway=1" in page.text
    assert 'name="confirmation"' not in page.text
    answer = send(mia, f"{restore_url(desk, view)}?anyway=1", view, anyway="1")
    assert answer["Location"] == reverse("request_detail", args=[ApprovalRequest.objects.get().pk])


def test_who_may_not_decide_is_told_why(cast, desk, of_ada, view, signed_in, sandbox):
    place(cast.ada, view)
    asked = wish(desk, view)()
    make_desk(cast.omar, sandbox.token).views()
    page = text_of(signed_in(cast.omar).get(reverse("request_detail", args=[asked.pk])))
    assert "You may not decide this request" in page
    assert "Break the glass" not in page
    User.objects.filter(pk=cast.vera.pk).update(role=Role.MANAGER)
    assert signed_in(cast.vera).get(reverse("request_detail", args=[asked.pk])).status_code == 404


def test_everybody_who_sees_the_server_is_told_and_led_to_the_request(cast, desk, of_ada, view):
    from snapshots.notifications.models import Kind, Notification
    from snapshots.notifications.pages import page_path

    place(cast.ada, view)
    read_log()
    asked = wish(desk, view)()
    read_log()
    told = Notification.objects.filter(event__kind=Kind.APPROVAL)
    assert cast.ada.pk in {one.person_id for one in told}
    assert {page_path(one.event) for one in told} == {reverse("request_detail", args=[asked.pk])}


def test_the_broken_glass_is_marked_red_in_the_log(cast, desk, of_ada, view, signed_in):
    place(cast.ada, view)
    asked = wish(desk, view)()
    ada = signed_in(cast.ada)
    url = reverse("request_detail", args=[asked.pk])
    assert "Why it cannot wait" in text_of(ada.get(url))
    assert ada.post(url, {"step": "break_glass", "reason": ""}).status_code == 422
    ada.post(url, {"step": "break_glass", "reason": "the shop is down"})
    assert Operation.objects.get().actor_id == cast.mia.pk
    page = ada.get(f"{reverse('entry_list')}?action=approval.break_glass")
    assert '<span class="badge bad">Glass broken</span>' in page.text


class TestPolicies:
    def fields(self, **more) -> dict[str, object]:
        return {
            "name": "Production",
            "servers": "all",
            "actions": ["snapshot.restore"],
            "needed": "1",
            "hours": "4",
            "reason": "agreed",
        } | more

    def test_an_admin_places_one_and_everybody_sees_it(self, cast, desk, view, signed_in):
        answer = signed_in(cast.ada).post(
            reverse("policy_add"), self.fields(approvers=[cast.mia.pk, cast.ada.pk])
        )
        assert answer["Location"] == reverse("policy_list")
        made = Policy.objects.get()
        assert (made.actions, made.approvers) == (["snapshot.restore"], sorted([cast.mia.pk, cast.ada.pk]))
        assert "Production" in text_of(signed_in(cast.mia).get(reverse("policy_list")))
        page = text_of(signed_in(cast.mia).get(reverse("policy_detail", args=[made.pk])))
        assert "Ask to lift" not in page

    @pytest.mark.parametrize(
        ("changed", "words"),
        [
            ({"name": ""}, "Give the policy a name"),
            ({"name": "\u200b\u202e"}, "Give the policy a name"),
            ({"actions": []}, "Choose what it is about"),
            ({"servers": []}, "Choose the servers"),
            ({"needed": "3"}, "Select a valid choice"),
            ({"reason": "\u200b"}, "Enter a reason"),
        ],
    )
    def test_what_is_wrong_is_said_and_nothing_is_placed(self, cast, desk, signed_in, changed, words):
        answer = signed_in(cast.ada).post(reverse("policy_add"), self.fields(**changed))
        assert answer.status_code == 422
        assert words in text_of(answer)
        assert not Policy.objects.exists()

    def test_a_name_is_stored_as_it_is_displayed(self, cast, desk, view):
        assert place(cast.ada, view, name=" Pro\u200bduc\u202etion ").name == "Production"
        with pytest.raises(OperationRefusedError, match="name_missing"):
            place(cast.ada, view, name="\u2063\u3164")
        with pytest.raises(OperationRefusedError, match="name_missing"):
            freeze(desk, name="\u2063")

    def test_as_many_approvers_as_are_needed(self, cast, desk, signed_in):
        sent = self.fields(needed="2", approvers=[cast.mia.pk])
        assert signed_in(cast.ada).post(reverse("policy_add"), sent).status_code == 422
        with pytest.raises(OperationRefusedError, match="bad_policy"):
            place(cast.ada, needed=2, approvers=[cast.mia.pk])

    def test_one_admin_does_not_lift_it_at_once_and_two_do(self, cast, desk, view, signed_in):
        made = place(cast.ada, view)
        url = reverse("policy_detail", args=[made.pk])
        ada = signed_in(cast.ada)
        ada.post(url, {"step": "ask", "reason": "the shop is closed"})
        assert ada.post(url, {"step": "agree"}).status_code == 409
        other = User.objects.create_user(username="amy", password=None, name="Amy", role=Role.ADMIN)
        assert signed_in(other).post(url, {"step": "agree"}).status_code == 409, "an account of today"
        User.objects.filter(pk=other.pk).update(rights_since=cast.ada.rights_since)
        assert signed_in(other).post(url, {"step": "agree"}).status_code == 302
        assert not Policy.objects.exists()

    def test_a_manager_neither_places_nor_lifts_one(self, cast, desk, view):
        made = place(cast.ada, view)
        for call in (
            lambda: place(cast.mia, view),
            lambda: policies.LIFTING.ask(actor=actor(cast.mia), pk=made.pk, reason="r"),
        ):
            with pytest.raises(OperationRefusedError, match="not_allowed_any_more"):
                call()

    def test_it_lifts_after_the_delay_unless_that_is_called_back(self, cast, desk, view, clock):
        made = place(cast.ada, view)
        policies.LIFTING.ask(actor=actor(cast.ada), pk=made.pk, reason="r")
        policies.LIFTING.keep(actor=actor(cast.ada), pk=made.pk)
        clock.shift(25 * 3600)
        assert isinstance(wish(desk, desk.server(view.name))(), ApprovalRequest)
        policies.LIFTING.ask(actor=actor(cast.ada), pk=made.pk, reason="r")
        clock.shift(24 * 3600 + 1)
        assert isinstance(wish(desk, desk.server(view.name))(), Operation)
