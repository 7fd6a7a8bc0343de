"""A restore with a safety snapshot is one job: make room, create, restore; it stops at the first step not completed."""

import pytest
from django.urls import reverse

from snapportal.accounts import erasure
from snapshots.audit.models import Entry
from snapshots.jobs import engine, plans, service
from snapshots.jobs.models import Job, JobState, StepState
from snapshots.jobs.room import room_key
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Operation, State
from snapshots.operations.protection import protect
from snapshots.operations.transitions import transition
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from tests.support.deletions import target_of
from tests.support.desk import Desk, make_desk
from tests.support.jobs import full_server, run_to_end, start_safe_restore, states
from tests.support.pages import hidden, text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]


def test_a_safe_restore_creates_waits_and_then_restores(desk, clock):
    view = desk.server()
    job = run_to_end(start_safe_restore(desk, view), desk, clock)
    assert job.state == JobState.COMPLETED
    create, restore = job.steps.order_by("position")
    made = Operation.objects.get(pk=create.operation_id)
    assert made.snapshot_name.startswith("before-restore-")
    assert SandboxSnapshot.objects.filter(pk=made.snapshot_id).exists()
    restored = Operation.objects.get(pk=restore.operation_id)
    assert restored.sent_at > made.ended_at
    assert restored.snapshot_id == desk.snapshot(view).id


def test_the_log_has_the_start_each_step_in_channel_job_and_the_end(desk, clock):
    job = run_to_end(start_safe_restore(desk, desk.server()), desk, clock)
    rows = list(Entry.objects.filter(target=str(job.pk)).order_by("sequence"))
    assert [(row.action, row.result, row.channel) for row in rows] == [
        ("job.start", "completed", "browser"),
        ("job.end", "completed", "job"),
    ]
    intents = Entry.objects.filter(phase="intent").order_by("sequence")
    assert [row.action for row in intents] == ["snapshot.create", "snapshot.restore"]
    assert {row.channel for row in intents} == {"job"}
    assert {row.actor_id for row in intents} == {desk.user.pk}


def test_on_a_full_server_the_chosen_snapshot_is_deleted_first(desk, clock):
    view = full_server(desk)
    target, other = desk.snapshot(view), view.snapshots[-1]
    job = run_to_end(start_safe_restore(desk, view, snapshot=target, make_room=room_key(other)), desk, clock)
    assert job.state == JobState.COMPLETED
    assert [step.action for step in job.steps.order_by("position")] == [
        Action.DELETE,
        Action.CREATE,
        Action.RESTORE,
    ]
    assert not SandboxSnapshot.objects.filter(pk=other.id).exists()
    assert SandboxSnapshot.objects.filter(pk=target.id).exists()


@pytest.mark.parametrize(
    ("choice", "code"),
    [
        ("", "room_missing"),
        ("nonsense", "room_missing"),
        ("target", "room_is_needed"),
        ("stale", "snapshot_changed"),
        ("99999999:abc", "snapshot_gone"),
    ],
)
def test_a_full_server_asks_what_may_go(desk, choice, code):
    view = full_server(desk)
    target, other = desk.snapshot(view), view.snapshots[-1]
    made = {"target": room_key(target), "stale": f"{other.id}:{'0' * 64}"}
    with pytest.raises(OperationRefusedError) as refused:
        start_safe_restore(desk, view, snapshot=target, make_room=made.get(choice, choice))
    assert refused.value.code == code
    assert not Operation.objects.exists()
    assert Entry.objects.get(action="snapshot.restore").code == code


def test_nothing_is_restored_when_the_safety_snapshot_fails(desk, clock):
    view = desk.server()
    job = start_safe_restore(desk, view)
    made = Operation.objects.get()
    transition(made, State.FAILED, expect=[State.ACCEPTED], code="provider_failed")
    job = run_to_end(job, desk, clock)
    assert job.state == JobState.STOPPED
    assert states(job) == [StepState.FAILED, StepState.LEFT_OUT]
    assert not Operation.objects.filter(action=Action.RESTORE).exists()
    end = Entry.objects.get(action="job.end")
    assert (end.result, end.full_evidence) == ("failed", "0 of 2 steps completed.")


def test_a_form_sent_twice_is_one_job(desk):
    view = desk.server()
    confirmation = desk.confirm(Action.RESTORE, view, desk.snapshot(view))
    first = start_safe_restore(desk, view, confirmation=confirmation)
    again = start_safe_restore(desk, view, confirmation=confirmation)
    assert first.pk == again.pk
    assert Operation.objects.count() == 1


def test_a_cancelled_job_begins_no_further_step(desk):
    job = start_safe_restore(desk, desk.server())
    service.cancel(actor=desk.actor, job=job)
    desk.views()
    assert engine.advance(job.pk) == 0
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert not Operation.objects.filter(action=Action.RESTORE).exists()
    with pytest.raises(OperationRefusedError):
        service.cancel(actor=desk.actor, job=job)


def test_a_step_whose_job_is_cancelled_while_it_is_being_checked_is_not_sent(desk, clock, monkeypatch):
    """The cancellation is committed between the step's reading and its intent."""
    job = start_safe_restore(desk, desk.server())
    clock.shift(900)
    desk.views()
    read = plans.read_server

    def read_and_cancel(token, confirmed):
        view = read(token, confirmed)
        service.cancel(actor=desk.actor, job=job)
        return view

    monkeypatch.setattr("snapshots.operations.service.read_server", read_and_cancel)
    engine.advance(job.pk)
    assert not Operation.objects.filter(action=Action.RESTORE).exists()
    assert job.steps.get(position=1).code == "job_over"


def test_a_person_who_loses_the_right_meanwhile_restores_nothing(desk, clock):
    job = start_safe_restore(desk, desk.server())
    desk.user.role = "operator"
    desk.user.save()
    job = run_to_end(job, desk, clock)
    assert job.state == JobState.STOPPED
    assert job.steps.get(position=1).code == "not_allowed_any_more"
    assert not Operation.objects.filter(action=Action.RESTORE).exists()


def test_a_snapshot_that_changed_meanwhile_is_not_restored(desk, clock):
    view = desk.server()
    job = start_safe_restore(desk, view)
    SandboxSnapshot.objects.filter(pk=desk.snapshot(view).id).update(description="another one now")
    job = run_to_end(job, desk, clock)
    assert states(job) == [StepState.COMPLETED, StepState.FAILED]
    assert job.steps.get(position=1).code == "snapshot_changed"


def test_a_passing_refusal_is_tried_again_with_a_growing_pause(desk, clock, monkeypatch):
    job = start_safe_restore(desk, desk.server())
    clock.shift(900)
    desk.views()

    def cannot_be_read(token, confirmed):
        raise OperationRefusedError("not_confirmed_live")

    monkeypatch.setattr("snapshots.operations.service.read_server", cannot_be_read)
    for _ in range(50):
        engine.advance(job.pk)
    step = job.steps.get(position=1)
    assert (step.state, step.tries) == (StepState.WAITING, 1)
    monkeypatch.undo()
    clock.move_to(step.next_try_at)
    assert run_to_end(job, desk, clock).state == JobState.COMPLETED


def test_the_page_shows_every_step_and_cancels(desk, signed_in):
    browser = signed_in(desk.user)
    job = start_safe_restore(desk, desk.server())
    page = browser.get(reverse("job_detail", args=[job.pk])).content.decode()
    assert "before-restore-" in page
    status = reverse("job_status", args=[job.pk])
    assert status in page
    answer = browser.post(reverse("job_cancel", args=[job.pk]))
    assert answer["Location"] == reverse("job_detail", args=[job.pk])
    page = browser.get(answer["Location"]).content.decode()
    assert "It was cancelled" in page
    assert status not in page
    assert "This has ended already" in browser.post(reverse("job_cancel", args=[job.pk])).content.decode()


def test_whoever_confirmed_before_another_job_began_is_told_of_it_first(cast, sandbox, desk, signed_in):
    view = desk.server()
    ada = make_desk(cast.ada, sandbox.token)
    first, second = signed_in(desk.user), signed_in(ada.user)
    forms = [
        (one, reverse("snapshot_restore", args=[whose.token.pk, whose.snapshot(view).id]))
        for one, whose in ((first, desk), (second, ada))
    ]
    texts = {"typed_name": view.name, "reason": "wrong change", "take_safety": "on"}
    signed = [hidden(browser.get(url), "confirmation") for browser, url in forms]
    assert first.post(forms[0][1], texts | {"confirmation": signed[0]}).status_code == 302
    refused = second.post(forms[1][1], texts | {"confirmation": signed[1]})
    assert "A job has begun since you opened this page" in text_of(refused)
    assert "A job is going to restore this server" in text_of(refused)
    assert Job.objects.count() == 1
    again = second.post(forms[1][1], texts | {"confirmation": hidden(refused, "confirmation")})
    assert (again.status_code, Job.objects.count()) == (302, 2)


def test_the_restore_page_proposes_a_safety_snapshot_and_starts_the_job(desk, signed_in):
    browser, view = signed_in(desk.user), desk.server()
    url = reverse("snapshot_restore", args=[desk.token.pk, desk.snapshot(view).id])
    page = browser.get(url)
    assert 'name="take_safety" id="id_take_safety" checked' in page.content.decode().replace(
        ' aria-describedby="id_take_safety_helptext"', ""
    )
    data = {
        "confirmation": page.context["form"].initial["confirmation"],
        "typed_name": view.name,
        "reason": "wrong change",
        "take_safety": "on",
    }
    answer = browser.post(url, data)
    assert answer["Location"].startswith("/jobs/")


def test_a_stranger_sees_no_job(desk, cast, signed_in):
    job = start_safe_restore(desk, desk.server())
    for name in ("job_detail", "job_status"):
        assert signed_in(cast.omar).get(reverse(name, args=[job.pk])).status_code == 404
    assert signed_in(cast.omar).post(reverse("job_cancel", args=[job.pk])).status_code == 404
    assert signed_in(cast.ada).get(reverse("job_detail", args=[job.pk])).status_code == 200


def test_replacing_deletes_the_chosen_snapshot_and_creates(desk, clock, signed_in):
    browser, view = signed_in(desk.user), full_server(desk)
    url = reverse("snapshot_replace", args=[desk.token.pk, view.server_id])
    page = browser.get(url)
    oldest = view.snapshots[-1]
    assert page.context["form"].initial["make_room"] == room_key(oldest)
    data = {
        "confirmation": page.context["form"].initial["confirmation"],
        "make_room": room_key(oldest),
        "name": "instead",
    }
    browser.post(url, data)
    job = run_to_end(service.visible_to(desk.user).get(), desk, clock)
    assert job.state == JobState.COMPLETED
    assert not SandboxSnapshot.objects.filter(pk=oldest.id).exists()
    assert SandboxSnapshot.objects.filter(name="instead", server_id=view.server_id).exists()


def test_a_restore_with_a_safety_snapshot_offers_one_way_back(desk, clock, signed_in):
    browser, view = signed_in(desk.user), desk.server()
    job = run_to_end(start_safe_restore(desk, view), desk, clock)
    create, restore = job.steps.order_by("position")
    undo = reverse("snapshot_restore", args=[desk.token.pk, create.snapshot_id])
    server = reverse("server_detail", args=[desk.token.pk, view.server_id])
    operation = reverse("operation_detail", args=[restore.operation_id])
    for url in (server, operation):
        page = browser.get(url).content.decode()
        assert "Undo this restore" in page
        assert undo in page
    assert "Take a snapshot of the present state first" in browser.get(undo).content.decode()
    SandboxSnapshot.objects.filter(pk=create.snapshot_id).delete()
    desk.views()
    for url in (server, operation):
        assert "Undo this restore" not in browser.get(url).content.decode()


def test_nobody_without_the_right_to_restore_is_offered_the_way_back(desk, clock, signed_in):
    view = desk.server()
    run_to_end(start_safe_restore(desk, view), desk, clock)
    desk.user.role = "operator"
    desk.user.save()
    page = signed_in(desk.user).get(reverse("server_detail", args=[desk.token.pk, view.server_id]))
    assert "Undo this restore" not in page.content.decode()


def test_a_protected_snapshot_makes_no_room(desk, signed_in):
    view = full_server(desk)
    oldest = view.snapshots[-1]
    protect(actor=desk.actor, target=target_of(desk, view, oldest))
    with pytest.raises(OperationRefusedError) as refused:
        start_safe_restore(desk, view, make_room=room_key(oldest))
    assert refused.value.code == "protected"
    page = signed_in(desk.user).get(reverse("snapshot_replace", args=[desk.token.pk, view.server_id]))
    assert room_key(oldest) not in page.content.decode()


def test_an_erased_person_is_named_in_no_job(desk, cast):
    job = start_safe_restore(desk, desk.server())
    desk.user.is_active = False
    desk.user.save()
    erasure.erase_person(desk.user, actor=Desk(cast.ada, desk.token).actor, reason="left")
    job.refresh_from_db()
    assert (job.actor_id, job.actor_name) == (desk.user.pk, "")
