"""One operation through each channel of the portal, on the in-process sandbox, and what came of it as a word."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.test import Client
from django.urls import reverse
from django.utils import timezone
from time_machine import Traveller

from snapshots.approvals.models import ApprovalRequest
from snapshots.audit.models import Entry
from snapshots.contract import Snapshot
from snapshots.jobs import batch_plans, batches, engine, service
from snapshots.jobs.models import Job, Kind, Step
from snapshots.operations.confirmation import snapshot_fingerprint
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Operation
from snapshots.operations.server_views import ServerView
from snapshots.schedules import runs
from snapshots.schedules.models import Schedule
from tests.support.api import Script
from tests.support.batches import create_many, delete_many, sign_point
from tests.support.desk import Desk

DONE, REQUEST, FORBIDDEN, NOTHING = "done", "request", "403", "nothing"
"""Begun; waits for approval; not opened; not even tried."""
NAME = "before-change"


@dataclass
class Site:
    """Somebody with a token, a key and a schedule, and the server and snapshot that all of it is about."""

    desk: Desk
    view: ServerView
    snapshot: Snapshot
    browser: Client
    script: Script
    clock: Traveller
    at: datetime
    schedule: Schedule | None = None


def outcome(action: Action) -> str:
    """What the database says: nothing is believed that an answer says of itself."""
    if Operation.objects.filter(action=action).exists():
        return DONE
    if ApprovalRequest.objects.exists():
        return REQUEST
    refused = Entry.objects.filter(result="refused").order_by("sequence").last()
    return refused.code if refused else NOTHING


def page(site: Site, action: Action) -> str:
    token, snapshot = site.desk.token.pk, site.snapshot
    seen = None if action == Action.CREATE else snapshot
    fields = {"confirmation": site.desk.confirm(action, site.view, seen), "reason": "bad upgrade"}
    if action == Action.CREATE:
        url = reverse("snapshot_create", args=[token, site.view.server_id])
        fields["name"] = NAME
    else:
        verb = "restore" if action == Action.RESTORE else "delete"
        url = reverse(f"snapshot_{verb}", args=[token, snapshot.id])
        fields |= {"typed_name": site.view.name, "understood": "on"}
    status = site.browser.post(url, fields).status_code
    return FORBIDDEN if status == 403 else outcome(action)


def api(site: Site, action: Action) -> str:
    key = {"Idempotency_Key": secrets.token_hex(8)}
    if action == Action.CREATE:
        answer = site.script.post("snapshots/", {"server_id": site.view.server_id, "name": NAME}, **key)
    elif action == Action.RESTORE:
        answer = site.script.post(f"snapshots/{site.snapshot.id}/restore/", {"reason": "bad upgrade"}, **key)
    else:
        answer = site.script.delete(f"snapshots/{site.snapshot.id}/", **key)
    return FORBIDDEN if answer.status_code == 403 else outcome(action)


def scheduled(site: Site, action: Action) -> str:
    """A run: a create, then the deletion of the oldest that the schedule made. No run restores."""
    assert site.schedule is not None
    if not (new := site.schedule.runs.filter(created_at__gt=site.at)):
        _run(site, site.schedule)
    if Operation.objects.filter(action=action, created_at__gt=site.at).exists():
        return DONE
    return new.all()[0].code or NOTHING


def _run(site: Site, schedule: Schedule) -> None:
    site.clock.move_to(schedule.next_due_at)
    runs.run_due()  # claims what is due, which the next call begins
    runs.run_due()
    engine.advance_all()
    site.clock.shift(600)
    site.desk.views()  # the create has ended
    engine.advance_all()


def job_step(site: Site, action: Action) -> str:
    """A job of one step, which was begun before anything forbade it."""
    seen = None if action == Action.CREATE else site.snapshot
    step = Step(
        action=action,
        token_id=site.desk.token.pk,
        server_id=site.view.server_id,
        server_name=site.view.name,
        snapshot_id=seen.id if seen else None,
        snapshot_name=seen.name if seen else NAME,
        fingerprint=snapshot_fingerprint(seen),
        typed_name=site.view.name,
    )
    fields = {"kind": Kind.REPLACE, "idempotency_key": secrets.token_hex(8), "reason": "bad upgrade"}
    try:
        job = service.start(actor=site.desk.actor, steps=[step], **fields)
    except OperationRefusedError as error:
        return error.code
    engine.advance(job.pk)
    return outcome(action)


def batch_item(site: Site, action: Action) -> str:
    try:
        job = _batch(site, action)
    except OperationRefusedError as error:
        return error.code
    engine.advance(job.pk)
    return outcome(action)


def _batch(site: Site, action: Action) -> Job:
    if action == Action.CREATE:
        return create_many(site.desk, [site.view])
    if action == Action.DELETE:
        return delete_many(site.desk, [(site.view, site.snapshot)])
    point = Job.objects.create(
        kind=Kind.CREATE_MANY, title="point", actor_id=site.desk.user.pk, created_at=timezone.now()
    )
    return batches.restore_many(
        actor=site.desk.actor,
        point=point,
        confirmation=sign_point(site.desk, point, [(site.view, site.snapshot)]),
        typed_name=point.title,
        reason="bad upgrade",
        choices={site.view.server_id: batch_plans.WITHOUT},
    )


CHANNELS = {
    "page": page,
    "API key": api,
    "schedule": scheduled,
    "job step": job_step,
    "batch item": batch_item,
}
