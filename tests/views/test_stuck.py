"""Snapshots, servers and operations that take far too long: warning, delete, attention and slower polling."""

import re
from datetime import timedelta

import httpx
import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from snapshots import contract
from snapshots.operations.models import Operation, State
from snapshots.sandbox.models import Restore, Server, Snapshot
from tests.support.desk import make_desk
from tests.support.pages import POLLING, confirm, text_of

pytestmark = pytest.mark.django_db

FULL = "db-server-01"


@pytest.fixture
def mia(desk, signed_in, settings):
    settings.SNAPPORTAL_SANDBOX_SPEED = 1
    return signed_in(desk.user)


def later(**by):
    return time_machine.travel(timezone.now() + timedelta(**by), tick=False)


def in_progress(desk, **age) -> Snapshot:
    """A snapshot of a full server, requested elsewhere, that has been in progress for the given time."""
    snapshot = Snapshot.objects.filter(server__name=FULL).order_by("pk")[0]
    now = timezone.now()
    Snapshot.objects.filter(pk=snapshot.pk).update(
        created_at=now - timedelta(**age), ends_at=now + timedelta(days=9)
    )
    desk.views()
    return snapshot


def restoring(name: str) -> Server:
    """A server whose restore was requested elsewhere and does not end."""
    server = Server.objects.get(name=name)
    now = timezone.now()
    Restore.objects.create(server=server, state_stamp="s", started_at=now, ends_at=now + timedelta(days=9))
    return server


def pages(desk) -> dict[str, str]:
    view = desk.server(FULL)
    return {
        "list": f"/?q={FULL}",
        "server": reverse("server_detail", args=[desk.token.pk, view.server_id]),
        "full": reverse("snapshot_create", args=[desk.token.pk, view.server_id]),
    }


def delete_url(desk, snapshot: Snapshot) -> str:
    return reverse("snapshot_delete", args=[desk.token.pk, snapshot.pk])


def pace(response) -> int:
    """The seconds between two polls of the page's card or operation."""
    return int(POLLING.search(response.text).group(1))


@pytest.mark.parametrize("page", ["list", "server", "full"])
def test_a_snapshot_that_is_in_progress_for_days_has_a_delete_button_and_a_text(desk, mia, page):
    snapshot = in_progress(desk, days=3)
    response = mia.get(pages(desk)[page])
    assert f'href="{delete_url(desk, snapshot)}"' in response.content.decode()
    if page != "full":
        assert "For 3 days so far: far longer than the 3 to 10 minutes" in text_of(response)
    assert "<progress" not in response.content.decode(), "nobody knows how far it is"
    assert "Not ready yet" not in text_of(response)


@pytest.mark.parametrize("page", ["list", "server", "full"])
@pytest.mark.parametrize("age", [{"minutes": 5}, {"minutes": 30}, {"minutes": 59}])
def test_a_snapshot_that_is_only_late_has_no_delete_button(desk, mia, page, age):
    snapshot = in_progress(desk, **age)
    response = mia.get(pages(desk)[page])
    assert f'href="{delete_url(desk, snapshot)}"' not in response.content.decode()
    assert "far longer" not in text_of(response)


def test_a_stuck_snapshot_is_deleted_after_a_warning(desk, mia):
    snapshot = in_progress(desk, days=3)
    text = text_of(mia.get(delete_url(desk, snapshot)))
    assert "The provider still reports it as being created" in text
    assert "For 3 days so far" in text
    assert confirm(mia, delete_url(desk, snapshot), understood="on").status_code == 302
    assert not Snapshot.objects.filter(pk=snapshot.pk).exists()


def test_the_delete_page_of_a_snapshot_in_progress_shows_a_warning(desk, mia):
    text = text_of(mia.get(delete_url(desk, in_progress(desk, minutes=5))))
    assert "The provider still reports it as being created" in text
    assert "If you can, wait until that has ended" in text
    assert "far longer" not in text


def test_the_delete_page_of_a_ready_snapshot_shows_no_warning(desk, mia):
    view = desk.server("web-server-01")
    url = reverse("snapshot_delete", args=[desk.token.pk, desk.snapshot(view).id])
    assert "still reports" not in text_of(mia.get(url))


@pytest.mark.parametrize(
    ("age", "seconds"),
    [
        ({"minutes": 5}, 4),
        ({"minutes": 20}, 15),
        ({"minutes": 59}, 15),
        ({"minutes": 61}, 60),
        ({"days": 3}, 60),
    ],
)
@pytest.mark.parametrize("page", ["list", "server"])
def test_the_longer_it_takes_the_less_often_its_card_polls(desk, mia, page, age, seconds):
    in_progress(desk, **age)
    assert pace(mia.get(pages(desk)[page])) == seconds


def test_the_newest_operation_sets_the_poll_interval_of_its_card(desk, mia):
    in_progress(desk, days=3)
    Snapshot.objects.filter(server__name=FULL).order_by("-pk")[:1].get().delete()
    desk.create(desk.server(FULL), "quick")
    assert pace(mia.get(pages(desk)["list"])) == 4


def test_without_a_time_by_our_clock_the_duration_counts_from_the_first_observation(desk, mia):
    snapshot = in_progress(desk, hours=-2)
    desk.views()
    assert pace(mia.get(pages(desk)["list"])) == 4
    with later(minutes=61):
        desk.views()
        response = mia.get(pages(desk)["list"])
    assert f'href="{delete_url(desk, snapshot)}"' in response.content.decode()
    assert pace(response) == 60


@pytest.mark.parametrize(
    ("minutes", "seconds", "is_told"), [(10, 4, False), (20, 15, False), (89, 15, False), (91, 60, True)]
)
def test_a_server_in_transition_for_far_too_long_is_reported_and_polled_less_often(
    desk, mia, minutes, seconds, is_told
):
    server = restoring("web-server-01")
    desk.views()
    with later(minutes=minutes):
        response = mia.get(reverse("server_detail", args=[desk.token.pk, server.pk]))
    assert pace(response) == seconds
    assert ("far longer than the 5 to 15 minutes" in text_of(response)) == is_told


def test_a_status_that_ended_in_between_is_timed_from_its_new_start(desk, mia):
    server = restoring("web-server-01")
    desk.views()
    Restore.objects.all().delete()
    with later(minutes=60):
        desk.views()
    restoring("web-server-01")
    with later(minutes=95):
        desk.views()
        text = text_of(mia.get(reverse("server_detail", args=[desk.token.pk, server.pk])))
    assert "far longer" not in text


@pytest.mark.parametrize("verb", ["create", "restore"])
def test_operations_of_the_portal_that_take_far_too_long_need_attention_and_say_so(desk, mia, verb):
    view = desk.server("web-server-01")
    operation = desk.create(view, "slow") if verb == "create" else desk.restore(view, desk.snapshot(view))
    end = timezone.now() + timedelta(days=9)
    Snapshot.objects.filter(name="slow").update(ends_at=end)
    Restore.objects.update(ends_at=end)
    url = reverse("operation_detail", args=[operation.pk])
    for minutes, seconds in ((3, 4), (20, 15), (91, 60)):
        with later(minutes=minutes):
            response = mia.get(url)
        assert pace(response) == seconds
        assert ("takes far longer than it should" in text_of(response)) == (minutes == 91)
    with later(minutes=92):
        assert "far longer than" in text_of(mia.get("/?q=web-server-01"))
        assert re.search(r'class="count">(\d+)<', mia.get("/").content.decode()).group(1) == "1"
        attention = mia.get(reverse("operation_attention"))
    assert url in attention.content.decode()
    operation.refresh_from_db()
    assert operation.state == State.ACCEPTED


@pytest.mark.parametrize("status", ["deleting", "restoring"])
def test_an_old_snapshot_whose_status_changed_just_now_is_not_stuck(double, cast, signed_in, status):
    item = {
        "id": 801,
        "server": {"id": 7, "name": "web"},
        "name": "old",
        "status": status,
        "created_at": f"{timezone.now() - timedelta(days=3):%Y-%m-%dT%H:%M:%SZ}",
    }
    lists = {contract.SNAPSHOTS_PATH: [item], contract.SERVERS_PATH: [{"id": 7, "name": "web"}]}
    double.answer = lambda request: httpx.Response(
        200, json={"count": 1, "next": None, "results": lists[request.url.path]}
    )
    make_desk(cast.mia, "any-token")
    response = signed_in(cast.mia).get("/")
    assert pace(response) == 4
    assert "far longer" not in text_of(response)
    assert "<progress" not in response.content.decode()
    with later(minutes=91):
        assert "far longer" in text_of(signed_in(cast.mia).get("/"))


def test_an_unknown_operation_is_polled_less_often_as_time_passes(desk, mia):
    operation = desk.create(desk.server("web-server-01"), "lost")
    Operation.objects.update(state=State.UNKNOWN, snapshot_id=None, snapshot_name="never-found")
    url = reverse("operation_detail", args=[operation.pk])
    for minutes, seconds in ((0, 15), (20, 15), (91, 60)):
        with later(minutes=minutes):
            assert pace(mia.get(url)) == seconds
