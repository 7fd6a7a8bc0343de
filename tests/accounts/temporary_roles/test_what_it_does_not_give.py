"""What guards the team is not touched by a temporary role, and every row about what is done by one says so."""

from functools import partial

import pytest

from snapportal.accounts.temporary_roles.models import TemporaryRole
from snapshots.approvals import deciding
from snapshots.approvals.models import State
from snapshots.audit.models import Entry
from snapshots.deletions import keeping
from snapshots.deletions.grace import set_grace
from snapshots.observations import silence
from snapshots.operations import freezes, protection, server_locks
from snapshots.operations.guarded_models import Freeze, ServerLock
from snapshots.operations.models import Protection
from snapshots.schedules import service as schedules
from snapshots.schedules.definition import sign_preview
from tests.support.deletions import plan, target_of
from tests.support.freezes import freeze
from tests.support.policies import actor, approve, place, wish
from tests.support.refusals import refused
from tests.support.schedules import define, definition
from tests.support.temporary_roles import lend

pytestmark = pytest.mark.django_db


@pytest.fixture
def lent(cast, vera, view) -> TemporaryRole:
    return lend(cast.vera, view, by=cast.mia)


def lock(desk, view, **more):
    return partial(
        server_locks.place,
        actor=desk.actor,
        server_id=view.server_id,
        server_name=view.name,
        reason="r",
        **more,
    )


class TestGuards:
    def test_it_locks_no_server(self, vera, view, lent):
        assert refused(lock(vera, view)) == "only_temporary"
        assert not ServerLock.objects.exists()

    def test_it_lifts_no_lock_and_keeps_none(self, desk, vera, view, lent):
        lock(desk, view)()
        where = {"actor": vera.actor, "server_id": view.server_id}
        assert refused(lambda: server_locks.ask_to_lift(**where, reason="r")) == "only_temporary"
        server_locks.ask_to_lift(actor=desk.actor, server_id=view.server_id, reason="r")
        assert refused(lambda: server_locks.agree_to_lift(**where)) == "only_temporary"
        assert refused(lambda: server_locks.keep(**where)) == "only_temporary"

    def test_it_places_and_lifts_no_freeze(self, desk, vera, view, lent):
        servers = {view.server_id: view.name}
        assert refused(lambda: freeze(vera, servers=servers)) == "only_temporary"
        made = freeze(desk, servers=servers)
        ask = partial(freezes.LIFTING.ask, actor=vera.actor, pk=made.pk, reason="r")
        assert refused(ask) == "only_temporary"
        freezes.LIFTING.ask(actor=desk.actor, pk=made.pk, reason="r")
        for step in (freezes.LIFTING.agree, freezes.LIFTING.keep):
            assert refused(partial(step, actor=vera.actor, pk=made.pk)) == "only_temporary"
        assert Freeze.objects.count() == 1

    def test_it_lifts_no_protection_but_protects(self, vera, view, lent):
        target = target_of(vera, view)
        protection.protect(actor=vera.actor, target=target)
        lift = partial(protection.lift, actor=vera.actor, target=target, reason="r")
        assert refused(lift) == "only_temporary"
        assert Protection.objects.exists()

    def test_it_sets_no_grace_time(self, vera, view, lent):
        where = {"server_id": view.server_id, "server_name": view.name}
        assert refused(lambda: set_grace(actor=vera.actor, **where, days=0)) == "only_temporary"

    def test_it_approves_nothing_and_may_deny(self, cast, desk, vera, view, lent):
        place(cast.ada, view)
        asked = wish(desk, view)()
        assert refused(approve(cast.vera, asked)) == "rights_too_new"
        deciding.deny(actor=actor(cast.vera), pk=asked.pk, reason="Not now")
        asked.refresh_from_db()
        assert asked.state == State.DENIED
        assert lent.note in Entry.objects.get(action="approval.deny").evidence

    def test_the_same_person_with_the_right_for_good_may_do_all_of_it(self, cast, desk, view):
        lend(cast.omar, view, by=cast.mia)
        lock(desk, view)()
        set_grace(actor=desk.actor, server_id=view.server_id, server_name=view.name, days=1)
        assert ServerLock.objects.exists()


class TestMarks:
    def evidence(self, action: str) -> str:
        return Entry.objects.filter(action=action).latest("sequence").evidence

    def test_keeping_and_protecting_a_snapshot(self, cast, desk, vera, view, lent, settings):
        settings.SNAPPORTAL_DELETE_GRACE_DAYS = 3
        planned = plan(desk, view)
        keeping.keep(actor=vera.actor, planned=planned)
        assert self.evidence("deletion.keep") == lent.note
        keeping.protect_snapshot(actor=vera.actor, target=target_of(vera, view))
        assert self.evidence("snapshot.protect") == lent.note

    def test_setting_when_silence_is_told(self, vera, view, lent):
        where = {"server_id": view.server_id, "server_name": view.name}
        silence.set_days(actor=vera.actor, **where, days=3)
        assert self.evidence("server.set_silence").endswith(f"; {lent.note}")

    def test_every_act_on_a_schedule(self, vera, view, lent):
        schedule = define(vera, servers=((view.server_id, view.name),))
        assert self.evidence("schedule.create").endswith(f"; {lent.note}")
        acts = {
            "schedule.pause": schedules.pause,
            "schedule.resume": schedules.resume,
            "schedule.run_now": partial(schedules.run_now, form_key="now"),
            "schedule.remove": schedules.remove,
        }
        for action, act in acts.items():
            act(actor=vera.actor, schedule=schedule)
            assert self.evidence(action) == lent.note

    def test_it_takes_over_no_schedule_of_somebody_else(self, desk, vera, view, lent):
        where = {"servers": ((view.server_id, view.name),)}
        schedule = define(desk, **where)
        seen, wanted = schedule.changed_at, definition(vera, **where, name="mine")
        proof = sign_preview(wanted, token_id=vera.token.pk, person_id=vera.user.pk)
        change = partial(
            schedules.change_schedule, schedule=schedule, definition=wanted, seen=seen, preview=proof
        )
        assert refused(lambda: change(actor=vera.actor, token=vera.token)) == "only_temporary"
        row = Entry.objects.latest("sequence")
        assert (row.action, row.result, row.code) == ("schedule.change", "refused", "only_temporary")
        schedule.refresh_from_db()
        assert (schedule.owner_id, schedule.changed_at) == (desk.user.pk, seen)

    def test_nothing_is_marked_that_the_own_role_allows(self, desk, view):
        keeping.protect_snapshot(actor=desk.actor, target=target_of(desk, view))
        assert self.evidence("snapshot.protect") == ""
