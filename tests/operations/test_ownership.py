"""One's own: an operator deletes and dates what was made in their name, in every channel, and nothing else."""

import uuid
from datetime import timedelta
from functools import partial
from importlib import import_module

import pytest
from django.apps import apps
from django.utils import timezone

from snapportal.accounts.models import User
from snapshots.audit.models import Entry
from snapshots.deletions import due, keeping
from snapshots.deletions.grace import set_grace
from snapshots.deletions.models import PlannedDeletion
from snapshots.jobs import engine, plans
from snapshots.jobs.models import Kind as JobKind
from snapshots.jobs.models import Step
from snapshots.jobs.room import room_key
from snapshots.jobs.service import start
from snapshots.operations import protection
from snapshots.operations.models import Action, Finding, Operation, Ownership, State
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from tests.support.api import Script, make_key
from tests.support.batches import create_many, delete_many
from tests.support.deletions import exists, plan, request, target_of
from tests.support.desk import Desk, make_desk
from tests.support.freezes import freeze
from tests.support.jobs import full_server
from tests.support.limits import CREATE, limit
from tests.support.ownership import end_creates, foreign, make_own
from tests.support.refusals import refused
from tests.support.teams import make_team

pytestmark = pytest.mark.django_db
SEE_AND_DELETE = ["snapshots.see", "snapshots.delete"]


class TestWhoOwnsIt:
    def test_the_person_of_the_create_from_the_moment_at_which_it_is_completed(self, omar):
        operation = omar.create(omar.server())
        assert not Ownership.objects.exists()
        end_creates(omar)
        operation.refresh_from_db()
        row = Ownership.objects.get()
        assert (row.person_id, row.operation_id) == (omar.user.pk, operation.pk)
        assert (row.server_id, row.snapshot_id) == (operation.server_id, operation.snapshot_id)
        listed = next(
            one for one in omar.server(operation.server_name).snapshots if one.id == row.snapshot_id
        )
        assert row.snapshot_created_at == listed.created_at

    def test_nobody_if_the_outcome_could_not_be_recorded(self, omar, monkeypatch):
        from snapshots.audit import journal
        from snapshots.audit.journal import JournalUnavailableError

        def refuse(*_arguments):
            raise JournalUnavailableError("disk full")

        operation = omar.create(omar.server())
        with monkeypatch.context() as patched:
            patched.setattr(journal, "conclude", refuse)
            end_creates(omar)
        operation.refresh_from_db()
        assert operation.state == State.ACCEPTED
        assert not Ownership.objects.exists()
        end_creates(omar)
        assert Ownership.objects.get().person_id == omar.user.pk

    def test_also_if_its_answer_was_lost_and_evidence_found_it(self, omar):
        operation = omar.create(omar.server())
        Operation.objects.filter(pk=operation.pk).update(
            state=State.UNKNOWN, snapshot_id=None, snapshot_created_at=None, accepted_at=None
        )
        end_creates(omar)
        operation.refresh_from_db()
        assert (operation.state, operation.finding) == (State.RECONCILED, Finding.HAPPENED)
        assert Ownership.objects.get().person_id == omar.user.pk

    def test_whoever_began_the_job(self, omar):
        view = omar.server()
        create_many(omar, [view])
        engine.advance_all()
        end_creates(omar)
        assert Ownership.objects.get().person_id == omar.user.pk

    def test_nobody_owns_another_snapshot_that_has_its_id_later(self, omar, own):
        view, snapshot = own
        SandboxSnapshot.objects.filter(pk=snapshot.id).update(created_at=timezone.now() - timedelta(days=3))
        view = omar.server(view.name)
        (other,) = [one for one in view.snapshots if one.id == snapshot.id]
        assert view.owners == {}
        assert refused(lambda: omar.delete(view, other)) == "not_own_snapshot"
        Ownership.objects.update(snapshot_created_at=None)
        assert refused(lambda: omar.delete(view, other)) == "not_own_snapshot"

    def test_the_creates_before_this_rule_are_filled_in(self, omar, own):
        _view, snapshot = own
        create = Operation.objects.get()
        Ownership.objects.all().delete()
        copies = {"older": 1, "failed": None}
        for number, (name, days) in enumerate(copies.items()):
            create.pk, create.idempotency_key = uuid.uuid4(), name
            create.state = State.COMPLETED if days else State.FAILED
            create.created_at -= timedelta(days=days or 0)
            create.actor_id, create.snapshot_id = 7, snapshot.id + number
            create.save(force_insert=True)
        migration = import_module("snapshots.operations.migrations.0008_ownership")
        migration.fill(apps, None)
        migration.fill(apps, None)
        assert [(one.snapshot_id, one.person_id) for one in Ownership.objects.all()] == [
            (snapshot.id, omar.user.pk)
        ]


class TestWhatTheOwnerMay:
    def test_delete_it(self, omar, own):
        assert omar.delete(*own).state == State.ACCEPTED
        assert not exists(own[1].id)

    def test_set_change_and_remove_its_date_after_which_it_is_deleted(self, omar, own, clock):
        view, snapshot = own
        target, today = target_of(omar, view, snapshot), timezone.now().date()
        keeping.set_keep_until(actor=omar.actor, target=target, until=today)
        planned = keeping.set_keep_until(actor=omar.actor, target=target, until=today + timedelta(days=2))
        longer = keeping.extend(actor=omar.actor, planned=planned)
        keeping.keep(actor=omar.actor, planned=longer)
        last = keeping.set_keep_until(actor=omar.actor, target=target, until=today)
        clock.move_to(last.due_at)
        assert due.run_due() == 1
        assert not exists(snapshot.id)

    def test_delete_it_after_a_grace_time_that_is_not_the_owners_to_change(self, omar, own, settings, clock):
        settings.SNAPPORTAL_DELETE_GRACE_DAYS = 2
        view, snapshot = own
        planned = plan(omar, view, snapshot)
        about = {"server_id": view.server_id, "server_name": view.name, "days": 0, "reason": "mine"}
        assert refused(partial(set_grace, actor=omar.actor, **about)) == "not_allowed_any_more"
        clock.move_to(planned.due_at)
        assert due.run_due() == 1
        assert not exists(snapshot.id)

    def test_nothing_else_with_it(self, cast, omar, own):
        view, snapshot = own
        target = target_of(omar, view, snapshot)
        protect = partial(protection.protect, actor=omar.actor, target=target)
        assert refused(protect) == "not_allowed_any_more"
        assert refused(lambda: omar.restore(view, snapshot)) == "not_allowed_any_more"
        protection.protect(actor=make_desk(cast.ada, "sbx_another").actor, target=target)
        assert refused(lambda: omar.delete(view, snapshot)) == "protected"
        lift = partial(protection.lift, actor=omar.actor, target=target, reason="mine")
        assert refused(lift) == "not_allowed_any_more"

    def test_nothing_past_a_freeze_or_beyond_the_limits_of_the_token(self, desk, omar, own):
        made = freeze(desk, own[0])
        assert refused(lambda: omar.delete(*own)) == "frozen"
        made.delete()
        limit(omar, rights=CREATE)
        assert refused(lambda: omar.delete(*own)) == "token_limited"

    def test_only_where_a_team_gives_the_right(self, cast, sandbox):
        vera = make_desk(cast.vera, sandbox.token)
        view = vera.server()
        team = make_team(members=[cast.vera], role="operator", servers=[view.server_id])
        own = make_own(Desk(User.objects.get(pk=cast.vera.pk), vera.token), view)
        assert vera.delete(*own).state == State.ACCEPTED
        own = make_own(vera, vera.server(view.name), "second")
        team.servers = [[999_999, "elsewhere"]]
        team.save()
        assert refused(lambda: vera.delete(*own)) == "not_on_this_server"
        team.delete()
        assert refused(lambda: vera.delete(*own)) == "not_allowed_any_more"


class TestOtherPeoplesSnapshots:
    def test_are_neither_deleted_nor_dated(self, omar, own, settings):
        view, _snapshot = own
        other = foreign(view)
        assert refused(lambda: omar.delete(view, other)) == "not_own_snapshot"
        target = target_of(omar, view, other)
        date = partial(keeping.set_keep_until, actor=omar.actor, target=target, until=timezone.now().date())
        assert refused(date) == "not_own_snapshot"
        settings.SNAPPORTAL_DELETE_GRACE_DAYS = 1
        assert refused(lambda: request(omar, view, other)) == "not_own_snapshot"
        assert not PlannedDeletion.objects.exists()
        assert Entry.objects.filter(code="not_own_snapshot").count() == 3
        assert exists(other.id)

    def test_nor_is_the_date_moved_that_a_manager_has_set(self, desk, omar, own):
        view, _snapshot = own
        target = target_of(desk, view, foreign(view))
        planned = keeping.set_keep_until(actor=desk.actor, target=target, until=timezone.now().date())
        assert refused(partial(keeping.extend, actor=omar.actor, planned=planned)) == "not_own_snapshot"

    def test_are_left_out_of_a_batch_and_the_own_are_deleted(self, omar, own):
        view, snapshot = own
        other = foreign(view)
        job = delete_many(omar, [(view, other), (view, snapshot)])
        engine.advance_all()
        assert [one.code for one in job.steps.all()] == ["not_own_snapshot", ""]
        assert (exists(other.id), exists(snapshot.id)) == (True, False)

    def test_make_no_room(self, omar):
        view = omar.server()
        make_own(omar, view)
        view = full_server(omar, view.name)
        (mine,) = [one for one in view.snapshots if one.id in view.owners]

        def replace(chosen):
            return plans.replace_snapshot(
                actor=omar.actor,
                token=omar.token,
                confirmation=omar.confirm(Action.CREATE, view),
                name="instead",
                make_room=room_key(chosen),
            )

        assert refused(lambda: replace(foreign(view))) == "not_own_snapshot"
        job = replace(mine)
        assert [one.action for one in job.steps.all()] == [Action.DELETE, Action.CREATE]
        assert not exists(mine.id)

    def test_are_no_step_of_a_job_whatever_its_plan_has_checked(self, omar, own):
        view, snapshot = own
        fields = {"action": Action.DELETE, "token_id": omar.token.pk, "server_id": view.server_id}
        begin = partial(start, actor=omar.actor, kind=JobKind.DELETE_MANY, idempotency_key="k")
        step = Step(**fields, snapshot_id=foreign(view).id)
        assert refused(lambda: begin(steps=[step])) == "not_own_snapshot"
        assert begin(steps=[Step(**fields, snapshot_id=snapshot.id)]).is_running

    def test_are_refused_to_a_script_that_deletes_the_own(self, omar, own):
        view, snapshot = own
        _key, secret = make_key(omar.user, omar.token, rights=SEE_AND_DELETE)
        script = Script(secret)
        assert "snapshots.delete" in script.get("account/me/").json()["token"]["permissions"]
        answer = script.delete(f"snapshots/{foreign(view).id}/")
        assert (answer.status_code, answer.json()["code"]) == (403, "not_own_snapshot")
        assert script.delete(f"snapshots/{snapshot.id}/").status_code == 204
        assert not exists(snapshot.id)

    def test_are_refused_to_a_viewers_key(self, cast, sandbox):
        vera = make_desk(cast.vera, sandbox.token)
        with pytest.raises(Exception, match="rights"):
            make_key(vera.user, vera.token, rights=SEE_AND_DELETE)
