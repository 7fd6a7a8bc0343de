"""The pages of temporary roles, what other pages say of them, and who is told."""

import pytest
from django.urls import reverse

from snapportal.accounts.access import ground
from snapportal.accounts.factors import service as factors
from snapportal.accounts.models import User
from snapportal.accounts.security import review
from snapportal.accounts.temporary_roles.models import State, TemporaryRole
from snapshots.audit.models import Entry
from snapshots.notifications.models import Notification
from snapshots.notifications.pages import page_path
from snapshots.notifications.texts import title
from tests.support.desk import make_desk
from tests.support.notifying import read_log
from tests.support.pages import text_of
from tests.support.teams import make_team
from tests.support.temporary_roles import ask_for, fresh, grant, lend

pytestmark = pytest.mark.django_db
LIST = "/account/temporary-roles/"
ADD = f"{LIST}add/"
HOUR = 3600


def detail(asked: TemporaryRole) -> str:
    return reverse("temporary_role_detail", args=[asked.pk])


class TestAskingAndDeciding:
    def test_a_role_is_asked_for_granted_and_ended_on_pages(self, cast, vera, view, signed_in):
        of_vera, of_mia = signed_in(cast.vera), signed_in(cast.mia)
        fields = {"role": "manager", "servers": str(view.server_id), "hours": "4", "reason": "Disk full"}
        answer = of_vera.post(ADD, fields)
        asked = TemporaryRole.objects.get()
        assert answer["Location"] == detail(asked)
        assert "so others decide" in text_of(of_vera.get(detail(asked)))
        assert "Your decision" in text_of(of_mia.get(LIST))
        assert "it begins at once" in text_of(of_mia.get(detail(asked)))
        assert of_mia.post(detail(asked), {"step": "grant"}).status_code == 302
        page = text_of(of_vera.get(detail(asked)))
        assert "Granted by" in page
        assert "End now" in page
        assert of_mia.post(detail(asked), {"step": "end"}).status_code == 422
        assert of_mia.post(detail(asked), {"step": "end", "reason": "Done"}).status_code == 302
        assert "Ended early by" in text_of(of_vera.get(detail(asked)))

    def test_a_get_decides_nothing_and_whoever_asked_is_refused(self, cast, view, signed_in):
        asked = ask_for(cast.vera, view)()
        signed_in(cast.mia).get(f"{detail(asked)}?step=grant")
        asked.refresh_from_db()
        assert asked.state == State.WAITING
        answer = signed_in(cast.vera).post(detail(asked), {"step": "grant"})
        assert (answer.status_code, asked.state) == (409, State.WAITING)
        assert "Somebody else must agree" in text_of(answer)

    def test_it_is_denied_with_a_reason_or_withdrawn(self, cast, view, signed_in):
        asked = ask_for(cast.vera, view)()
        of_mia = signed_in(cast.mia)
        assert "Enter a reason" in text_of(of_mia.post(detail(asked), {"step": "deny"}))
        of_mia.post(detail(asked), {"step": "deny", "reason": "Use staging"})
        assert "Use staging" in text_of(signed_in(cast.vera).get(detail(asked)))
        second = ask_for(cast.vera, view)()
        assert signed_in(cast.vera).post(detail(second), {"step": "withdraw"}).status_code == 302
        second.refresh_from_db()
        assert second.state == State.WITHDRAWN

    def test_the_form_offers_the_servers_that_the_person_sees_and_no_others(
        self, cast, vera, view, signed_in
    ):
        browser = signed_in(cast.vera)
        page = browser.get(f"{ADD}?server={view.server_id}").content.decode()
        assert f'value="{view.server_id}" checked' in page
        assert 'value="all"' not in page
        fields = {"role": "manager", "hours": "4", "reason": "r"}
        for servers, hours in (("999999", "4"), ("all", "4"), ("", "4"), (str(view.server_id), "5")):
            wrong = fields | {"servers": servers, "hours": hours}
            assert browser.post(ADD, wrong).status_code == 422
        browser.post(ADD, fields | {"servers": str(view.server_id)})
        again = browser.post(ADD, fields | {"servers": str(view.server_id)})
        assert (again.status_code, TemporaryRole.objects.count()) == (409, 1)
        assert "A request of yours waits already" in text_of(again)

    def test_only_those_concerned_see_it(self, cast, view, other, signed_in):
        asked = ask_for(cast.vera, view, reason="Only for some")()
        make_team(servers=[other.server_id], members=[cast.omar])
        for person in (cast.vera, cast.mia, cast.ada):
            assert "Manager" in text_of(signed_in(person).get(LIST))
            assert "Only for some" in text_of(signed_in(person).get(detail(asked)))
        assert "No requests" in text_of(signed_in(cast.omar).get(LIST))
        assert signed_in(cast.omar).get(detail(asked)).status_code == 404
        assert signed_in(cast.omar).post(detail(asked), {"step": "deny", "reason": "r"}).status_code == 404

    def test_an_approver_whose_right_is_new_reads_why_it_cannot_be_granted(
        self, cast, view, signed_in, clock
    ):
        asked = ask_for(cast.vera, view)()
        make_team(servers=[view.server_id], members=[cast.omar])
        page = text_of(signed_in(cast.omar).get(detail(asked)))
        assert "Your right to do this is too new" in page
        assert "Deny" in page


class TestOtherPages:
    @pytest.fixture
    def lent(self, cast, vera, view, clock):
        return lend(cast.vera, view, by=cast.mia)

    def server_page(self, browser, desk, view) -> str:
        return text_of(browser.get(reverse("server_detail", args=[desk.token.pk, view.server_id])))

    def test_the_servers_page_says_until_when_and_offers_what_it_gives(
        self, cast, vera, view, lent, signed_in, clock
    ):
        browser = signed_in(cast.vera)
        page = self.server_page(browser, vera, view)
        assert "You have the role Manager here until" in page
        assert "Ask for a temporary role" not in page
        restore = reverse("snapshot_restore", args=[vera.token.pk, vera.snapshot(view).id])
        assert browser.get(restore).status_code == 200
        clock.shift(4 * HOUR)
        browser = signed_in(cast.vera)
        page = self.server_page(browser, vera, view)
        assert "You have the role" not in page
        assert "Ask for a temporary role" in page
        answer = browser.get(restore)
        assert answer.status_code == 403
        assert reverse("temporary_role_add") in answer.content.decode()

    def test_a_page_that_guards_the_server_says_that_it_does_not_count(
        self, cast, vera, view, lent, signed_in
    ):
        url = reverse("server_lock", args=[vera.token.pk, view.server_id])
        answer = signed_in(cast.vera).post(url, {"step": "place", "reason": "r"})
        assert answer.status_code == 409
        assert "A temporary role does not allow this" in text_of(answer)

    def test_a_refusal_that_no_temporary_role_would_lift_offers_none(self, cast, signed_in):
        for person, url in ((cast.vera, "person_list"), (cast.aron, "token_list")):
            answer = signed_in(person).get(reverse(url))
            assert answer.status_code == 403
            assert "temporary" not in answer.content.decode()

    def test_account_person_rights_and_security_name_it(self, cast, vera, view, lent, signed_in):
        assert view.name in text_of(signed_in(cast.vera).get(reverse("account_detail")))
        ada = signed_in(cast.ada)
        for name, arguments in (("person_edit", [cast.vera.pk]), ("security_detail", [])):
            page = ada.get(reverse(name, args=arguments)).content.decode()
            assert detail(lent) in page
        assert "Temporary role Manager until" in text_of(
            ada.get(reverse("person_access", args=[cast.vera.pk]))
        )
        assert ground(fresh(cast.vera), "snapshots.restore", view.server_id).startswith("Temporary role")

    def test_they_name_it_no_longer_when_it_has_ended(self, cast, vera, view, lent, clock):
        clock.shift(4 * HOUR)
        assert not review.temporary_roles().exists()
        assert fresh(cast.vera).held_roles == []
        assert ground(fresh(cast.vera), "snapshots.restore", view.server_id) == ""

    def test_the_log_shows_by_what_right_it_was_done(self, cast, vera, view, lent, signed_in):
        vera.create(view)
        row = Entry.objects.get(phase="intent")
        page = text_of(signed_in(cast.ada).get(reverse("entry_detail", args=[row.sequence])))
        assert lent.note in page

    def test_a_role_that_needs_a_second_factor_needs_it_for_hours_too(self, cast, lent, settings, clock):
        settings.SNAPPORTAL_REQUIRE_SECOND_FACTOR = frozenset({"manager"})
        found = {one: one.needs_one for one in review.without_second_factor()}
        assert (factors.is_required(fresh(cast.vera)), found[cast.vera]) == (True, True)
        clock.shift(4 * HOUR)
        found = {one: one.needs_one for one in review.without_second_factor()}
        assert (factors.is_required(fresh(cast.vera)), found[cast.vera]) == (False, False)


class TestNotifications:
    def test_those_concerned_are_told_with_a_link(self, cast, vera, view, sandbox):
        of_omar = make_desk(cast.omar, sandbox.token)
        of_omar.views()
        read_log()
        asked = ask_for(cast.vera, view, reason="A secret reason")()
        grant(cast.mia, asked)()
        read_log()
        told = Notification.objects.filter(event__action__startswith="temporary_role.")
        people = {cast.vera.pk, cast.mia.pk, cast.ada.pk}
        actions = {"temporary_role.ask", "temporary_role.grant"}
        assert {(one.person_id, one.event.action) for one in told} == {
            (person, action) for person in people for action in actions
        }
        event = told.get(person_id=cast.mia.pk, event__action="temporary_role.ask").event
        assert title(event) == f"Somebody asks for a temporary role on {view.name}"
        assert page_path(event) == detail(asked)

    def test_a_row_that_names_no_request_is_told_to_nobody(self, cast):
        assert not cast.ada.sees_temporary_role("nonsense")
        assert not User.objects.get(pk=cast.ada.pk).sees_temporary_role(str(TemporaryRole().pk))
