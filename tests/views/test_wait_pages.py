"""Pages that are rate limited by the provider say until when."""

from datetime import UTC, datetime

import httpx
import pytest
import time_machine
from django.core.cache import cache
from django.urls import reverse

from snapshots.operations.models import Operation
from snapshots.operations.reconciliation import read_and_reconcile
from tests.support.desk import make_desk
from tests.support.pages import confirm, hidden, text_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 14, 30, 40, tzinfo=UTC)
UNTIL = "VPS.org asked us to wait until 24 Nov 2026, 14:33 UTC"
"""Two minutes later, rounded up: never before the wait is over."""
LIST = b'{"results": [{"id": 70, "server": {"id": 7, "name": "web"}, "name": "old", "status": "completed"}]}'
LIMITED = httpx.Response(429, headers={"Retry-After": "120"}, content=b'{"detail": "Request was throttled."}')


@pytest.fixture
def frozen():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def mia(cast, double, signed_in, frozen):
    cache.clear()
    double.answer = lambda request: httpx.Response(200, content=LIST)
    desk = make_desk(cast.mia, "a-token-of-nobody")
    desk.browser = signed_in(cast.mia)
    return desk


def path(mia, name: str) -> str:
    number = 7 if name in {"server_detail", "server_status", "snapshot_create"} else 70
    return reverse(name, args=[mia.token.pk, number])


@pytest.mark.parametrize(
    "name",
    [
        "server_list",
        "server_detail",
        "server_status",
        "snapshot_create",
        "snapshot_restore",
        "snapshot_delete",
    ],
)
def test_a_rate_limited_page_says_until_when_in_utc_and_local_time(mia, double, name):
    read_and_reconcile(mia.token)
    double.answer = lambda request: LIMITED
    read_and_reconcile(mia.token, fresh=True)
    response = mia.browser.get("/" if name == "server_list" else path(mia, name))
    assert UNTIL in text_of(response)
    assert '<time dir="auto" datetime="2026-11-24T14:33:00+00:00"' in response.content.decode()
    assert "web" in text_of(response), "what was known stays"


def test_a_refused_write_says_until_when(mia, double):
    url = path(mia, "snapshot_delete")
    confirmation = hidden(mia.browser.get(url), "confirmation")
    double.answer = lambda request: LIMITED
    read_and_reconcile(mia.token, fresh=True)
    answer = mia.browser.post(url, {"confirmation": confirmation, "understood": "on"})
    assert answer.status_code == 503
    assert text_of(answer).count(UNTIL) == 2, "the refusal and the state of the list"
    assert "so nothing was sent" in text_of(answer)
    assert not Operation.objects.exists()


def test_the_page_of_a_rate_limited_operation_says_until_when_and_stops_after_the_wait(mia, double):
    double.answer = lambda request: httpx.Response(200, content=LIST) if request.method == "GET" else LIMITED
    answer = confirm(mia.browser, path(mia, "snapshot_delete"), understood="on")
    assert answer.status_code == 302
    assert UNTIL in text_of(mia.browser.get(answer["Location"]))
    with time_machine.travel(datetime(2026, 11, 24, 14, 34, tzinfo=UTC)):
        assert "asked us to wait" not in text_of(mia.browser.get(answer["Location"]))


def test_a_token_check_says_until_when(mia, double):
    double.answer = lambda request: LIMITED
    mia.browser.post(reverse("token_check", args=[mia.token.pk]))
    assert UNTIL in text_of(mia.browser.get(reverse("token_list")))
    add = mia.browser.post(reverse("token_add"), {"label": "new", "token": "another-token-of-nobody"})
    assert UNTIL in text_of(add)
