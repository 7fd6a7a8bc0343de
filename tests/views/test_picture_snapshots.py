"""What the timeline says and draws of snapshots: which are protected, how many exist and were deleted; and of which server."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone, translation

from snapshots.deletions import keeping
from snapshots.operations.models import Action, Finding, State
from snapshots.views.pictures.sentences import day_text
from snapshots.views.pictures.server_facts import server_facts
from snapshots.views.pictures.timeline import Timeline, make_timeline
from tests.support.deletions import target_of
from tests.support.pictures import history_url, known, operated, pictures_in

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def empty(desk, clock):
    """A server that has never had a snapshot."""
    return desk.server("vpn-gateway")


def timeline_of(desk, view) -> Timeline:
    return make_timeline(server_facts(desk.user, view, 90))


def shields_in(page) -> list:
    picture = pictures_in(page)["Snapshots over time"]
    return [one for one in picture.iter("use") if one.get("href") == "#mark-shield"]


def test_what_is_protected_is_drawn_described_and_in_the_legend(desk, clock, signed_in):
    view = desk.server("web-server-01")
    page = signed_in(desk.user).get(history_url(desk, view.server_id))
    assert (shields_in(page), "protected" in timeline_of(desk, view).sentence) == ([], False)
    keeping.protect_snapshot(actor=desk.actor, target=target_of(desk, view), reason="The last good one")
    view = desk.server("web-server-01")
    timeline = timeline_of(desk, view)
    [bar] = [bar for bar in timeline.bars if bar.protected]
    assert bar.name in bar.protected
    assert "1 of them is protected." in timeline.sentence
    assert ("shield", "Protected") in [(one.shape, str(one.text)) for one in timeline.legend]
    page = signed_in(desk.user).get(history_url(desk, view.server_id))
    [shield] = shields_in(page)
    assert shield.get("y") == f"{bar.y}em"
    assert 'id="mark-shield"' in page.text


def test_the_mark_of_a_protected_snapshot_is_mirrored_with_its_bar(desk, clock):
    view = desk.server("web-server-01")
    keeping.protect_snapshot(actor=desk.actor, target=target_of(desk, view), reason="The last good one")
    view = desk.server("web-server-01")
    with translation.override("he"):
        [bar] = [bar for bar in timeline_of(desk, view).bars if bar.protected]
        assert bar.to == timeline_of(desk, view).now_x < bar.x


def test_the_sentence_says_that_none_exists_and_counts_deletions(desk, empty):
    now = timezone.now()
    operated(desk, empty, Action.CREATE, now - 4 * DAY, snapshot_id=1)
    operated(desk, empty, Action.DELETE, now - 2 * DAY, snapshot_id=1)
    since = day_text(now - 90 * DAY)
    assert timeline_of(desk, empty).sentence == f"1 snapshot since {since}. None exists any more. 1 deletion."


def test_only_what_happened_counts_as_a_deletion(desk, empty):
    now = timezone.now()
    for number, state in enumerate((State.FAILED, State.ACCEPTED, State.COMPLETED), 1):
        operated(desk, empty, Action.DELETE, now - number * DAY, state=state, snapshot_id=number)
    found = {"state": State.RECONCILED, "finding": Finding.HAPPENED}
    operated(desk, empty, Action.DELETE, now - 5 * DAY, snapshot_id=9, **found)
    assert "2 deletions." in timeline_of(desk, empty).sentence


def test_nothing_is_said_to_be_gone_where_the_list_is_incomplete(desk, empty):
    known(empty, 1, timezone.now() - 9 * DAY)
    assert "None exists any more." in timeline_of(desk, empty).sentence
    incomplete = replace(empty, reading=replace(empty.reading, cut_by="timeout"))
    assert "None exists" not in timeline_of(desk, incomplete).sentence


def test_the_heading_names_the_server(desk, empty, signed_in):
    page = signed_in(desk.user).get(history_url(desk, empty.server_id))
    assert '<h1>History of <bdi translate="no">vpn-gateway</bdi> in pictures</h1>' in page.text
