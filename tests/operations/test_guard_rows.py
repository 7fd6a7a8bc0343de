"""What guards a team: refused steps are rows of the log, and of two steps at once one comes first.

tests/site/test_postgres.py runs it on PostgreSQL too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest

from snapportal.accounts.models import User
from snapshots.audit.models import Entry
from snapshots.deletions import grace
from snapshots.notifications.events import from_row
from snapshots.operations import freezes, policies, server_locks
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.guarded_models import ServerLock
from tests.support.desk import Desk, make_desk
from tests.support.freezes import freeze
from tests.support.policies import actor, place
from tests.support.rendezvous import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Guard:
    """One that guards a server, and how somebody else agrees to lift it or keeps it."""

    agree: Callable[[User], object]
    keep: Callable[[User], object]
    holds: Callable[[], bool]
    actions: tuple[str, str]


def lock_of(desk: Desk, ada: User, view) -> Guard:
    about = {"server_id": view.server_id}
    server_locks.place(actor=desk.actor, server_name=view.name, reason="forensics", **about)
    server_locks.ask_to_lift(actor=desk.actor, reason="it is over", **about)
    return Guard(
        lambda who: server_locks.agree_to_lift(actor=actor(who), **about),
        lambda who: server_locks.keep(actor=actor(who), **about),
        ServerLock.objects.filter(lift_due_at=None).exists,
        ("server.unlock", "server.keep_lock"),
    )


def lifted(lifting, row, desk: Desk) -> Guard:
    lifting.ask(actor=desk.actor, pk=row.pk, reason="it is over")
    return Guard(
        lambda who: lifting.agree(actor=actor(who), pk=row.pk),
        lambda who: lifting.keep(actor=actor(who), pk=row.pk),
        lifting.model.objects.filter(lift_due_at=None).exists,
        (f"{lifting.prefix}.lift", f"{lifting.prefix}.keep"),
    )


def freeze_of(desk: Desk, ada: User, view) -> Guard:
    return lifted(freezes.LIFTING, freeze(desk, view), desk)


def policy_of(desk: Desk, ada: User, view) -> Guard:
    User.objects.filter(pk=desk.user.pk).update(role="admin")
    return lifted(policies.LIFTING, place(desk.user, view), desk)


def grace_of(desk: Desk, ada: User, view) -> Guard:
    about = {"server_id": view.server_id}
    grace.set_grace(actor=desk.actor, server_name=view.name, days=5, **about)
    grace.set_grace(actor=desk.actor, server_name=view.name, days=1, reason="too long", **about)
    return Guard(
        lambda who: grace.agree_to_shorten(actor=actor(who), **about),
        lambda who: grace.keep_grace(actor=actor(who), **about),
        lambda: grace.grace_days(view.server_id) == 5,
        ("deletion.shorten", "deletion.keep_grace"),
    )


@pytest.fixture(params=[lock_of, freeze_of, policy_of, grace_of])
def guard(request, cast, desk, sandbox) -> Guard:
    make_desk(cast.ada, sandbox.token)
    return request.param(desk, cast.ada, desk.server())


def outcome(step: Callable[[User], object], who: User) -> str:
    try:
        step(who)
    except OperationRefusedError as error:
        return error.code
    return "done"


def test_whoever_asked_is_refused_and_that_is_a_row_of_which_nobody_is_told(guard, desk):
    assert outcome(guard.agree, desk.user) == "second_person"
    row = Entry.objects.latest("sequence")
    assert (row.action, row.result, row.code) == (guard.actions[0], "refused", "second_person")
    assert row.actor_id == desk.user.pk
    assert from_row(Entry.objects.filter(pk=row.pk).values().get()) is None


def test_somebody_without_the_right_is_refused_and_that_is_a_row(guard, cast):
    assert outcome(guard.keep, cast.vera) == "not_allowed_any_more"
    row = Entry.objects.latest("sequence")
    assert (row.action, row.result, row.actor_id) == (guard.actions[1], "refused", cast.vera.pk)


def test_of_lifting_and_keeping_at_once_one_comes_first(guard, cast):
    done: list[str] = []

    def run(name: str, step: Callable[[User], object]) -> str:
        result = outcome(step, cast.ada)
        done.extend([name] * (result == "done"))
        return result

    results = at_once(
        [partial(run, guard.actions[0], guard.agree), partial(run, guard.actions[1], guard.keep)]
    )
    assert len(done) == 1, results
    assert guard.holds() is (done == [guard.actions[1]])
    assert Entry.objects.get(action__in=guard.actions, result="completed").action == done[0]


def test_one_who_may_not_place_is_refused_and_that_is_a_row(desk, cast):
    view = desk.server()
    viewer = Desk(cast.vera, desk.token)
    assert outcome(lambda _who: freeze(viewer, view), cast.vera) == "not_allowed_any_more"
    assert outcome(lambda who: place(who, view), cast.mia) == "not_allowed_any_more"
    found = list(
        Entry.objects.filter(result="refused").values_list("action", "actor_id").order_by("sequence")
    )
    assert found == [("freeze.place", cast.vera.pk), ("policy.place", cast.mia.pk)]
