"""Four people, two servers and a clock, and a model that judges each call to the provider."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import time_machine
from django.core.cache import cache
from django.db import transaction
from django.db.models.signals import post_save

from snapportal.accounts import people, teams
from snapportal.accounts.models import User
from snapportal.accounts.people import PersonError
from snapshots.approvals.models import ApprovalRequest
from snapshots.deletions.models import PlannedDeletion
from snapshots.jobs.models import Job, Step
from snapshots.operations import freezes, policies, server_locks
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.guarded_models import Freeze, Policy
from snapshots.operations.models import Operation
from snapshots.operations.server_views import ServerView
from snapshots.sandbox.models import Server as SandboxServer
from tests.support.approval_model import Asked, Block, Model, Person, Sent
from tests.support.desk import Desk, make_desk
from tests.support.double import Double, ask_sandbox, refuse_connections
from tests.support.freezes import freeze
from tests.support.imaginary import Killed
from tests.support.ownership import own_as_is
from tests.support.policies import actor, place
from tests.support.provider import fill_sandbox
from tests.support.teams import make_team

NAMES = ("mia", "max", "omar", "ada")


class FourPeople:
    """What the machine of tests/approvals/test_four_people.py moves, and the model that is asked at each call to the provider."""

    double: Double | None = None
    found: Counter[str] = Counter()
    """What was sent, over all runs, by why it was allowed."""

    def set_up(self) -> None:
        self.clock = time_machine.travel(datetime.now(UTC), tick=False)
        self.traveller = self.clock.start()
        self.savepoint = transaction.atomic()
        self.savepoint._from_testcase = True  # durable blocks are allowed in it
        self.savepoint.__enter__()
        cache.clear()
        self.double.answer = self.answer
        self.during: list[Callable[[], None]] = []
        self.dies = False
        self.refusals = 0
        """How many reads the provider does not answer."""
        self.seen: set[object] = set()
        self.asked: dict[str, Asked] = {}
        self.fill()
        post_save.connect(self.note_begun, sender=PlannedDeletion)
        post_save.connect(self.note_begun, sender=Job)

    def fill(self) -> None:
        token = fill_sandbox().token
        self.users = [User.objects.get(username=name) for name in NAMES]
        self.desks = [make_desk(one, token) for one in self.users]
        usable = [one for one in self.desks[0].views() if not one.is_full and len(one.snapshots) > 1]
        self.views = usable[:2]
        SandboxServer.objects.exclude(pk__in=[one.server_id for one in self.views]).delete()
        self.team = make_team(servers=[self.views[0].server_id])
        now = datetime.now(UTC)
        known = {one.pk: Person(one.role, one.rights_since) for one in self.users}
        self.model = Model(known, self.views[0].server_id, now)
        for view in self.views:  # one of each server is the operator's
            own = self.desks[2].snapshot(view)
            own_as_is(self.users[2], own)
            self.model.owners[own.id] = self.users[2].pk

    def tear_down(self) -> None:
        post_save.disconnect(self.note_begun, sender=PlannedDeletion)
        post_save.disconnect(self.note_begun, sender=Job)
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)
        self.clock.stop()

    # --- What is watched ----------------------------------------------------------------------------------
    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET":
            sent = list(Operation.objects.filter(state="sent"))
            for operation in sent:
                self.judge(operation)
            answer = ask_sandbox(request)
            self.note_owner(answer, sent)
            return answer
        if self.during:
            self.during.pop()()
        if self.refusals:
            self.refusals -= 1
            return refuse_connections(request)
        return ask_sandbox(request)

    def note_owner(self, answer: httpx.Response, sent: Sequence[Operation]) -> None:
        for operation in sent:
            if operation.action == "snapshot.create" and answer.is_success:
                self.model.owners[answer.json()["id"]] = operation.actor_id

    def die_or(self, mark_sent: Callable[..., bool], operation: Operation, at: datetime) -> bool:
        """Once, the process ends between the intent and the call."""
        if self.dies:
            self.dies = False
            self.judge(operation)
            raise Killed
        return mark_sent(operation, at)

    def judge(self, operation: Operation) -> None:
        """Each operation once, when its intent is committed: what a crash left is sent later."""
        if operation.pk in self.seen:
            return
        self.seen.add(operation.pk)
        form, is_later = self.form_of(operation)
        asked = self.asked.get(form)
        sent = Sent(
            operation.actor_id,
            operation.action.removeprefix("snapshot."),
            operation.server_id,
            operation.snapshot_id or 0,
            asked if operation.action != "snapshot.create" else None,
            is_later,
        )
        fault = self.model.why_not_sent(sent, datetime.now(UTC))
        assert not fault, f"{sent.action} by {sent.person}: {fault}"
        kind = "glass" if asked and asked.glass & asked.gave else "approved" if asked else "free"
        self.found[f"{kind} {sent.action}{' later' if is_later else ''}"] += 1

    def form_of(self, operation: Operation) -> tuple[str, bool]:
        """The one-time key of the form that it came of, and whether a job or a planned deletion was begun with it before."""
        step = Step.objects.filter(job__in=Job.objects.all(), server_id=operation.server_id)
        found = next((one for one in step if one.idempotency_key == operation.idempotency_key), None)
        if found is not None:
            return found.job.idempotency_key, True
        for planned in PlannedDeletion.objects.all():
            if planned.idempotency_key == operation.idempotency_key:
                return planned.form_key, True
        return operation.idempotency_key, False

    def note_begun(self, instance: Job | PlannedDeletion, created: bool, **_more: object) -> None:
        form = instance.idempotency_key if isinstance(instance, Job) else instance.form_key
        if created and form in self.asked:
            self.model.note_begun(self.asked[form], datetime.now(UTC))

    def run(self, call: Callable[[], object]) -> bool:
        """Whether it was not refused. A second passes, so that no two things happen at once."""
        self.traveller.shift(1)
        try:
            call()
        except (OperationRefusedError, PersonError):
            return False
        except Killed:
            pass
        return True

    def person(self, number: int) -> User:
        return User.objects.get(pk=self.users[number].pk)

    def desk(self, number: int) -> Desk:
        return replace(self.desks[number], user=self.person(number))

    def chosen(self, place: int) -> tuple[ApprovalRequest, Asked] | None:
        """One that waits, if there is one."""
        found = list(ApprovalRequest.objects.order_by("created_at"))
        found = [one for one in found if one.state in {"waiting", "approved"}] or found
        one = found[min(place, len(found) - 1)] if found else None
        return (one, self.asked[one.form_key]) if one else None

    def decide(self, number, place, kept_in, call, **more):
        one, asked = self.chosen(place)
        pk = self.users[number].pk
        had = pk in getattr(asked, kept_in)
        getattr(asked, kept_in).add(pk)  # before what it lets begin
        if not self.run(lambda: call(actor=actor(self.person(number)), pk=one.pk, **more)) and not had:
            getattr(asked, kept_in).discard(pk)

    def place_a_policy(
        self, server: int, actions: Sequence[str], *, needed: int, chosen: Sequence[int], hours: int
    ) -> None:
        pks = [self.users[number].pk for number in chosen]
        fields = {"needed": needed, "hours": hours, "approvers": pks}
        names = [f"snapshot.{one}" for one in actions]
        self.guarded(
            "policy",
            server,
            lambda views: place(self.person(3), *views, actions=names, **fields),
            actions=frozenset(actions),
            **fields | {"approvers": frozenset(pks)},
        )

    def place_a_lock(self, server: int, number: int, *, covers_deletes: bool) -> None:
        def lock(views: Sequence[ServerView]) -> None:
            about = {"server_id": views[0].server_id, "server_name": views[0].name}
            by = actor(self.person(number))
            server_locks.place(actor=by, reason="r", covers_deletes=covers_deletes, **about)

        actions = {"restore", "delete"} if covers_deletes else {"restore"}
        self.guarded("lock", server, lock, actions=frozenset(actions))

    def place_a_freeze(self, server: int, number: int, length: timedelta) -> None:
        ends_at = datetime.now(UTC) + length
        self.guarded(
            "freeze",
            server,
            lambda views: freeze(self.desk(number), *views, ends_at=ends_at),
            actions=frozenset({"restore", "delete"}),
            ends_at=ends_at,
        )

    def guarded(
        self, kind: str, server: int, place: Callable[[Sequence[ServerView]], object], **fields: object
    ) -> None:
        """Number 2 is all servers."""
        views = [self.views[server]] if server < len(self.views) else []
        servers = frozenset(one.server_id for one in views or self.views)
        if self.run(lambda: place(views)):
            self.model.blocks.append(Block(kind, servers, placed_at=datetime.now(UTC), **fields))

    def change(self, number: int, **changes: object) -> None:
        """By the admin, of the person's role or state."""
        person = self.person(number)
        seen = person.details_key
        for name, value in changes.items():
            setattr(person, name, value)
        if self.run(lambda: people.change(person, seen=seen, actor=actor(self.person(3)))):
            known = self.model.people[person.pk]
            if (known.role, known.is_active) != (person.role, person.is_active):
                known.touched_at = datetime.now(UTC)
            known.role, known.is_active = person.role, person.is_active

    def put_into_team(self, number: int, *, is_member: bool) -> None:
        person, made = self.person(number), []
        by = actor(self.person(3))
        self.run(lambda: made.append(teams.set_member(self.team, person, is_member=is_member, actor=by)))
        if made == [True]:
            known = self.model.people[person.pk]
            known.joined_at = datetime.now(UTC) if is_member else None
            known.touched_at = datetime.now(UTC) if is_member else known.touched_at

    def lifting(self, block, step):
        """The portal's function for the row of this block, which is found by when it was placed."""
        if block.kind == "lock":
            name = step if step == "keep" else f"{step}_to_lift"
            server_id = next(iter(block.servers))
            return lambda **given: getattr(server_locks, name)(server_id=server_id, **given)
        model, lifts = (Policy, policies) if block.kind == "policy" else (Freeze, freezes)
        row = model.objects.filter(created_at=block.placed_at).first()
        return row and (lambda **given: getattr(lifts.LIFTING, step)(pk=row.pk, **given))
