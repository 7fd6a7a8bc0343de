"""Tours of servers, snapshots, operations and the audit log."""

from datetime import timedelta

import time_machine
from django.urls import reverse
from django.utils import timezone

from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.audit.models import Entry
from snapshots.operations.models import Action, Finding, Operation, State
from snapshots.sandbox.models import Server
from snapshots.worker.loop import Worker
from snapshots.worker.models import TaskRun
from tests.e2e.tours import World, tour
from tests.support.desk import Desk
from tests.support.jobs import start_safe_restore


def _url(name: str, desk: Desk, pk: int) -> str:
    return reverse(name, args=[desk.token.pk, pk])


@tour("server_list", "server_detail")
def servers(world: World) -> None:
    page = world.site.page(world.cast.mia)
    world.visit(page, "/", "Add a token to start")
    desk = world.desk()
    world.provider_down()
    world.visit(page, "/", "Nothing to show yet")
    desk.token.delete()
    desk = world.desk()
    full, moving = desk.server("db-server-01"), desk.server("build-runner-02")
    world.visit(page, "/", "estimate")
    world.visit(page, "/?q=nothing-like-this", "Nothing matches")
    world.visit(page, "/?q=weekly&sort=-size", "do not match your filter")
    world.visit(page, "/?show=empty&group=location", "No snapshots yet")
    world.visit(page, "/?show=attention", "Nothing needs attention")
    world.visit(page, "/?group=location&sort=-size", "eu-central")
    page.get_by_role("button", name="Table").click()
    world.look(page, "eu-central")
    page.get_by_role("link", name="Created").click()
    world.look(page, "estimate")
    page.get_by_role("button", name="Cards").click()
    world.visit(page, _url("server_detail", desk, full.server_id), "The snapshot limit is reached")
    world.visit(page, _url("server_detail", desk, moving.server_id), "estimate")
    restored = desk.server("web-server-01")
    desk.restore(restored, desk.snapshot(restored))
    world.visit(page, _url("server_detail", desk, restored.server_id), "The server is being restored")
    world.provider_down()
    world.visit(page, "/", "Actions are disabled")
    world.visit(page, _url("server_detail", desk, full.server_id), "Actions are disabled")
    world.provider_up()
    Server.objects.all().delete()
    desk.views()
    world.visit(page, "/", "No servers yet")


@tour("snapshot_create", "snapshot_restore", "snapshot_delete")
def confirmations(world: World) -> None:
    desk = world.desk()
    page = world.site.page(world.cast.mia)
    full, roomy = desk.server("db-server-01"), desk.server("web-server-01")
    world.visit(page, _url("snapshot_create", desk, full.server_id), "snapshot slots are used")
    world.visit(page, _url("snapshot_create", desk, roomy.server_id), "The server is running")
    page.get_by_label("Name", exact=True).fill("two words")
    page.get_by_role("button", name="Create the snapshot").click()
    world.look(page, "A name has no spaces")
    snapshot = desk.snapshot(roomy)
    world.visit(page, _url("snapshot_restore", desk, snapshot.id), "will be lost")
    page.get_by_text("Do this from a script").click()
    world.look(page, "The API reference")
    page.get_by_label("The server's name").fill("another")
    page.get_by_role("button", name="Restore and lose").click()
    world.look(page, "Enter a reason")
    world.visit(page, _url("snapshot_delete", desk, snapshot.id), "cannot be recovered")
    page.get_by_role("button", name="Delete permanently").click()
    world.look(page, "Tick this")
    world.visit(page, _url("snapshot_restore", desk, 999), "To my servers")
    moving = desk.server("build-runner-02").snapshots[0]
    world.visit(page, _url("snapshot_restore", desk, moving.id), "This snapshot is not ready")
    desk.restore(roomy, snapshot)
    world.visit(page, _url("snapshot_restore", desk, snapshot.id), "Reason for the override")
    world.visit(page, _url("snapshot_delete", desk, snapshot.id), "A restore of this server is running")
    world.visit(page, _url("snapshot_create", desk, roomy.server_id), "A restore of this server is running")
    world.provider_down()
    world.visit(page, _url("snapshot_restore", desk, snapshot.id), "Nothing can be sent")
    world.visit(page, _url("snapshot_create", desk, roomy.server_id), "Nothing can be sent")


@tour("snapshot_replace", "snapshot_restore", "job_detail", "server_detail")
def jobs(world: World) -> None:
    desk = world.desk()
    page = world.site.page(world.cast.mia)
    full, roomy = desk.server("db-server-01"), desk.server("web-server-01")
    world.visit(page, _url("snapshot_replace", desk, roomy.server_id), "nothing has to be deleted")
    world.visit(page, _url("snapshot_restore", desk, desk.snapshot(full).id), "which snapshot may be deleted")
    world.visit(page, _url("snapshot_replace", desk, full.server_id), "which snapshot may be deleted")
    page.get_by_role("button", name="Delete it and create the new one").click()
    world.look(page, "step by step")
    world.visit(page, reverse("job_detail", args=[start_safe_restore(desk, roomy).pk]), "step by step")
    world.visit(page, _url("server_detail", desk, roomy.server_id), "A job is going to restore this server")
    page.get_by_role("link", name="View the job").click()
    page.get_by_role("button", name="Cancel the remaining steps").click()
    world.look(page, "It was cancelled")
    other = desk.server("mail-01")
    job = start_safe_restore(desk, other)
    Operation.objects.filter(server_id=other.server_id).update(state=State.FAILED, code="provider_failed")
    world.visit(page, reverse("job_detail", args=[job.pk]), "The provider could not finish it")


@tour("system_detail")
def system(world: World) -> None:
    page = world.site.page(world.cast.ada)
    world.visit(page, reverse("system_detail"), "No worker is running")
    Worker([], version="0.1.0").tick()
    TaskRun.objects.create(
        name="verify", due_at=timezone.now(), started_at=timezone.now(), error="TaskError: x"
    )
    world.visit(page, reverse("system_detail"), "Working")


def _unknown(world: World, desk: Desk) -> Operation:
    world.http.misbehave("reset_before", method="POST")
    view = desk.server("web-server-01")
    return desk.restore(view, desk.snapshot(view))


ENDS = [
    (State.PENDING, "", "", "Pending"),
    (State.SENT, "", "", "waiting for an answer"),
    (State.ACCEPTED, "", "", "In progress"),
    (State.COMPLETED, "", "", "Completed"),
    (State.FAILED, "unreachable", "", "Failed"),
    (State.FAILED, "provider_failed", "", "Failed"),
    (State.RECONCILED, "", Finding.HAPPENED, "Resolved"),
    (State.RECONCILED, "", Finding.NOT_HAPPENED, "Resolved"),
    (State.RECONCILED, "", Finding.UNDECIDED, "Resolved"),
]


@tour("operation_detail")
def operations_in_every_state(world: World) -> None:
    """One real operation whose row is set to each state, without a token with which reconciliation could change it."""
    desk = world.desk()
    page = world.site.page(world.cast.mia)
    view = desk.server("web-server-01")
    made = desk.create(view, "before-the-upgrade", reason="Ticket 4711")
    world.visit(page, reverse("operation_detail", args=[made.pk]), "In progress")
    desk.token.delete()
    for number, (state, code, finding, text) in enumerate(ENDS):
        action = list(Action)[number % len(Action)]
        Operation.objects.filter(pk=made.pk).update(
            state=state, code=code, finding=finding, action=action, evidence=code and "Seen in the list."
        )
        world.visit(page, reverse("operation_detail", args=[made.pk]), text)


@tour("operation_detail", "operation_attention", "operation_close")
def unknown_results(world: World) -> None:
    desk = world.desk()
    page = world.site.page(world.cast.mia)
    world.visit(page, reverse("operation_attention"), "Nothing needs attention")
    operation = _unknown(world, desk)
    assert operation.state == State.UNKNOWN
    world.visit(page, reverse("operation_attention"), "We do not know")
    world.visit(page, reverse("operation_detail", args=[operation.pk]), "Resolve manually")
    world.visit(page, "/", "We do not know")
    world.seen.discard("server_list")
    close = reverse("operation_close", args=[operation.pk])
    world.visit(page, close, "What you found")
    page.get_by_role("button", name="Resolve", exact=True).click()
    world.look(page, "Please say how you know")
    page.get_by_role("radio", name="It did not happen").check()
    page.get_by_label("How do you know?").fill("The console shows no restore")
    page.get_by_role("button", name="Resolve", exact=True).click()
    world.look(page, "Resolved by")
    world.visit(page, close, "already")


@tour("entry_list", "entry_detail", "entry_export")
def audit_log_pages(world: World) -> None:
    page = world.site.page(world.cast.aron)
    world.visit(page, "/audit/", "The log is empty")
    with time_machine.travel(timezone.now() - timedelta(minutes=10)), journal.committed():
        story = Actor(id=None, name="Somebody", role="manager").entry(action=Action.RESTORE, server_id=1)
        forgotten = journal.intend(story)
    world.visit(page, reverse("entry_detail", args=[forgotten.sequence]), "No result was recorded")
    desk = world.desk()
    operation = desk.create(desk.server("web-server-01"), "before-the-upgrade", reason="Ticket 4711 " * 30)
    unknown = _unknown(world, desk)
    for action, result in [
        ("audit.verify", "failed"),
        ("audit.anchor", "failed"),
        ("person.sign_in", "refused"),
    ]:
        with journal.committed():
            story = Actor(id=None, name="", role="").entry(
                action=action, result=result, evidence="row 17 not valid", target="somebody"
            )
            journal.record(story)
    world.visit(page, "/audit/", "The last verification found the log broken")
    world.visit(page, "/audit/?text=nothing-like-this", "No matching entries")
    world.visit(page, "/audit/?since=1999-01-01", "greater than")
    world.visit(page, "/audit/?server=web-server-01", "Ticket 4711")
    for operation_shown in (operation, unknown):
        first = Entry.objects.filter(operation_id=operation_shown.pk).earliest("sequence")
        world.visit(page, reverse("entry_detail", args=[first.sequence]), "History")
    world.visit(page, "/audit/export/", "The complete log")
    world.visit(page, f"/audit/export/?since={timezone.now() - timedelta(days=1):%Y-%m-%d}", "Filter")
    admin = world.site.page(world.cast.ada)
    world.visit(admin, "/audit/", "entries, newest first")
