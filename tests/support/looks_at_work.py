"""Looks at pages of work, schedules, notifications, API keys and the system for names that a browser would translate."""

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from snapportal.accounts.models import User
from snapshots.approvals.models import Kind
from snapshots.deletions import keeping
from snapshots.deletions.grace import set_grace
from snapshots.notifications.models import Event
from snapshots.observations import looking
from snapshots.operations import protection
from snapshots.operations.models import Operation, State
from snapshots.sandbox.models import Snapshot
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from snapshots.schedules import runs
from snapshots.views.picks import pick_of
from snapshots.worker.loop import Worker
from snapshots.worker.models import TaskRun
from tests.support.api import Script, make_key
from tests.support.batches import create_many, roomy, take_last_places
from tests.support.deletions import plan, target_of
from tests.support.desk import Desk
from tests.support.freezes import freeze
from tests.support.jobs import start_safe_restore
from tests.support.notifying import add_webhook, deliver_after, end_operation, read_log
from tests.support.ownership import own_as_is
from tests.support.policies import place, wish
from tests.support.schedule_forms import ADD, filled, show
from tests.support.schedules import define
from tests.support.translated_texts import Inspector
from tests.support.wishes import make


def url_of(name: str, desk: Desk, pk: int) -> str:
    return reverse(name, args=[desk.token.pk, pk])


def look_at_jobs(inspector: Inspector, desk: Desk, mia: Client) -> None:
    full, roomy = desk.server("db-server-01"), desk.server()
    for view in (full, roomy):
        inspector.visit(mia, url_of("snapshot_replace", desk, view.server_id), shows=view.name)
    inspector.visit(mia, url_of("snapshot_restore", desk, desk.snapshot(full).id), shows=full.name)
    job = start_safe_restore(desk, roomy)
    inspector.visit(mia, reverse("job_status", args=[job.pk]), shows=roomy.name)
    mia.post(reverse("job_cancel", args=[job.pk]))
    inspector.visit(mia, reverse("job_detail", args=[job.pk]), shows=roomy.name)


def look_at_batches(inspector: Inspector, desk: Desk, mia: Client) -> None:
    views = roomy(desk)
    full = desk.server("db-server-01")
    servers = [pick_of(view) for view in [*views, full]] + [f"{desk.token.pk}:99"]
    inspector.visit(mia, reverse("batch_create"), server=servers, shows=views[0].name)
    snapshots = [pick_of(full, one) for one in full.snapshots]
    protection.protect(actor=desk.actor, target=target_of(desk, full, full.snapshots[0]))
    inspector.visit(mia, reverse("batch_delete"), snapshot=snapshots, shows=full.snapshots[1].name)
    point = create_many(desk, views)
    take_last_places(views[1])
    inspector.visit(mia, reverse("job_status", args=[point.pk]), shows=views[0].name)
    Operation.objects.update(state=State.COMPLETED)
    mia.get(reverse("job_detail", args=[point.pk]))
    inspector.visit(mia, reverse("job_detail", args=[point.pk]), shows="Try 1 item again")
    again = {"retry": str(point.pk)}
    inspector.visit(mia, reverse("batch_create"), **again, shows="limit of this server")
    inspector.visit(mia, reverse("restore_point_list"), shows=point.title)
    Snapshot.objects.filter(name=point.title).update(ends_at=timezone.now())
    desk.views()
    for name in ("restore_point_detail", "restore_point_restore"):
        inspector.visit(mia, reverse(name, args=[point.pk]), shows=views[0].name)


def look_at_approvals(inspector: Inspector, desk: Desk, mia: Client) -> None:
    view = desk.server()
    User.objects.filter(pk=desk.user.pk).update(role="admin")
    policy = place(desk.user, view)
    inspector.visit(mia, reverse("policy_list"), shows="Production")
    inspector.visit(mia, reverse("policy_add"), shows=view.name)
    inspector.visit(mia, reverse("policy_detail", args=[policy.pk]), shows="Production")
    asked = wish(desk, view)()
    inspector.visit(mia, reverse("request_list"), shows=view.name)
    inspector.visit(mia, reverse("log_activity"), shows=f"<bdi>{desk.user}</bdi>")
    inspector.visit(mia, reverse("request_detail", args=[asked.pk]), shows=view.name)
    of_batches = place(desk.user, name="Several", actions=["snapshot.batch"])
    asked = make(desk, Kind.CREATE_MANY).begin()
    inspector.visit(mia, reverse("request_detail", args=[asked.pk]), shows=asked.items[0].server_name)
    of_batches.delete()
    User.objects.filter(pk=desk.user.pk).update(role="manager")
    policy.delete()


def look_at_deletions(inspector: Inspector, desk: Desk, mia: Client) -> None:
    view = desk.server()
    set_grace(actor=desk.actor, server_id=view.server_id, server_name=view.name, days=2)
    snapshot = desk.snapshot(view)
    grace_url = reverse("server_grace", args=[desk.token.pk, view.server_id])
    inspector.visit(mia, grace_url, shows=view.name)
    mia.post(grace_url, {"days": "1", "reason": "the disk is full"})
    inspector.visit(mia, grace_url, shows="Somebody wants to shorten it")
    inspector.visit(mia, reverse("server_lock", args=[desk.token.pk, view.server_id]), shows=view.name)
    made = freeze(desk, view)
    inspector.visit(mia, reverse("freeze_list"), shows="Weekend")
    inspector.visit(mia, reverse("freeze_add"), shows=view.name)
    inspector.visit(mia, reverse("freeze_detail", args=[made.pk]), shows="Weekend")
    made.delete()
    look_at_approvals(inspector, desk, mia)
    inspector.visit(mia, reverse("server_silence", args=[desk.token.pk, view.server_id]), shows=view.name)
    own_as_is(desk.user, snapshot)
    inspector.visit(mia, url_of("snapshot_hand_over", desk, snapshot.id), shows=snapshot.name)
    inspector.visit(mia, url_of("server_detail", desk, view.server_id), shows="Owner: ")
    keeping_url = url_of("snapshot_keeping", desk, snapshot.id)
    keeping.protect_snapshot(actor=desk.actor, target=target_of(desk, view))
    inspector.visit(mia, keeping_url, shows="Protected by")
    inspector.visit(mia, url_of("snapshot_delete", desk, snapshot.id), shows="protected")
    protection.lift(actor=desk.actor, target=target_of(desk, view), reason="over")
    planned = plan(desk, view)
    inspector.visit(mia, keeping_url, shows="Will be deleted")
    inspector.visit(mia, url_of("server_detail", desk, view.server_id), shows="Will be deleted")
    inspector.visit(mia, url_of("server_history", desk, view.server_id), shows="after its grace time")
    inspector.visit(mia, reverse("deletion_list"), shows=snapshot.name)
    inspector.visit(mia, reverse("deletion_detail", args=[planned.pk]), shows=snapshot.name)


def look_at_schedules(inspector: Inspector, desk: Desk, mia: Client, ada: Client) -> None:
    view = desk.server("db-server-01")  # full, so that nothing begins there
    fields = filled(desk, servers=[f"{desk.token.pk}:{view.server_id}"])
    inspector.visit(mia, reverse("schedule_list"))
    inspector.visit(mia, reverse("schedule_add"), server=fields["servers"][0], shows=view.name)
    inspector.look(show(mia, ADD, fields), shows="Run by run")
    schedule = define(desk, name=desk.token.label, servers=((view.server_id, view.name),))
    inspector.look(show(mia, reverse("schedule_change", args=[schedule.pk]), fields), shows="Run by run")
    mia.post(reverse("schedule_run", args=[schedule.pk]), {"form_key": "k" * 20})
    runs.run_due()
    inspector.visit(mia, reverse("schedule_list"), shows=view.name)
    for name in ("schedule_detail", "schedule_change", "schedule_remove"):
        inspector.visit(mia, reverse(name, args=[schedule.pk]), shows=schedule.name)
    inspector.visit(ada, reverse("schedule_change", args=[schedule.pk]), shows=schedule.name)
    inspector.visit(mia, reverse("job_detail", args=[runs.Run.objects.get().job_id]), shows=schedule.name)
    inspector.visit(mia, url_of("server_detail", desk, view.server_id), shows=schedule.name)
    for layout in ("table", ""):
        User.objects.filter(pk=desk.user.pk).update(server_layout=layout)
        inspector.visit(mia, "/", group="location", shows=f"{schedule.name}</bdi>, ")


def look_at_observations(inspector: Inspector, desk: Desk, mia: Client) -> None:
    view = desk.server()
    looking.compare_all()
    snapshot = SandboxSnapshot.objects.filter(server_id=view.server_id).first()
    SandboxSnapshot.objects.filter(pk=snapshot.pk).update(name="by-another-way")
    desk.views()
    looking.compare_all()
    server = url_of("server_detail", desk, view.server_id)
    inspector.visit(mia, server, shows="Seen past the portal")
    inspector.visit(mia, server, shows="by-another-way")


def look_at_the_system(inspector: Inspector, ada: Client) -> None:
    Worker([], version="0.1.0").tick()
    TaskRun.objects.create(
        name="verify", due_at=timezone.now(), started_at=timezone.now(), error="TaskError: x"
    )
    inspector.visit(ada, reverse("system_detail"), shows="Verify the audit log")
    ada.post(reverse("setup_mark"), {"step": "backup", "wish": "confirm"})
    inspector.visit(ada, reverse("setup_detail"), shows="Ada")


def look_at_notifications(inspector: Inspector, desk: Desk, mia: Client, ada: Client) -> None:
    read_log()
    operation = end_operation(desk, key="told")
    Event.objects.all().delete()
    read_log()
    for name in ("notification_list", "notification_bell"):
        inspector.visit(mia, reverse(name), shows=operation.server_name)
    inspector.visit(mia, reverse("notification_rules"))
    target = add_webhook("http://127.0.0.1:1/", label=desk.token.label)
    deliver_after(6)
    for name in ("target_list", "target_add"):
        inspector.visit(ada, reverse(name))
    for name in ("target_detail", "target_remove"):
        inspector.visit(ada, reverse(name, args=[target.pk]), shows=target.label)


def look_at_api_keys(inspector: Inspector, desk: Desk, mia: Client, ada: Client) -> None:
    """Robot is a service account that Mia looks after."""
    inspector.visit(ada, reverse("service_account_add"))
    fields = {"username": "norbert", "name": "Nora Neu", "role": "operator", "keeper": str(desk.user.pk)}
    inspector.look(ada.post(reverse("service_account_add"), fields, follow=True), shows="is added")
    robot = desk.user.service_accounts.get()
    inspector.visit(mia, reverse("api_key_add"), owner=str(robot.pk), shows="Nora Neu")
    view, url = desk.server(), reverse("api_key_add")
    inspector.visit(mia, url, shows=view.name)
    server = f"{desk.token.pk}:{view.server_id}"
    wish = {"name": "Second token", "rights": ["snapshots.see"], "servers": [server], "days": "5"}
    inspector.look(mia.post(url, wish), shows="Second token")
    key, secret = desk.user.api_keys.get(), make_key(robot, rights=["schedules.pause"], name="nora")[1]
    Script(secret).get("account/me/")
    inspector.visit(mia, reverse("api_key_list"), shows=view.name)
    inspector.visit(ada, reverse("api_key_list"), shows="Nora Neu")
    inspector.visit(ada, reverse("person_edit", args=[robot.pk]), shows="nora")
    inspector.visit(mia, reverse("api_key_revoke", args=[key.pk]), shows=view.name)
    inspector.look(mia.post(reverse("api_key_revoke", args=[key.pk]), follow=True), shows="is revoked")
    keeper = {"keeper": str(robot.service_owner_id + 1)}
    changed = ada.post(reverse("service_account_keeper", args=[robot.pk]), keeper, follow=True)
    inspector.look(changed, shows="looks after it from now on")
    inspector.visit(ada, reverse("service_account_keeper", args=[robot.pk]), shows="Nora Neu")
