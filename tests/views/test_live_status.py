"""Live status: polling only while something is in progress, announcements at the end, and estimated progress."""

import json
import re
from datetime import datetime, timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from snapshots.operations.models import Operation, State
from snapshots.sandbox import demo_data
from tests.support.desk import make_desk
from tests.support.pages import POLLING, text_of

pytestmark = pytest.mark.django_db


def poll_url(response) -> str:
    """The poll URL of an element with a poll interval; '' if it is only refreshed occasionally."""
    polling = r'hx-get="([^"]*status/[^"]*)"[^>]* hx-trigger="every'
    found = re.search(polling, response.content.decode())
    return found.group(1).replace("&amp;", "&") if found else ""


def announced(response) -> str:
    return json.loads(response.headers.get("HX-Trigger", "{}")).get("announce", {}).get("text", "")


def later(**spans):
    return time_machine.travel(timezone.now() + timedelta(**spans))


@pytest.fixture
def mia(desk, signed_in):
    return signed_in(desk.user)


def detail_url(desk, view) -> str:
    return reverse("server_detail", args=[desk.token.pk, view.server_id])


def test_a_server_without_operations_in_progress_does_not_poll(desk, mia):
    view = desk.server("web-server-01")
    assert poll_url(mia.get(detail_url(desk, view))) == ""
    status = mia.get(reverse("server_status", args=[desk.token.pk, view.server_id]))
    assert "hx-trigger" not in status.content.decode()


def test_an_idle_page_refreshes_occasionally_and_says_from_when_it_is_outdated(desk, mia):
    for url in ("/", detail_url(desk, desk.server("web-server-01"))):
        body = mia.get(url).content.decode()
        assert len(re.findall("data-looks", body)) == 1
        old_from = re.search(r'data-old-from="([^"]*)" hidden', body).group(1)
        assert (
            timedelta(seconds=100) < datetime.fromisoformat(old_from) - timezone.now() < timedelta(minutes=2)
        )


@pytest.mark.django_db(transaction=True)
def test_a_card_that_finds_the_provider_down_says_so_and_refreshes_the_whole_list(
    far_desk, http_sandbox, signed_in
):
    client = signed_in(far_desk.user)
    far_desk.create(far_desk.server("web-server-01"), name="before-the-fall")
    page = client.get("/")
    assert re.search(r'id="results"[^>]* hx-trigger="look, stale"', page.content.decode())
    http_sandbox.misbehave("status", status=503, times=0)
    with later(seconds=30):
        card = client.get(poll_url(page), headers={"HX-Request": "true"})
        assert "The provider has an internal error" in text_of(card)
        assert "stale" in json.loads(card["HX-Trigger"])
        results = client.get("/", headers={"HX-Request": "true", "HX-Trigger": "results"})
    body = results.content.decode()
    assert '/restore/"' not in body
    assert re.search(r'id="results"[^>]* hx-trigger="every \d+s"', body)
    assert body.count('hx-trigger="') == 1
    assert "HX-Trigger" not in results


def test_a_snapshot_in_creation_polls_until_it_is_ready_and_then_announces_it(desk, mia):
    view = desk.server("web-server-01")
    desk.create(view, name="before-live")
    page = mia.get("/?q=web-server-01")
    url = poll_url(page)
    assert "Creating" in text_of(page)
    assert 'id="server-' in page.content.decode()
    running = mia.get(url, headers={"HX-Request": "true"})
    assert f'id="server-{view.server_id}"' in running.content.decode()
    assert poll_url(running)
    assert announced(running) == ""
    with later(minutes=11):
        done = mia.get(url, headers={"HX-Request": "true"})
    assert poll_url(done) == ""
    assert announced(done) == "web-server-01: before-live: The snapshot is ready"


def test_the_end_of_an_operation_started_elsewhere_is_announced(desk, mia, sandbox):
    view = desk.server("web-server-01")
    desk.create(view, name="by-another-way")
    Operation.objects.all().delete()
    url = poll_url(mia.get(detail_url(desk, view)))
    with later(minutes=11):
        assert announced(mia.get(url)) == "web-server-01: by-another-way: Ready"


@pytest.mark.parametrize("moving", ["s", "sx", "o", "o123", ",,,", "s99999999999999999999", "s²", "x" * 5000])
def test_invalid_poll_parameters_announce_nothing(desk, mia, moving):
    view = desk.server("web-server-01")
    response = mia.get(reverse("server_status", args=[desk.token.pk, view.server_id]), {"moving": moving})
    assert response.status_code == 200
    assert announced(response) in {"", "web-server-01: A snapshot is gone"}


def test_progress_is_an_estimate_and_never_full_before_it_is_confirmed(desk, mia):
    view = desk.server("web-server-01")
    operation = desk.restore(view, desk.snapshot(view))
    body = mia.get(detail_url(desk, view)).content.decode()
    assert "VPS.org says 5 to 15 minutes" in body
    assert "estimate" in body
    since = timezone.now() - timedelta(hours=2)
    Operation.objects.filter(pk=operation.pk).update(accepted_at=since)
    operation.refresh_from_db()
    from snapshots.views.rows import operation_estimate

    guess = operation_estimate(operation)
    assert guess.value == 95
    assert guess.text.startswith("longer than usual")


def test_a_restore_is_followed_by_the_servers_status(desk, mia):
    view = desk.server("web-server-01")
    operation = desk.restore(view, desk.snapshot(view))
    page = mia.get(detail_url(desk, view))
    assert "Restoring" in text_of(page)
    url = poll_url(page)
    with later(minutes=16):
        done = mia.get(url)
    assert "The server was restored" in announced(done)
    operation.refresh_from_db()
    assert operation.state == State.COMPLETED


def test_while_a_restore_runs_the_lists_buttons_are_disabled(desk, mia):
    view = desk.server("web-server-01")
    desk.restore(view, desk.snapshot(view))
    page = mia.get("/?q=web-server-01")
    assert "until the restore has ended or is resolved" in text_of(page)
    assert '/delete/"' not in page.content.decode()


def test_an_operations_page_polls_while_it_is_open_and_announces_its_end(desk, mia):
    operation = desk.create(desk.server("web-server-01"), name="before-live")
    page = mia.get(reverse("operation_detail", args=[operation.pk]))
    url = poll_url(page)
    assert url
    assert "What to do: You can close this page" in text_of(page)
    with later(minutes=11):
        done = mia.get(url)
    assert poll_url(done) == ""
    assert announced(done).startswith("The snapshot is ready")
    assert "Ended" in text_of(done)


def test_a_restore_whose_end_cannot_be_seen_says_when_it_should_be_over(cast, sandbox, signed_in):
    token = demo_data.issue_token(demo_data.TEAM_EMAIL, "bare", ["snapshots.read", "snapshots.write"])
    desk = make_desk(cast.mia, token)
    view = desk.server("web-server-01")
    operation = desk.restore(view, desk.snapshot(view))
    page = signed_in(cast.mia).get(reverse("operation_detail", args=[operation.pk]))
    assert "the end of the restore cannot be seen here" in text_of(page)
    assert operation.expected_by.isoformat(timespec="seconds") in page.content.decode()


def test_a_server_that_vanished_ends_its_polling(desk, mia, sandbox):
    url = reverse("server_status", args=[desk.token.pk, 404404])
    desk.views()
    response = mia.get(url)
    assert response.status_code == 200
    assert "hx-trigger" not in response.content.decode()
    assert "no longer in the provider" in text_of(response)


@pytest.mark.django_db(transaction=True)
def test_while_the_provider_is_down_a_servers_page_polls_more_slowly_and_recovers(
    far_desk, http_sandbox, signed_in
):
    client = signed_in(far_desk.user)
    view = far_desk.server("web-server-01")
    url = detail_url(far_desk, view)
    client.get(url)
    http_sandbox.misbehave("status", status=503, times=0)
    paces = []
    for seconds in (10, 100, 300, 600):
        with later(seconds=seconds):
            page = client.get(url)
        paces.append(int(POLLING.search(page.text).group(1)))
    assert paces == sorted(paces)
    assert paces[0] < paces[-1] <= 60
    http_sandbox.behave()
    with later(seconds=1200):
        assert poll_url(client.get(poll_url(page))) == ""


def test_a_poll_after_the_session_ended_leads_to_the_sign_in_page(desk, client):
    view = desk.server("web-server-01")
    url = reverse("server_status", args=[desk.token.pk, view.server_id])
    response = client.get(url, headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/?q=web"})
    assert response["HX-Redirect"].startswith(reverse("sign_in"))
