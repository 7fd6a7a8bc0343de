"""A grace time is shortened by two people, or by one after a day of which the others are told; never by one at once."""

from functools import partial

import pytest

from snapportal.accounts.models import Role, User
from snapshots.audit.models import Entry
from snapshots.deletions.grace import agree_to_shorten, grace_days, grace_days_of, keep_grace, set_grace
from snapshots.deletions.models import PlannedDeletion, ServerGrace
from snapshots.notifications.models import Kind, Notification
from snapshots.operations.models import Operation
from tests.support.deletions import put_grace, request
from tests.support.notifying import read_log
from tests.support.policies import actor
from tests.support.refusals import refused

pytestmark = pytest.mark.django_db
DAY = 24 * 3600


@pytest.fixture(autouse=True)
def view(desk, settings):
    settings.SNAPPORTAL_DELETE_GRACE_DAYS = 3
    return desk.server()


def wanting(person, view, days, reason="the disk is full"):
    return partial(
        set_grace,
        actor=actor(person),
        server_id=view.server_id,
        server_name=view.name,
        days=days,
        reason=reason,
    )


class TestShortening:
    def test_a_longer_time_holds_at_once(self, desk, view):
        wanting(desk.user, view, 7, "")()
        assert grace_days(view.server_id) == 7

    @pytest.mark.parametrize(("own", "days"), [(None, 0), (5, 4), (5, None)])
    def test_a_shorter_one_holds_when_the_delay_is_over(self, desk, view, clock, own, days):
        put_grace(view, own)
        before = grace_days(view.server_id)
        wanting(desk.user, view, days)()
        assert grace_days(view.server_id) == before
        row = Entry.objects.get(action="deletion.ask_shorten")
        assert (row.server_id, row.reason) == (view.server_id, "the disk is full")
        assert row.evidence.startswith(f"{before} → {3 if days is None else days} days")
        assert "24 hours" in row.evidence
        clock.shift(DAY - 60)
        assert grace_days(view.server_id) == before
        clock.shift(120)
        assert grace_days_of([view.server_id, 1]) == {view.server_id: 3 if days is None else days, 1: 3}

    def test_what_is_deleted_meanwhile_waits_as_long_as_before(self, desk, view):
        wanting(desk.user, view, 0)()
        assert isinstance(request(desk, view), PlannedDeletion)
        assert not Operation.objects.exists()

    def test_it_needs_a_reason_and_one_at_a_time_is_asked_for(self, cast, desk, view):
        assert refused(wanting(desk.user, view, 0, " ")) == "reason_missing"
        wanting(desk.user, view, 1)()
        assert refused(wanting(cast.ada, view, 0)) == "lift_asked"

    def test_after_the_delay_a_longer_one_and_again_a_shorter_one_can_be_set(self, desk, view, clock):
        wanting(desk.user, view, 1)()
        clock.shift(DAY + 1)
        wanting(desk.user, view, 2)()
        assert grace_days(view.server_id) == 2
        wanting(desk.user, view, 0)()
        assert grace_days(view.server_id) == 2

    def test_a_longer_one_calls_it_back(self, desk, view, clock):
        wanting(desk.user, view, 1)()
        wanting(desk.user, view, 5)()
        clock.shift(DAY + 1)
        assert grace_days(view.server_id) == 5


class TestOthers:
    def test_somebody_else_agrees_and_it_holds_at_once(self, cast, desk, view):
        wanting(desk.user, view, 0)()
        agree_to_shorten(actor=actor(cast.ada), server_id=view.server_id)
        assert grace_days(view.server_id) == 0
        row = Entry.objects.get(action="deletion.shorten")
        assert (row.actor_id, row.server_name) == (cast.ada.pk, view.name)
        assert row.evidence == f"3 → 0 days; asked for by person {desk.user.pk}: “the disk is full”"

    def test_back_to_the_setting_too(self, cast, desk, view):
        put_grace(view, 5)
        wanting(desk.user, view, None)()
        agree_to_shorten(actor=actor(cast.ada), server_id=view.server_id)
        assert not ServerGrace.objects.exists()

    def test_not_whoever_asked_nor_an_account_of_today_nor_one_without_the_right(self, cast, desk, view):
        agree = partial(agree_to_shorten, server_id=view.server_id)
        assert refused(partial(agree, actor=actor(cast.ada))) == "lift_not_asked"
        wanting(desk.user, view, 0)()
        assert refused(partial(agree, actor=desk.actor)) == "second_person"
        new = User.objects.create_user(username="new", password=None, name="New", role=Role.MANAGER)
        assert refused(partial(agree, actor=actor(new))) == "rights_too_new"
        assert refused(partial(agree, actor=actor(cast.omar))) == "not_allowed_any_more"
        assert refused(partial(keep_grace, actor=actor(cast.omar), server_id=view.server_id)) == (
            "not_allowed_any_more"
        )
        assert grace_days(view.server_id) == 3

    def test_anybody_with_the_right_calls_it_back(self, cast, desk, view, clock):
        wanting(desk.user, view, 0)()
        keep_grace(actor=actor(cast.ada), server_id=view.server_id)
        clock.shift(DAY + 1)
        assert grace_days(view.server_id) == 3
        assert Entry.objects.get(action="deletion.keep_grace").actor_id == cast.ada.pk
        assert refused(partial(keep_grace, actor=desk.actor, server_id=view.server_id)) == "lift_not_asked"

    def test_everybody_who_sees_the_server_is_told(self, desk, view):
        read_log()
        wanting(desk.user, view, 0)()
        read_log()
        told = Notification.objects.filter(event__kind=Kind.SERVER_LOCK)
        assert {one.event.action for one in told} == {"deletion.ask_shorten"}


def test_a_time_that_was_changed_while_it_was_read_is_not_shortened_by_a_longer_one(desk, view, monkeypatch):
    """Five days are longer than three, but shorter than the seven that somebody has set in between."""
    from snapshots.deletions import grace

    check = grace.check_still_allowed

    def set_seven_first(*arguments, **more):
        put_grace(view, 7)
        return check(*arguments, **more)

    monkeypatch.setattr(grace, "check_still_allowed", set_seven_first)
    assert refused(wanting(desk.user, view, 5)) == "grace_changed"
