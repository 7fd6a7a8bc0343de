"""A random machine of one admin who tries to restore what a policy forbids: in no order of steps within the guard's delay.

The admin makes accounts and takes over those of others by links, addresses and roles, asks for things in every name that is in
the admin's hands, approves in each, lends roles, and lifts and places policies. Breaking the glass, which is loud, is left out.
"""

import os
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import time_machine
from django.core.cache import cache
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from snapportal.accounts import people, teams
from snapportal.accounts.models import Role, User
from snapportal.accounts.people import PersonError
from snapportal.accounts.temporary_roles import service as temporary_roles
from snapportal.accounts.temporary_roles.models import TemporaryRole
from snapshots.approvals import deciding
from snapshots.approvals.models import ApprovalRequest
from snapshots.operations import policies, server_locks
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.guarded_models import Policy
from snapshots.operations.models import Operation
from tests.support.deep import TIMES
from tests.support.desk import make_desk
from tests.support.machines import machine_settings
from tests.support.policies import actor, place, wish
from tests.support.provider import fill_sandbox
from tests.support.temporary_roles import ask_for

STEPS = 25
RUNS = int(os.environ.get("SNAPPORTAL_TESTS_MACHINE_RUNS", 12 * TIMES))
SERVER = "web-server-01"
DELAY_HOURS = 24
any_number = st.integers(0, 9)


class LoneAdmin(RuleBasedStateMachine):
    cast = None

    def __init__(self) -> None:
        super().__init__()
        self.clock = time_machine.travel(datetime.now(UTC), tick=True)
        self.traveller = self.clock.start()
        self.savepoint = transaction.atomic()
        self.savepoint._from_testcase = True  # durable blocks are allowed in it
        self.savepoint.__enter__()
        cache.clear()
        self.token = fill_sandbox().token
        self.ada = User.objects.get(username="ada")
        self.colleagues = list(User.objects.filter(username__in=["mia", "omar"]))
        self.desks = {one.pk: make_desk(one, self.token) for one in [self.ada, *self.colleagues]}
        self.view = self.desks[self.ada.pk].server(SERVER)
        place(self.ada, self.view)
        server_locks.place(
            actor=actor(self.ada), server_id=self.view.server_id, server_name=self.view.name, reason="r"
        )
        self.hands = [self.ada]
        self.hours = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)
        self.clock.stop()

    @contextmanager
    def trying(self):
        with suppress(OperationRefusedError, PersonError):
            yield

    def hand(self, number: int) -> User:
        return User.objects.get(pk=self.hands[number % len(self.hands)].pk)

    def take(self, person: User) -> None:
        if person.pk not in {one.pk for one in self.hands}:
            self.hands.append(person)

    @rule(role=st.sampled_from([Role.MANAGER, Role.ADMIN, Role.VIEWER]))
    @precondition(lambda self: len(self.hands) < 6)
    def make_an_account(self, role):
        made = User(username=f"made{len(self.hands)}", name="Made", role=role)
        with self.trying():
            people.add_with_password(made, "a long password", actor=actor(self.ada))
            self.desks[made.pk] = make_desk(made, self.token)
            self.take(made)

    @rule(number=st.integers(0, 1), how=st.sampled_from(["link", "address", "role", "team"]))
    def take_over_a_colleague(self, number, how):
        person = User.objects.get(pk=self.colleagues[number].pk)
        with self.trying():
            if how == "link":
                people.renew_invitation(person, actor=actor(self.ada))
            elif how == "team":
                name = f"Team {Policy.objects.count()} {len(self.hands)} {self.hours}"
                team = teams.add(teams.Wish(name=name, role="manager", servers=None), actor=actor(self.ada))
                teams.set_member(team, person, is_member=True, actor=actor(self.ada))
            else:
                seen = person.details_key
                if how == "address":
                    person.email = f"ada+{number}@example.com"
                else:
                    person.role = Role.ADMIN if person.role != Role.ADMIN else Role.MANAGER
                people.change(person, seen=seen, actor=actor(self.ada))
            self.take(person)

    @rule(number=any_number, asks=st.booleans())
    def ask(self, number, asks):
        person = self.hand(number)
        desk = replace(self.desks[person.pk], user=person)
        with self.trying():
            wish(desk, self.view, asks=asks)()

    @rule(number=any_number, which=any_number)
    def approve(self, number, which):
        asked = list(ApprovalRequest.objects.all())
        if asked:
            with self.trying():
                deciding.approve(actor=actor(self.hand(number)), pk=asked[which % len(asked)].pk)

    @rule(number=any_number, step=st.sampled_from(["ask", "agree", "keep", "place"]), which=any_number)
    def change_a_policy(self, number, step, which):
        person, found = self.hand(number), list(Policy.objects.all())
        with self.trying():
            if step == "place":
                place(person, self.view, name="Mine", approvers=[one.pk for one in self.hands[:2]])
            elif found:
                more = {"reason": "r"} if step == "ask" else {}
                run = getattr(policies.LIFTING, step)
                run(actor=actor(person), pk=found[which % len(found)].pk, **more)

    @rule(number=any_number, step=st.sampled_from(["ask_to_lift", "agree_to_lift", "keep"]))
    def change_the_lock(self, number, step):
        more = {"reason": "r"} if step == "ask_to_lift" else {}
        with self.trying():
            run = getattr(server_locks, step)
            run(actor=actor(self.hand(number)), server_id=self.view.server_id, **more)

    @rule(number=any_number, role=st.sampled_from(["operator", "manager"]))
    def ask_for_a_temporary_role(self, number, role):
        with self.trying():
            ask_for(self.hand(number), self.view, role=role, hours=24)()

    @rule(number=any_number, step=st.sampled_from(["grant", "grant", "end_now"]), which=any_number)
    def decide_a_temporary_role(self, number, step, which):
        found = list(TemporaryRole.objects.order_by("asked_at"))
        more = {"reason": "r"} if step == "end_now" else {}
        if found:
            with self.trying():
                run = getattr(temporary_roles, step)
                run(actor=actor(self.hand(number)), pk=found[which % len(found)].pk, **more)

    @rule(hours=st.integers(1, 6))
    def wait(self, hours):
        if self.hours + hours < DELAY_HOURS:
            self.hours += hours
            self.traveller.shift(hours * 3600)
            deciding.run_due()

    @invariant()
    def nothing_was_restored(self):
        assert not Operation.objects.exists()

    @invariant()
    def no_role_was_lent(self):
        assert not TemporaryRole.objects.filter(state="granted").exists()


@pytest.mark.django_db
def test_one_admin_alone_restores_nothing_that_a_policy_forbids(cast):
    LoneAdmin.cast = cast
    run_state_machine_as_test(LoneAdmin, settings=machine_settings(runs=RUNS, steps=STEPS, shrinks=True))
