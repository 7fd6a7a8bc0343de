"""Requests of people who may delete only what is their own: of several snapshots, and of one that makes room."""

from functools import partial

import pytest

from snapshots.approvals import of_snapshots
from snapshots.approvals.asking import begin
from snapshots.approvals.models import ApprovalRequest, Kind, State
from snapshots.jobs import engine
from snapshots.jobs.room import room_key
from snapshots.operations.models import Action, Operation
from snapshots.operations.rights import DELETE, DELETE_OWN
from tests.support.batches import sign_snapshots
from tests.support.deletions import exists
from tests.support.desk import make_desk
from tests.support.jobs import full_server
from tests.support.limits import CREATE, limit
from tests.support.ownership import foreign, give, own_as_is
from tests.support.policies import approve, place, wish
from tests.support.refusals import refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def omar(cast, sandbox):
    return make_desk(cast.omar, sandbox.token)


@pytest.fixture
def full(cast, omar):
    """A full server under a policy, of which Omar owns two snapshots."""
    view = full_server(omar)
    place(cast.ada, view, actions=[Action.DELETE])
    for one in [one for one in view.snapshots if one.is_completed][:2]:
        own_as_is(cast.omar, one)
    return omar.server(view.name)


def owned(view) -> list:
    return [one for one in view.snapshots if one.id in view.owners]


def several(desk, view, snapshots):
    """The call of the page that deletes several."""
    return partial(
        begin,
        Kind.DELETE_MANY,
        actor=desk.actor,
        confirmation=sign_snapshots(desk, [(view, one) for one in snapshots]),
        typed_count=str(len(snapshots)),
        reason="old",
    )


def replacing(desk, view, victim):
    return partial(
        begin,
        Kind.REPLACE,
        actor=desk.actor,
        token=desk.token,
        confirmation=desk.confirm(Action.CREATE, view),
        name="instead",
        make_room=room_key(victim),
    )


def test_nothing_is_asked_for_with_a_token_that_is_limited_meanwhile(omar, full, monkeypatch):
    check_unprotected = of_snapshots.check_unprotected

    def check_and_limit(**arguments):
        limit(omar, rights=CREATE)
        check_unprotected(**arguments)

    monkeypatch.setattr(of_snapshots, "check_unprotected", check_and_limit)
    assert refused(wish(omar, full, Kind.DELETE, snapshot=owned(full)[0])) == "token_limited"
    assert not ApprovalRequest.objects.exists()


class TestSeveral:
    def test_of_their_own_are_asked_for_and_approved_by_who_may_delete_all(self, cast, omar, full):
        mine = owned(full)
        asked = several(omar, full, mine)()
        assert isinstance(asked, ApprovalRequest)
        assert asked.rights == [(DELETE, full.server_id)]
        assert asked.rights_of_asker == [(DELETE_OWN, full.server_id)]
        assert approve(cast.mia, asked)().state == State.BEGUN
        engine.advance_all()
        assert not any(exists(one.id) for one in mine)

    def test_are_refused_as_a_whole_with_one_that_is_not_theirs(self, omar, full):
        assert refused(several(omar, full, [*owned(full), foreign(full)])) == "not_own_snapshot"
        assert not ApprovalRequest.objects.exists()

    def test_are_not_approved_once_one_of_them_is_somebody_elses(self, cast, desk, omar, full):
        mine = owned(full)
        asked = several(omar, full, mine)()
        give(desk, full, mine[0], desk.user)
        asked = ApprovalRequest.objects.get()
        assert set(asked.rights_of_asker) == {(DELETE, full.server_id), (DELETE_OWN, full.server_id)}
        assert refused(approve(cast.ada, asked)) == "asker_lost_right"
        assert not Operation.objects.exists()


class TestMakingRoom:
    def test_with_their_own_is_asked_for_and_done(self, cast, omar, full):
        victim = owned(full)[0]
        asked = replacing(omar, full, victim)()
        assert isinstance(asked, ApprovalRequest)
        assert approve(cast.mia, asked)().state == State.BEGUN
        engine.advance_all()
        assert not exists(victim.id)

    def test_with_what_is_not_theirs_is_refused(self, omar, full):
        assert refused(replacing(omar, full, foreign(full))) == "not_own_snapshot"
        assert not ApprovalRequest.objects.exists()
