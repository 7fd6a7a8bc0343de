"""What makes room is named with what it is needed for, and a needed snapshot is never chosen at first."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from snapshots.deletions import keeping
from snapshots.jobs.room import needs_in, room_key
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Operation
from snapshots.operations.protection import protect
from tests.support.deletions import target_of
from tests.support.jobs import full_server, run_to_end, start_safe_restore
from tests.support.pages import text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]


@pytest.fixture
def mia(desk, signed_in):
    return signed_in(desk.user)


def keep(desk, view, snapshot) -> None:
    day = timezone.now().date() + timedelta(days=9)
    keeping.set_keep_until(actor=desk.actor, target=target_of(desk, view, snapshot), until=day)


def replace_page(mia, desk, view):
    return mia.get(reverse("snapshot_replace", args=[desk.token.pk, view.server_id]))


def chosen_at_first(page) -> str:
    return page.context["form"].initial["make_room"]


def test_one_with_a_date_is_named_with_it_and_another_is_chosen_at_first(desk, mia):
    view = full_server(desk)
    oldest, second = view.snapshots[-1], view.snapshots[-2]
    keep(desk, view, oldest)
    page = replace_page(mia, desk, view)
    assert chosen_at_first(page) == room_key(second)
    assert text_of(page).count("kept until") == 1
    target = desk.snapshot(view)
    page = mia.get(reverse("snapshot_restore", args=[desk.token.pk, target.id]))
    assert chosen_at_first(page) == room_key(second)
    assert "kept until" in text_of(page)


def test_if_all_have_a_date_the_person_must_choose(desk, mia):
    view = full_server(desk)
    for one in view.snapshots:
        keep(desk, view, one)
    page = replace_page(mia, desk, view)
    assert chosen_at_first(page) == ""
    assert "checked" not in page.content.decode()
    assert text_of(page).count("kept until") == view.limit


def test_a_date_that_was_set_since_the_page_was_shown_is_not_passed_over(desk, clock):
    view = full_server(desk)
    target, oldest = desk.snapshot(view), view.snapshots[-1]
    shown = room_key(oldest)
    keep(desk, view, oldest)
    with pytest.raises(OperationRefusedError, match="snapshot_changed"):
        start_safe_restore(desk, view, snapshot=target, make_room=shown)
    job = start_safe_restore(
        desk, view, snapshot=target, make_room=room_key(oldest, needs_in([view])[oldest.id])
    )
    assert Operation.objects.get(action=Action.DELETE).snapshot_id == oldest.id
    assert job.steps.count() == 3


class TestSafetySnapshot:
    """After a restore with a safety snapshot."""

    @pytest.fixture
    def safety(self, desk, clock):
        """Its server, which is full, and the safety snapshot."""
        job = run_to_end(start_safe_restore(desk, desk.server()), desk, clock)
        create = job.steps.get(position=0)
        view = full_server(desk, create.server_name)
        return view, next(one for one in view.snapshots if one.id == create.snapshot_id)

    def test_it_is_named_as_the_way_back(self, desk, mia, safety):
        view, snapshot = safety
        page = replace_page(mia, desk, view)
        assert text_of(page).count("the way back from the restore of") == 1
        need = needs_in([view])[snapshot.id]
        assert room_key(snapshot, need) in page.content.decode()

    def test_the_page_of_a_full_server_that_leads_to_its_deletion_says_it(self, desk, mia, safety):
        view, _snapshot = safety
        keep(desk, view, view.snapshots[-1])
        text = text_of(mia.get(reverse("snapshot_create", args=[desk.token.pk, view.server_id])))
        assert text.count("The way back from the restore of") == 1
        assert text.count("Kept until") == 1

    def test_it_is_not_chosen_while_another_can_go(self, desk, mia, safety):
        view, snapshot = safety
        others = [one for one in reversed(view.snapshots) if one != snapshot]
        assert chosen_at_first(replace_page(mia, desk, view)) == room_key(others[0])
        for one in others:
            protect(actor=desk.actor, target=target_of(desk, view, one))
        assert chosen_at_first(replace_page(mia, desk, view)) == ""

    def test_the_delete_pages_say_it(self, desk, mia, safety):
        view, snapshot = safety
        page = mia.get(reverse("snapshot_delete", args=[desk.token.pk, snapshot.id]))
        assert "It is the way back from the restore of" in text_of(page)
        other = next(one for one in view.snapshots if one != snapshot)
        page = mia.get(reverse("snapshot_delete", args=[desk.token.pk, other.id]))
        assert "It is the way back" not in text_of(page)
        page = mia.get(reverse("batch_delete"), {"snapshot": f"{desk.token.pk}:{snapshot.id}"})
        assert "The way back from the restore of" in text_of(page)
