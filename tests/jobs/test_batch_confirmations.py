"""What a person confirms of a batch, and what ends it: another's form, an old page, a cancellation, a lost right."""

from dataclasses import replace

import pytest

from snapshots.connection import TokenWaits
from snapshots.jobs import batches, engine, service
from snapshots.jobs.models import Job, Kind
from snapshots.jobs.outcomes import Outcome
from snapshots.jobs.selections import MAX_ITEMS, item_of
from snapshots.operations.confirmation import MAX_AGE_SECONDS
from snapshots.operations.models import Action, Operation
from snapshots.sandbox.demo_data import TEAM_EMAIL, issue_token
from tests.support.batches import (
    chosen_snapshots,
    codes_of,
    create_many,
    outcomes_of,
    roomy,
    sign,
    sign_servers,
    sign_snapshots,
)
from tests.support.desk import make_desk
from tests.support.refusals import refused

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]


class TestTheConfirmation:
    def test_a_form_sent_twice_is_one_job(self, desk):
        views = roomy(desk)
        confirmation = sign_servers(desk, views)
        first, again = create_many(desk, views, confirmation), create_many(desk, views, confirmation)
        assert first.pk == again.pk
        engine.advance(first.pk)
        assert Operation.objects.count() == 3
        TokenWaits(desk.token.fingerprint).remember(60, optional=False)
        assert create_many(desk, views, confirmation).pk == first.pk, "nothing has to be read for that"

    def test_a_form_sent_twice_at_the_same_moment_is_one_job(self, desk, monkeypatch):
        """The second request commits its job while the first one reads."""
        views = roomy(desk)
        confirmation = sign_servers(desk, views)
        read, others = batches.read_and_reconcile_all, []

        def read_late(tokens, **more):
            if not others:
                others.append(None)
                others.append(create_many(desk, views, confirmation))
            return read(tokens, **more)

        monkeypatch.setattr(batches, "read_and_reconcile_all", read_late)
        first = create_many(desk, views, confirmation)
        assert first.pk == others[1].pk
        assert Job.objects.count() == 1

    def test_another_persons_token_is_used_for_nothing(self, desk, cast, sandbox):
        other = make_desk(cast.ada, sandbox.token)
        views = roomy(desk, 3)
        items = [item_of(view) for view in views]
        items[1] = replace(items[1], token_id=other.token.pk)
        job = create_many(desk, views, sign(desk, Kind.CREATE_MANY, items))
        assert codes_of(job) == ["", "token_gone", ""]
        engine.advance(job.pk)
        assert Operation.objects.count() == 2

    def test_another_persons_or_another_kinds_confirmation_is_refused(self, desk, cast, sandbox):
        other = make_desk(cast.ada, sandbox.token)
        views, chosen = roomy(desk), chosen_snapshots(desk)
        theirs, deletes = sign_servers(other, views), sign_snapshots(desk, chosen)
        for confirmation in (theirs, deletes, "", "nonsense", desk.confirm(Action.CREATE, views[0])):
            code = refused(lambda text=confirmation: create_many(desk, views, text or "-"))
            assert code == "confirmation_invalid"
        assert not Job.objects.exists()

    def test_an_old_page_is_refused(self, desk, clock):
        views = roomy(desk)
        confirmation = sign_servers(desk, views)
        clock.shift(MAX_AGE_SECONDS + 1)
        assert refused(lambda: create_many(desk, views, confirmation)) == "confirmation_expired"

    def test_nothing_and_too_much_are_refused(self, desk):
        item = item_of(roomy(desk)[0])
        items = [replace(item, server_id=number) for number in range(1, MAX_ITEMS + 2)]
        none, many = sign(desk, Kind.CREATE_MANY, []), sign(desk, Kind.CREATE_MANY, items)
        assert refused(lambda: create_many(desk, [], none)) == "nothing_selected"
        assert refused(lambda: create_many(desk, [], many)) == "too_many"
        most = sign(desk, Kind.CREATE_MANY, items[:-1])
        assert create_many(desk, [], most).steps.count() == MAX_ITEMS

    def test_while_the_provider_asks_to_wait_no_job_is_made_and_the_form_can_be_sent_again(self, desk, clock):
        views = roomy(desk)
        confirmation = sign_servers(desk, views)
        TokenWaits(desk.token.fingerprint).remember(60, optional=False)
        assert refused(lambda: create_many(desk, views, confirmation)) == "told_to_wait"
        assert not Job.objects.exists()
        clock.shift(61)
        assert create_many(desk, views, confirmation).steps.count() == 3

    def test_a_list_that_was_not_read_now_is_no_basis(self, far_desk, http_sandbox, sandbox, settings):
        """One token's list hangs until the time for all is over: the other's last list is fresh, but was not read now."""
        other = make_desk(far_desk.user, issue_token(TEAM_EMAIL, "second"), "Second")
        views = roomy(far_desk, 3)
        items = [item_of(views[0]), *(item_of(view) for view in roomy(other, 3)[1:])]
        confirmation = sign(far_desk, Kind.CREATE_MANY, items)
        settings.SNAPPORTAL_API_TIMEOUT_SECONDS = 0.6
        http_sandbox.misbehave("hang_before", method="GET", times=0)
        assert refused(lambda: create_many(far_desk, views, confirmation)) == "not_confirmed_live"
        assert not Job.objects.exists()


class TestWhileItRuns:
    def test_a_cancelled_batch_begins_no_further_item(self, desk):
        job = create_many(desk, roomy(desk, 5))
        engine.advance(job.pk, seconds=0)
        engine.advance(job.pk, seconds=0)
        service.cancel(actor=desk.actor, job=job)
        engine.advance(job.pk)
        assert Operation.objects.count() == 2
        assert outcomes_of(job)[2:] == [Outcome.LEFT_OUT] * 3

    def test_a_person_who_loses_the_right_meanwhile_does_no_more(self, desk):
        job = create_many(desk, roomy(desk, 5))
        engine.advance(job.pk, seconds=0)
        desk.user.role = "viewer"
        desk.user.save()
        engine.advance(job.pk)
        assert codes_of(job)[1:] == ["not_allowed_any_more"] * 4
        assert Operation.objects.count() == 1

    def test_a_person_without_the_right_starts_nothing(self, desk):
        views = roomy(desk)
        confirmation = sign_servers(desk, views)
        desk.user.role = "viewer"
        desk.user.save()
        assert refused(lambda: create_many(desk, views, confirmation)) == "not_allowed_any_more"
        assert not Job.objects.exists()

    def test_one_call_sends_as_long_as_it_may_and_at_least_one_step(self, desk):
        job = create_many(desk, roomy(desk, 5))
        for number in range(1, 4):
            engine.advance(job.pk, seconds=0)
            assert Operation.objects.count() == number
        engine.advance(job.pk)
        assert Operation.objects.count() == 5

    def test_a_page_leaves_a_job_to_the_worker_that_moves_it_on(self, desk):
        from snapshots.inventory import leases

        job = create_many(desk, roomy(desk))
        assert leases.take(f"job:{job.pk}", "worker", 60)
        assert engine.advance_if_free(job.pk) == 0
        leases.release(f"job:{job.pk}", "worker")
        assert engine.advance_if_free(job.pk) == 3
        assert leases.take(f"job:{job.pk}", "worker", 60)
