"""A temporary role ends by itself, by the clock alone, or early by whoever has it or could have granted it."""

import pytest
from django.core.management import call_command

from snapportal.accounts import people
from snapportal.accounts.models import Role, User
from snapportal.accounts.temporary_roles import service
from snapportal.accounts.temporary_roles.models import State
from snapshots.audit.models import Entry
from snapshots.worker.tasks import TASKS
from tests.support.policies import actor
from tests.support.refusals import refused
from tests.support.temporary_roles import fresh, lend, rights_on

pytestmark = pytest.mark.django_db
HOUR = 3600
ALL = {"create", "restore", "delete"}


@pytest.fixture
def lent(cast, view, clock):
    """Vera's for four hours."""
    return lend(cast.vera, view, by=cast.mia)


def end(person: User, lent, reason: str = ""):
    return service.end_now(actor=actor(person), pk=lent.pk, reason=reason)


def test_a_person_who_was_read_before_the_end_has_it_no_longer_after(cast, view, lent, clock):
    person = fresh(cast.vera)
    assert person.has_perm("snapshots.restore", view.server_id)
    assert person.has_perm_anywhere("snapshots.restore")
    clock.shift(4 * HOUR)
    assert not person.has_perm("snapshots.restore", view.server_id)
    assert not person.has_perm_anywhere("snapshots.restore")


def test_the_worker_writes_the_end_down_once(lent, clock):
    task = next(one for one in TASKS if one.name == "temporary_roles")
    task.run()
    assert not Entry.objects.filter(action="temporary_role.end").exists()
    clock.shift(4 * HOUR)
    task.run()
    call_command("end_temporary_roles")
    row = Entry.objects.get(action="temporary_role.end")
    assert (row.actor_id, row.code, row.target) == (None, "by_itself", str(lent.pk))
    lent.refresh_from_db()
    assert (lent.state, lent.ended_by_id, lent.ended_at) == (State.ENDED, None, lent.ends_at)


def test_a_clock_that_is_set_back_does_not_bring_back_what_was_written_down(cast, view, lent, clock):
    clock.shift(4 * HOUR)
    service.write_down_ends()
    clock.shift(-2 * HOUR)
    assert rights_on(cast.vera, view.server_id) == set()


def test_nor_does_one_that_is_set_back_to_before_the_grant_give_anything(cast, view, lent, clock):
    clock.shift(-1)
    assert rights_on(cast.vera, view.server_id) == set()


def test_whoever_has_it_ends_it_without_a_reason(cast, view, lent):
    assert end(cast.vera, lent).state == State.ENDED
    assert rights_on(cast.vera, view.server_id) == set()
    row = Entry.objects.get(action="temporary_role.end")
    assert (row.actor_id, row.reason) == (cast.vera.pk, "")
    assert refused(lambda: end(cast.vera, lent)) == "request_over"


def test_anybody_who_could_have_granted_it_ends_it_with_a_reason(cast, view, lent):
    assert refused(lambda: end(cast.omar, lent, "r")) == "not_an_approver"
    assert refused(lambda: end(cast.ada, lent)) == "reason_missing"
    end(cast.ada, lent, "The work is done")
    assert rights_on(cast.vera, view.server_id) == set()
    assert Entry.objects.get(action="temporary_role.end", result="completed").reason == "The work is done"


def test_what_has_ended_by_itself_is_not_ended_again(cast, lent, clock):
    clock.shift(4 * HOUR)
    assert refused(lambda: end(cast.vera, lent)) == "request_over"
    assert Entry.objects.get(action="temporary_role.end").result == "refused"


def test_a_deactivation_ends_it_for_good(cast, view, lent):
    for is_active in (False, True):
        person = fresh(cast.vera)
        seen, person.is_active = person.details_key, is_active
        people.change(person, seen=seen, actor=actor(cast.ada))
        assert rights_on(cast.vera, view.server_id) == set()
    row = Entry.objects.get(action="temporary_role.end")
    assert (row.code, row.actor_id) == ("deactivated", cast.ada.pk)


def test_a_role_without_servers_gets_nothing_by_it(cast, view, lent):
    User.objects.filter(pk=cast.vera.pk).update(role=Role.AUDITOR)
    assert rights_on(cast.vera, view.server_id) == set()
    assert not fresh(cast.vera).has_perm_anywhere("snapshots.restore")
    assert fresh(cast.vera).held_roles == []


def test_several_add_up_until_the_last_has_ended(cast, view, lent, clock):
    clock.shift(HOUR)
    lend(cast.vera, view, by=cast.mia, role="operator", hours=8)
    clock.shift(3 * HOUR)
    assert rights_on(cast.vera, view.server_id) == {"create"}
