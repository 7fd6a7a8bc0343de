"""What takes only POST may show a refusal under its own address: reloaded, bookmarked or copied, it leads to a page."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from snapportal.accounts.models import Role, User
from snapshots.audit.models import Entry
from snapshots.deletions import keeping
from snapshots.jobs import service
from snapshots.notifications.models import Delivery
from snapshots.schedules import service as schedules
from tests.support.access_requests import NOBODY_AT_ALL
from tests.support.deletions import plan, target_of
from tests.support.jobs import start_safe_restore
from tests.support.notifying import add_webhook
from tests.support.schedules import define
from tests.support.teams import make_team
from tests.views.test_access_matrix import all_patterns

pytestmark = pytest.mark.django_db
ONLY_POST = {
    str(entry.name): entry.callback
    for entry in all_patterns()
    if "POST" in entry.callback.methods and "GET" not in entry.callback.methods
}


def snapshot(site: SimpleNamespace) -> dict[str, Any]:
    return {"token_id": site.desk.token.pk, "snapshot_id": site.desk.snapshot(site.view).id}


def protected(site: SimpleNamespace) -> dict[str, Any]:
    keeping.protect_snapshot(actor=site.desk.actor, target=target_of(site.desk, site.view))
    return snapshot(site)


def ended_deletion(site: SimpleNamespace) -> dict[str, Any]:
    planned = plan(site.desk, site.view)
    keeping.keep(actor=site.desk.actor, planned=planned)
    return {"pk": planned.pk}


def ended_job(site: SimpleNamespace) -> dict[str, Any]:
    job = start_safe_restore(site.desk, site.desk.server())
    service.cancel(actor=site.desk.actor, job=job)
    return {"pk": job.pk}


def target(_site: SimpleNamespace) -> dict[str, Any]:
    return {"pk": add_webhook("http://127.0.0.1:1/").pk}


def delivery(site: SimpleNamespace) -> dict[str, Any]:
    found = Delivery.objects.create(
        target_id=target(site)["pk"], created_at=timezone.now(), due_at=timezone.now()
    )
    return {"pk": found.pk}


def operation(site: SimpleNamespace) -> dict[str, Any]:
    return {"pk": site.unknown.pk}


def entry(_site: SimpleNamespace) -> dict[str, Any]:
    return {"sequence": Entry.objects.order_by("-sequence").values_list("sequence", flat=True)[0]}


def server(site: SimpleNamespace) -> dict[str, Any]:
    return {"token_id": site.desk.token.pk, "server_id": site.view.server_id}


def token(site: SimpleNamespace) -> dict[str, Any]:
    return {"token_id": site.desk.token.pk}


def nothing(_site: SimpleNamespace) -> dict[str, Any]:
    return {}


def person(site: SimpleNamespace) -> dict[str, Any]:
    return {"pk": site.desk.user.pk}


def schedule(site: SimpleNamespace) -> dict[str, Any]:
    return {"pk": define(site.desk).pk}


def paused_schedule(site: SimpleNamespace) -> dict[str, Any]:
    found = define(site.desk)
    schedules.pause(actor=site.desk.actor, schedule=found)
    return {"pk": found.pk}


def team(_site: SimpleNamespace) -> dict[str, Any]:
    return {"pk": make_team().pk}


def service_account(site: SimpleNamespace) -> dict[str, Any]:
    account = User.objects.create_user("robot", None, service_owner=site.cast.vera)
    return {"pk": account.pk}


Arguments = Callable[[SimpleNamespace], dict[str, Any]]
REFUSED: dict[str, tuple[Arguments, str, int]] = {
    "deletion_extend": (ended_deletion, Role.MANAGER, 409),
    "deletion_keep": (ended_deletion, Role.MANAGER, 409),
    "delivery_retry": (delivery, Role.ADMIN, 302),
    "entry_receipt": (entry, Role.AUDITOR, 503),
    "identity_unlink": (person, Role.ADMIN, 302),
    "job_cancel": (ended_job, Role.MANAGER, 409),
    "language_choose": (nothing, NOBODY_AT_ALL, 302),
    "notification_read": (nothing, Role.MANAGER, 302),
    "operation_receipt": (operation, Role.MANAGER, 503),
    "person_sessions_end": (person, Role.ADMIN, 302),
    "schedule_pause": (paused_schedule, Role.MANAGER, 302),
    "schedule_resume": (schedule, Role.MANAGER, 302),
    "setup_hide": (nothing, Role.ADMIN, 302),
    "setup_mark": (nothing, Role.ADMIN, 400),
    "schedule_run": (schedule, Role.MANAGER, 302),
    "service_account_keeper": (service_account, Role.ADMIN, 302),
    "server_layout_choose": (nothing, Role.MANAGER, 302),
    "server_follow": (server, Role.MANAGER, 302),
    "session_end": (nothing, Role.MANAGER, 302),
    "sign_out": (nothing, Role.MANAGER, 302),
    "snapshot_keep_until": (snapshot, Role.MANAGER, 422),
    "snapshot_protect": (protected, Role.MANAGER, 409),
    "snapshot_unprotect": (protected, Role.MANAGER, 422),
    "review_fine": (nothing, Role.AUDITOR, 302),
    "sso_confirm": (nothing, Role.MANAGER, 404),
    "target_test": (target, Role.ADMIN, 302),
    "team_member": (team, Role.ADMIN, 302),
    "token_check": (token, Role.MANAGER, 302),
}
"""Of each view that takes only POST: what it is about, who sends an empty form, and the status of the answer."""


@pytest.fixture(autouse=True)
def refusing(settings):
    """No receipt can be made, and deletions wait."""
    settings.SNAPPORTAL_LOG_SIGNING_KEYS = []
    settings.SNAPPORTAL_DELETE_GRACE_DAYS = 3


def test_every_view_that_takes_only_post_is_refused_here():
    assert sorted(REFUSED) == sorted(ONLY_POST)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_the_address_of_a_refusal_can_be_opened_again(site, name):
    find, role, status = REFUSED[name]
    browser: Client = site.browsers.get(role) or Client()
    url = reverse(name, kwargs=find(site))
    assert browser.post(url).status_code == status
    again = browser.get(url, follow=True)
    assert (again.status_code, len(again.redirect_chain)) == (200, 1)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_every_view_that_takes_only_post_names_its_page(name):
    assert ONLY_POST[name].page
