"""Expected times are learned from what a server took before, and say so; waiting never gets shorter than documented."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from snapshots.inventory.progress import Expectation
from snapshots.operations import expectations
from snapshots.operations.attention import is_overdue
from snapshots.operations.expectations import Measurement, choose, documented, expected
from snapshots.operations.models import EXPECTED_MINUTES, Action, Operation, State
from snapshots.views.texts.expectations import late_text, usual_sentence, usual_text
from tests.support.evidence import later
from tests.support.pages import text_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DOCUMENTED = {
    "create": Expectation(180, 600),
    "restore": Expectation(300, 900),
    "delete": Expectation(0, 300),
}


def took(minutes: float, *, server_id=7, action=Action.RESTORE, size_mb=1000, gap=4.0, **fields) -> Operation:
    """A completed operation whose end was seen `gap` seconds after it was last seen running."""
    ended_at = fields.pop("ended_at", NOW)
    accepted_at = ended_at - timedelta(minutes=minutes)
    values = {
        "idempotency_key": uuid.uuid4().hex,
        "action": action,
        "state": State.COMPLETED,
        "actor_id": 1,
        "server_id": server_id,
        "snapshot_size_mb": size_mb,
        "created_at": accepted_at,
        "accepted_at": accepted_at,
        "seen_moving_at": ended_at - timedelta(seconds=gap),
        "ended_at": ended_at,
        **fields,
    }
    return Operation.objects.create(**values)


@pytest.mark.django_db
class TestWhatIsLearned:
    def test_from_fewer_than_three_operations_nothing_is_learned(self):
        assert expected(7, Action.RESTORE) == DOCUMENTED["restore"]
        took(2)
        took(2)
        assert expected(7, Action.RESTORE) == DOCUMENTED["restore"]
        took(2)
        assert expected(7, Action.RESTORE) == Expectation(120, 120, 3)

    def test_it_is_the_median_and_the_90th_percentile(self):
        for minutes in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11):
            took(minutes)
        assert expected(7, Action.RESTORE) == Expectation(360, 600, 11)

    def test_only_the_same_server_and_action_count(self):
        for _ in range(3):
            took(2, server_id=8)
            took(2, action=Action.CREATE)
        assert expected(7, Action.RESTORE) == DOCUMENTED["restore"]

    def test_only_similar_sizes_count(self):
        for size in (1000, 1500, 700, 1501, 660, None):
            took(2, size_mb=size)
        assert expected(7, Action.RESTORE, 1000).count == 3
        assert expected(7, Action.RESTORE, 5000) == DOCUMENTED["restore"]

    def test_a_create_is_compared_with_the_newest_size_that_is_known(self):
        for number, size in enumerate((100, 100, 100, 900, 900, 900, 900, None)):
            took(number + 1, action=Action.CREATE, size_mb=size, ended_at=NOW + timedelta(hours=number))
        assert expected(7, Action.CREATE) == Expectation(330, 420, 4)

    @pytest.mark.parametrize("state", [State.FAILED, State.RECONCILED, State.ACCEPTED, State.UNKNOWN])
    def test_only_completed_ones_count(self, state):
        for _ in range(3):
            took(2, state=state)
        assert expected(7, Action.RESTORE).count == 0

    def test_one_whose_end_nobody_saw_coming_does_not_count(self):
        for gap in (4, 60, 61, 120):
            took(20, gap=gap)
        took(20, seen_moving_at=None)
        took(0.9, seen_moving_at=None)
        assert sorted(one.seconds for one in expectations.measured([7], Action.RESTORE)[7]) == [
            54,
            1200,
            1200,
        ]

    def test_one_that_counted_as_stuck_or_ends_before_it_began_does_not_count(self):
        took(90)
        took(91)
        took(-1, seen_moving_at=None)
        assert [one.seconds for one in expectations.measured([7], Action.RESTORE)[7]] == [5400]

    def test_only_the_newest_count(self):
        for number in range(expectations.NEWEST):
            took(2, ended_at=NOW + timedelta(hours=number))
        for _ in range(10):
            took(60)
        assert expected(7, Action.RESTORE) == Expectation(120, 120, expectations.NEWEST)


@given(
    st.lists(
        st.builds(Measurement, st.floats(0, 5400), st.one_of(st.none(), st.integers(1, 10**6))), max_size=30
    ),
    st.one_of(st.none(), st.integers(1, 10**6)),
)
def test_a_learned_time_lies_within_what_was_measured(found, size):
    chosen = choose(Action.RESTORE, found, size)
    seconds = [one.seconds for one in found]
    if chosen.count == 0:
        assert chosen == documented(Action.RESTORE)
    else:
        assert 3 <= chosen.count <= len(found)
        assert min(seconds) - 1 <= chosen.low_seconds <= chosen.high_seconds <= max(seconds) + 1


@given(st.sampled_from(Action), st.one_of(st.none(), st.integers(0, 20_000)))
def test_nothing_is_waited_for_shorter_than_documented(action, high):
    began = timezone.now() - timedelta(minutes=EXPECTED_MINUTES[action][1], seconds=-1)
    operation = Operation(
        action=action,
        state=State.ACCEPTED,
        created_at=began,
        accepted_at=began,
        learned_low_seconds=high and high // 2,
        learned_high_seconds=high,
        learned_count=None if high is None else 3,
    )
    assert not is_overdue(operation)
    assert not operation.is_far_too_long
    assert operation.expected_minutes[1] >= EXPECTED_MINUTES[action][1]
    assert operation.expected_minutes[1] * 60 >= (high or 0)


@pytest.mark.parametrize(
    ("expectation", "text"),
    [
        (Expectation(250, 330, 12), "usually 4 to 6 minutes on this server (12 operations)"),
        (Expectation(20, 50, 3), "usually less than a minute on this server (3 operations)"),
        (Expectation(50, 100, 3), "usually up to 2 minutes on this server (3 operations)"),
        (Expectation(240, 240, 3), "usually about 4 minutes on this server (3 operations)"),
        (Expectation(300, 900), "VPS.org says 5 to 15 minutes"),
    ],
)
def test_the_page_says_which_of_the_two_it_is(expectation, text):
    assert usual_text(expectation) == text
    assert late_text(expectation) == f"longer than usual ({text})"
    words = "VPS.org says" if expectation.count == 0 else "It usually takes"
    assert usual_sentence(expectation).startswith(words)


@pytest.mark.django_db
class TestPages:
    @pytest.fixture(autouse=True)
    def slow(self, settings):
        settings.SNAPPORTAL_SANDBOX_SPEED = 1

    def learn(self, view, action, minutes=2, size_mb=None):
        for _ in range(3):
            took(minutes, server_id=view.server_id, action=action, size_mb=size_mb, ended_at=timezone.now())

    def test_before_an_operation(self, desk, signed_in):
        view = desk.server()
        snapshot = desk.snapshot(view)
        mia = signed_in(desk.user)
        create = reverse("snapshot_create", args=[desk.token.pk, view.server_id])
        restore = reverse("snapshot_restore", args=[desk.token.pk, snapshot.id])
        assert "VPS.org says that it takes 3 to 10 minutes" in text_of(mia.get(create))
        assert "VPS.org says that it takes 5 to 15 minutes" in text_of(mia.get(restore))
        self.learn(view, Action.CREATE)
        self.learn(view, Action.RESTORE, 4, snapshot.size_mb)
        assert "It usually takes about 2 minutes on this server (3 operations)" in text_of(mia.get(create))
        assert "It usually takes about 4 minutes on this server (3 operations)" in text_of(mia.get(restore))

    def test_during_an_operation_it_stays_what_it_was_when_it_began(self, desk, signed_in):
        view = desk.server()
        mia = signed_in(desk.user)
        self.learn(view, Action.CREATE)
        operation = desk.create(view)
        self.learn(view, Action.CREATE, 9)
        url = reverse("operation_detail", args=[operation.pk])
        for page in (mia.get(url), mia.get("/")):
            assert "usually about 2 minutes on this server (3 operations)" in text_of(page).replace(
                "It usually takes", "usually"
            )
        with later(minutes=3):
            assert "longer than usual (usually about 2 minutes" in text_of(mia.get(url))
            assert not is_overdue(Operation.objects.get(pk=operation.pk))

    def test_a_snapshot_that_is_made_past_the_portal_has_the_servers_times_too(self, desk, signed_in):
        from snapshots.sandbox.models import Server
        from snapshots.sandbox.provider import begin_snapshot

        view = desk.server()
        self.learn(view, Action.CREATE)
        begin_snapshot(Server.objects.get(pk=view.server_id), "by-hand", "", timezone.now())
        desk.views()
        page = signed_in(desk.user).get(reverse("server_detail", args=[desk.token.pk, view.server_id]))
        assert "usually about 2 minutes on this server" in text_of(page)

    def test_a_completed_create_stores_its_size_and_when_it_was_seen_running(self, desk):
        operation = desk.create(desk.server())
        with later(minutes=2):
            desk.views()
            seen_at = timezone.now()
        with later(minutes=11):
            desk.views()
        operation.refresh_from_db()
        assert (operation.state, operation.snapshot_size_mb is not None) == (State.COMPLETED, True)
        assert abs(operation.seen_moving_at - seen_at) < timedelta(seconds=2)

    def test_a_restore_stores_the_size_of_its_snapshot(self, desk):
        view = desk.server()
        snapshot = desk.snapshot(view)
        assert desk.restore(view, snapshot).snapshot_size_mb == snapshot.size_mb

    def test_the_list_of_servers_needs_one_query_more_however_many_are_creating(self, desk, signed_in):
        mia = signed_in(desk.user)
        mia.get("/")
        counts = []
        for view in [one for one in desk.views() if not one.is_full and one.server][:3]:
            desk.create(view)
            mia.get("/")
            with CaptureQueriesContext(
                connection,
            ) as queries:
                mia.get("/")
            counts.append(
                sum("seen_moving_at" in one["sql"] and "completed" in one["sql"] for one in queries)
            )
        assert counts[0] == counts[-1] == 1
