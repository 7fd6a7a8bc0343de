"""Snapshots are handed over by their owner, or by whoever may delete everything. The receiver may delete them, and no more."""

from functools import partial

import msgspec
import pytest
from django.utils import timezone

from snapportal.accounts import erasure
from snapportal.accounts.models import User
from snapshots.audit.models import Entry
from snapshots.operations import protection
from snapshots.operations.handover import Handover, hand_over
from snapshots.operations.models import Ownership, State
from snapshots.sandbox.demo_data import issue_token
from tests.deletions.test_two_at_once import at_once
from tests.support.actors import actor_of
from tests.support.deletions import target_of
from tests.support.desk import Desk, make_desk
from tests.support.freezes import freeze
from tests.support.ownership import foreign, give, make_own, owner_id
from tests.support.refusals import refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def otto(omar, sandbox) -> Desk:
    """A second operator, who sees the same servers."""
    person = User.objects.create_user(username="otto", password=None, name="Otto", role="operator")
    found = make_desk(person, sandbox.token)
    found.views()
    return found


def test_the_owner_gives_it_away_and_may_delete_it_no_more(omar, otto, own):
    view, snapshot = own
    give(omar, view, snapshot, otto.user)
    row = Entry.objects.get(action="snapshot.hand_over")
    assert (row.full_evidence, row.full_target) == (
        f"from person {omar.user.pk} to person {otto.user.pk}",
        "Otto",
    )
    assert (row.reason, row.snapshot_id) == ("she looks after it now", snapshot.id)
    view = omar.server(view.name)
    assert refused(lambda: omar.delete(view, snapshot)) == "not_own_snapshot"
    assert otto.delete(otto.server(view.name), snapshot).state == State.ACCEPTED


def test_who_made_it_stays_known(omar, otto, own):
    made_by = Ownership.objects.get().operation_id
    give(omar, *own, otto.user)
    assert Ownership.objects.get().operation_id == made_by


def test_whoever_may_delete_everything_gives_also_what_is_nobodys(desk, otto, own):
    view = desk.server(own[0].name)
    other = foreign(view)
    give(desk, view, other, otto.user)
    row = Entry.objects.get(action="snapshot.hand_over")
    assert row.full_evidence == f"from nobody to person {otto.user.pk}"
    assert otto.delete(otto.server(view.name), other).state == State.ACCEPTED


@pytest.mark.parametrize("whose", ["somebody's", "nobody's"])
def test_nobody_gives_what_they_may_not_delete(omar, otto, own, whose):
    view, mine = own
    given = mine if whose == "somebody's" else foreign(view)
    assert refused(lambda: give(otto, view, given, otto.user)) == "not_own_snapshot"
    row = Entry.objects.get(action="snapshot.hand_over")
    assert (row.result, row.code, row.actor_id) == ("refused", "not_own_snapshot", otto.user.pk)


def test_the_guards_hold_for_the_receiver_as_for_everybody(desk, omar, otto, own):
    view, snapshot = own
    protection.protect(actor=desk.actor, target=target_of(desk, view, snapshot))
    give(omar, view, snapshot, otto.user)
    assert refused(lambda: otto.delete(view, snapshot)) == "protected"
    assert refused(lambda: otto.restore(view, snapshot)) == "not_allowed_any_more"
    protection.lift(actor=desk.actor, target=target_of(desk, view, snapshot), reason="over")
    freeze(desk, view)
    assert refused(lambda: otto.delete(view, snapshot)) == "frozen"


def test_a_viewer_owns_it_and_deletes_nothing(cast, omar, own, sandbox):
    vera = make_desk(cast.vera, sandbox.token)
    vera.views()
    give(omar, *own, vera.user)
    assert owner_id(own[1]) == vera.user.pk
    assert refused(lambda: vera.delete(*own)) == "not_allowed_any_more"


def test_it_goes_only_to_somebody_active_else_who_sees_the_server(cast, omar, otto, own):
    for receiver in (omar.user, cast.vera, cast.aron, User(pk=999_999)):
        assert refused(lambda: give(omar, *own, receiver)) == "bad_receiver"  # noqa: B023
    User.objects.filter(pk=otto.user.pk).update(is_active=False)
    assert refused(lambda: give(omar, *own, otto.user)) == "bad_receiver"
    assert refused(lambda: give(omar, *own, otto.user, reason=" ")) == "reason_missing"
    assert owner_id(own[1]) == omar.user.pk


def test_what_was_seen_of_another_owner_hands_nothing_over(desk, omar, otto, own):
    view, snapshot = own
    give(desk, view, snapshot, otto.user)
    assert refused(lambda: give(desk, view, snapshot, desk.user)) == "owner_changed"
    assert owner_id(snapshot) == otto.user.pk


def test_all_are_handed_over_or_none(desk, omar, otto, own):
    view, mine = own
    given = [
        Handover(target_of(desk, view, mine), omar.user.pk),
        Handover(target_of(desk, view, foreign(view)), omar.user.pk),
    ]
    act = partial(hand_over, actor=desk.actor, given=given, receiver_id=otto.user.pk, reason="he left")
    assert refused(act) == "owner_changed"
    assert owner_id(mine) == omar.user.pk
    assert Entry.objects.get(action="snapshot.hand_over").result == "refused"


def test_the_snapshots_of_who_has_left_stay_theirs_and_are_handed_over(cast, desk, omar, otto, own):
    view, snapshot = own
    User.objects.filter(pk=omar.user.pk).update(is_active=False)
    assert refused(lambda: omar.delete(view, snapshot)) == "not_allowed_any_more"
    assert refused(lambda: give(omar, view, snapshot, otto.user)) == "not_allowed_any_more"
    assert owner_id(snapshot) == omar.user.pk
    give(desk, view, snapshot, otto.user)
    assert owner_id(snapshot) == otto.user.pk


def test_also_of_who_was_erased(cast, desk, omar, otto, own):
    User.objects.filter(pk=omar.user.pk).update(is_active=False)
    erasure.erase_person(User.objects.get(pk=omar.user.pk), actor=actor_of(cast.ada), reason="left")
    assert owner_id(own[1]) == omar.user.pk
    give(desk, *own, otto.user)
    assert owner_id(own[1]) == otto.user.pk


def test_a_snapshot_without_a_time_is_given_to_nobody(desk, otto, own):
    view, snapshot = own
    untimed = msgspec.structs.replace(snapshot, created_at=None)
    assert refused(lambda: give(desk, view, untimed, otto.user, seen=None)) == "owner_changed"


class TestAtOnce:
    pytestmark = pytest.mark.django_db(transaction=True)

    @pytest.fixture
    def two(self, far_desk, cast, http_sandbox, settings) -> list[Desk]:
        """Mia, and Omar who owns a snapshot."""
        settings.SNAPPORTAL_API_TIMEOUT_SECONDS = 10
        token = issue_token(http_sandbox.sandbox.account.email, "Omar's")
        return [far_desk, make_desk(cast.omar, token)]

    def test_of_two_handovers_one_counts(self, two, cast):
        mia, omar = two
        view, snapshot = make_own(omar, omar.server())
        mia.views()
        cast.ada.stored_tokens.create(
            label="Ada's",
            sealed=b"",
            key_id="",
            fingerprint=mia.token.fingerprint,
            hint="",
            stored_by_name="",
            created_at=timezone.now(),
        )
        made = at_once(
            lambda: give(mia, view, snapshot, cast.mia), lambda: give(omar, view, snapshot, cast.ada)
        )
        assert sorted(map(str, made)) in (["None", "not_own_snapshot"], ["None", "owner_changed"])
        found = Entry.objects.filter(action="snapshot.hand_over").values_list("result", flat=True)
        assert sorted(found) == ["completed", "refused"]

    def test_a_deletion_by_its_owner_comes_before_the_handover_or_not_at_all(self, two, cast, http_sandbox):
        mia, omar = two
        view, snapshot = make_own(omar, omar.server())
        mia.views()
        found = at_once(
            lambda: omar.delete(view, snapshot).state, lambda: give(mia, view, snapshot, cast.mia)
        )
        entries = Entry.objects.filter(action__in=["snapshot.hand_over", "snapshot.delete"])
        rows = [(one.action, one.phase) for one in entries.order_by("sequence")]
        if found[0] == "not_own_snapshot":
            assert rows[0] == ("snapshot.hand_over", "event")
            assert [one for one in http_sandbox.writes if one[0] == "DELETE"] == []
        else:
            assert rows[0] == ("snapshot.delete", "intent")
        assert owner_id(snapshot) == cast.mia.pk
