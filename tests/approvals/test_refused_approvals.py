"""Who does not approve a request, and what is not sent although it was approved."""

from functools import partial

import pytest
from django.utils import timezone

from snapportal.accounts.models import Role, User
from snapshots.approvals import deciding
from snapshots.approvals.models import ApprovalRequest, Decision, State
from snapshots.audit.models import Entry
from snapshots.operations.models import Operation
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from snapshots.vault.models import StoredToken
from tests.support.policies import actor, approve, only, place, wish
from tests.support.refusals import refused

pytestmark = pytest.mark.django_db
HOUR = 3600


class TestNotApproving:
    def test_nobody_approves_the_own_request(self, cast, desk, view):
        place(cast.ada, view)
        asked = wish(desk, view)()
        assert refused(approve(desk.user, asked)) == "second_person"
        assert not Decision.objects.exists()

    def test_nor_with_another_account_of_the_same_address(self, cast, desk, view, max_):
        User.objects.filter(pk=max_.pk).update(email=desk.user.email.upper())
        place(cast.ada, view)
        assert refused(approve(User.objects.get(pk=max_.pk), wish(desk, view)())) == "second_person"

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.AUDITOR])
    def test_nor_does_whoever_may_not_do_it(self, cast, desk, view, max_, role):
        place(cast.ada, view)
        asked = wish(desk, view)()
        User.objects.filter(pk=max_.pk).update(role=role)
        assert refused(approve(max_, asked)) == "not_an_approver"

    def test_nor_whoever_got_the_right_or_the_account_a_moment_ago(self, cast, desk, view, max_, clock):
        """Otherwise one admin could make the second person."""
        from snapportal.accounts import people

        place(cast.ada, view)
        asked = wish(desk, view)()
        people.renew_invitation(max_, actor=actor(cast.ada))
        assert refused(approve(max_, asked)) == "rights_too_new"
        made = User(username="made", name="Made", role=Role.MANAGER)
        people.add_with_password(made, "a long password", actor=actor(cast.ada))
        assert refused(approve(made, asked)) == "rights_too_new"
        clock.shift(24 * HOUR + 60)
        again = wish(desk, desk.server(view.name))()
        approve(made, again)()
        assert ApprovalRequest.objects.get(pk=again.pk).state == State.BEGUN

    def test_nor_what_an_account_of_today_asks_for(self, cast, desk, view, max_):
        """Otherwise one admin could ask in its name, and approve in the own."""
        place(cast.ada, view)
        User.objects.filter(pk=desk.user.pk).update(rights_since=timezone.now())
        assert refused(approve(max_, wish(desk, view)())) == "asker_too_new"

    def test_nor_is_it_sent_when_who_approved_lost_the_right_before(
        self, cast, desk, view, max_, monkeypatch
    ):
        from snapshots.operations import service

        place(cast.ada, view)
        asked = wish(desk, view)()
        read_server = service.read_server

        def read_and_demote(*arguments):
            User.objects.filter(pk=max_.pk).update(role=Role.VIEWER)
            return read_server(*arguments)

        monkeypatch.setattr(service, "read_server", read_and_demote)
        approve(max_, asked)()
        assert (only().state, only().code) == (State.VOID, "approval_lost")
        assert not Operation.objects.exists()
        assert Entry.objects.get(action="approval.void").code == "approval_lost"

    @pytest.mark.parametrize("change", [{"is_active": False}, {"role": Role.VIEWER}])
    def test_nor_when_who_asked_lost_it(self, cast, desk, view, max_, change):
        place(cast.ada, view)
        asked = wish(desk, view)()
        User.objects.filter(pk=desk.user.pk).update(**change)
        assert refused(approve(max_, asked)) == "asker_lost_right"
        assert not Operation.objects.exists()

    def test_nor_is_it_sent_when_who_asked_lost_it_after_the_approval(
        self, cast, desk, view, max_, monkeypatch
    ):
        from snapshots.operations import service

        place(cast.ada, view)
        asked = wish(desk, view)()
        read_server = service.read_server

        def read_and_demote(*arguments):
            User.objects.filter(pk=desk.user.pk).update(role=Role.VIEWER)
            return read_server(*arguments)

        monkeypatch.setattr(service, "read_server", read_and_demote)
        approve(max_, asked)()
        assert (only().state, only().code) == (State.VOID, "not_allowed_any_more")
        assert not Operation.objects.exists()

    def test_nor_when_the_snapshot_changed(self, cast, desk, view, max_):
        place(cast.ada, view)
        asked = wish(desk, view)()
        SandboxSnapshot.objects.filter(pk=asked.item.snapshot_id).update(name="renamed-meanwhile")
        approve(max_, asked)()
        assert (only().state, only().code) == (State.VOID, "snapshot_changed")

    def test_nor_when_the_token_of_who_asked_is_gone(self, cast, desk, view, max_):
        place(cast.ada, view)
        asked = wish(desk, view)()
        StoredToken.objects.all().delete()
        approve(max_, asked)()
        assert (only().state, only().code) == (State.VOID, "token_gone")

    def test_nor_after_its_time(self, cast, desk, view, max_, clock):
        place(cast.ada, view, hours=4)
        asked = wish(desk, view)()
        clock.shift(4 * HOUR + 1)
        assert refused(approve(max_, asked)) == "request_over"
        assert deciding.run_due() == 1
        assert only().state == State.EXPIRED
        assert deciding.run_due() == 0
        assert Entry.objects.filter(action="approval.expire").count() == 1

    def test_nor_when_its_time_passes_while_the_lists_are_read(
        self, cast, desk, view, max_, clock, monkeypatch
    ):
        from snapshots.operations import service

        place(cast.ada, view, hours=1)
        asked = wish(desk, view)()
        read_server = service.read_server

        def read_slowly(*arguments):
            found = read_server(*arguments)
            clock.shift(HOUR + 1)
            return found

        monkeypatch.setattr(service, "read_server", read_slowly)
        approve(max_, asked)()
        assert (only().state, only().code) == (State.VOID, "request_over")
        assert not Operation.objects.exists()

    def test_nor_after_it_was_denied_or_withdrawn(self, cast, desk, view, max_):
        place(cast.ada, view)
        denied = wish(desk, view)()
        assert (
            refused(partial(deciding.deny, actor=actor(max_), pk=denied.pk, reason=" ")) == "reason_missing"
        )
        deciding.deny(actor=actor(max_), pk=denied.pk, reason="not on a Friday")
        assert refused(approve(cast.ada, denied)) == "request_over"
        withdrawn = wish(desk, view)()
        assert refused(partial(deciding.withdraw, actor=actor(max_), pk=withdrawn.pk)) == "not_owner"
        deciding.withdraw(actor=desk.actor, pk=withdrawn.pk)
        assert refused(approve(cast.ada, withdrawn)) == "request_over"
        assert not Operation.objects.exists()
