"""While the safety snapshot of a restore exists, whoever may restore there is offered one way back, and told until when."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from snapshots.deletions import keeping
from snapshots.inventory.reader import expire
from snapshots.jobs.undo import last_restore
from snapshots.operations.models import Finding, Operation, State
from snapshots.operations.transitions import transition
from snapshots.sandbox.demo_data import issue_token
from tests.support.deletions import plan, target_of
from tests.support.desk import make_desk
from tests.support.jobs import run_to_end, start_safe_restore
from tests.support.pages import text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]

UNDO = "Undo this restore"


class Restored:
    """A server after a restore with a safety snapshot."""

    def __init__(self, desk, clock) -> None:
        self.job = run_to_end(start_safe_restore(desk, desk.server()), desk, clock)
        create, restore = self.job.steps.order_by("position")
        self.operation = Operation.objects.get(pk=restore.operation_id)
        self.server_id, self.safety_id = restore.server_id, create.snapshot_id

    def urls(self, desk) -> list[str]:
        """The pages that offer the way back."""
        return [
            reverse("operation_detail", args=[self.operation.pk]),
            reverse("server_detail", args=[desk.token.pk, self.server_id]),
        ]

    def way_back(self, desk) -> str:
        return f'href="{reverse("snapshot_restore", args=[desk.token.pk, self.safety_id])}"'

    def safety(self, desk):
        view = next(one for one in desk.views() if one.server_id == self.server_id)
        return view, next(one for one in view.snapshots if one.id == self.safety_id)


@pytest.fixture
def restored(desk, clock):
    return Restored(desk, clock)


def test_a_colleague_whose_other_token_shows_the_server_is_offered_the_way_back(
    restored, cast, sandbox, signed_in
):
    ada = make_desk(cast.ada, issue_token(sandbox.account.email, "second"))
    ada.views()
    browser = signed_in(cast.ada)
    for url in restored.urls(ada):
        page = browser.get(url).content.decode()
        assert UNDO in page
        assert restored.way_back(ada) in page


def test_a_person_without_a_token_of_the_server_is_not_offered_it(restored, cast, signed_in):
    page = signed_in(cast.ada).get(reverse("operation_detail", args=[restored.operation.pk]))
    assert page.status_code == 200
    assert UNDO not in page.content.decode()


def test_a_restore_whose_answer_was_lost_has_its_way_back(restored, desk, signed_in):
    Operation.objects.filter(pk=restored.operation.pk).update(state=State.UNKNOWN, ended_at=None)
    for url in restored.urls(desk):
        assert restored.way_back(desk) in signed_in(desk.user).get(url).content.decode()


def test_a_restore_that_runs_has_no_way_back_yet(restored, desk, signed_in):
    Operation.objects.filter(pk=restored.operation.pk).update(state=State.ACCEPTED, ended_at=None)
    for url in restored.urls(desk):
        assert UNDO not in signed_in(desk.user).get(url).content.decode()


def test_a_restore_that_did_not_happen_hides_no_earlier_one(restored, desk, clock):
    clock.shift(3600)
    second = desk.restore(*restored.safety(desk))
    assert last_restore(restored.server_id) == second
    transition(second, State.UNKNOWN, expect=[State.ACCEPTED])
    transition(second, State.RECONCILED, expect=[State.UNKNOWN], finding=Finding.NOT_HAPPENED)
    assert last_restore(restored.server_id) == restored.operation


def test_the_page_of_a_restore_that_ended_long_ago_reads_the_list_again(restored, desk, clock, signed_in):
    clock.shift(3 * 3600)
    page = signed_in(desk.user).get(reverse("operation_detail", args=[restored.operation.pk]))
    assert restored.way_back(desk) in page.content.decode()


def test_the_button_is_off_while_the_list_is_not_confirmed(restored, desk, clock, signed_in, settings):
    clock.shift(3600)
    settings.SNAPPORTAL_API_URL = "http://127.0.0.1:9"
    expire(desk.token)
    for url in restored.urls(desk):
        page = signed_in(desk.user).get(url)
        assert "Whether it is still there is not known now" in text_of(page)
        assert restored.way_back(desk) not in page.content.decode()


@pytest.mark.parametrize("kind", ["date", "grace"])
def test_it_says_until_when(restored, desk, settings, signed_in, kind):
    view, safety = restored.safety(desk)
    if kind == "date":
        day = timezone.now().date() + timedelta(days=5)
        keeping.set_keep_until(actor=desk.actor, target=target_of(desk, view, safety), until=day)
    else:
        settings.SNAPPORTAL_DELETE_GRACE_DAYS = 2
        plan(desk, view, safety)
    for url in restored.urls(desk):
        text = text_of(signed_in(desk.user).get(url))
        assert "You can go back to it until" in text
        assert "then that snapshot is deleted" in text
        assert UNDO in text
