"""Who may define, pause, resume, start and remove a schedule, and in whose name it then runs."""

import dataclasses

import pytest
from django.urls import reverse

from snapportal.accounts import erasure
from snapshots.audit.models import Entry
from snapshots.operations.errors import OperationRefusedError
from snapshots.sandbox.demo_data import TEAM_EMAIL, issue_token
from snapshots.schedules import service, silence
from snapshots.schedules.definition import Definition, definition_of, sign_preview
from snapshots.schedules.models import Run, Schedule, State
from snapshots.schedules.retention import Keep
from snapshots.schedules.visibility import about_servers, visible_to
from snapshots.vault.models import StoredToken
from tests.support.desk import Desk, make_desk
from tests.support.schedules import define, definition, finish

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]


def refusal(act, **arguments) -> str:
    with pytest.raises(OperationRefusedError) as refused:
        act(**arguments)
    return refused.value.code


def change(desk: Desk, schedule: Schedule, wanted: Definition, **more) -> None:
    service.change_schedule(
        actor=desk.actor,
        schedule=schedule,
        token=desk.token,
        definition=wanted,
        **{
            "preview": sign_preview(wanted, token_id=desk.token.pk, person_id=desk.user.pk),
            "seen": schedule.changed_at,
            **more,
        },
    )


@pytest.fixture
def colleague(cast, sandbox) -> Desk:
    """Ada, who has stored the same token."""
    return make_desk(cast.ada, sandbox.token)


def test_a_schedule_that_deletes_needs_the_preview_of_exactly_that_schedule(desk):
    wanted = definition(desk)
    other = sign_preview(
        dataclasses.replace(wanted, keep=Keep(last=1)), token_id=desk.token.pk, person_id=desk.user.pk
    )
    elsewhere = sign_preview(wanted, token_id="another", person_id=desk.user.pk)
    someones = sign_preview(wanted, token_id=desk.token.pk, person_id=desk.user.pk + 1)
    for proof in ("", "nonsense", other, elsewhere, someones):
        assert refusal(define, desk=desk, preview=proof) == "preview_missing"
    assert not Schedule.objects.exists()
    assert define(desk).is_active


def test_one_that_deletes_nothing_needs_none(desk):
    assert define(desk, preview="", keep=Keep()).is_active


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": " "}, "name_missing"),
        ({"name": "x" * 81}, "name_missing"),
        ({"cron": "99 * * * *"}, "bad_recurrence"),
        ({"time_zone": "Mars/Base"}, "bad_recurrence"),
        ({"name_pattern": "a b"}, "bad_pattern"),
        ({"description": "x" * 501}, "bad_pattern"),
        ({"keep": Keep(last=-1)}, "bad_retention"),
        ({"keep": Keep(daily=1001)}, "bad_retention"),
        ({"servers": ()}, "servers_missing"),
        ({"servers": tuple((number, "x") for number in range(1, 202))}, "servers_missing"),
    ],
)
def test_a_definition_that_makes_no_sense_is_refused(desk, changes, code):
    assert refusal(define, desk=desk, **changes) == code


def test_a_form_sent_twice_is_one_schedule(desk):
    assert define(desk, form_key="once").pk == define(desk, form_key="once").pk
    assert Entry.objects.filter(action="schedule.create").count() == 1


def test_the_log_says_what_was_defined(desk):
    schedule = define(desk, cron="30 2 * * *", time_zone="Europe/Berlin", keep=Keep(last=1, weekly=3))
    row = Entry.objects.get(action="schedule.create")
    number = schedule.servers.get().server_id
    assert row.full_evidence == (
        "“30 2 * * *” Europe/Berlin; keeps 1 last, 0 daily, 3 weekly, 0 monthly; "
        f"servers {number}; named “auto-{{date}}-{{time}}”"
    )
    assert (row.target, row.actor_id, row.token_label) == ("nightly", desk.user.pk, desk.token.label)


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_may_not_manage_defines_nothing(desk, role):
    wanted = define(desk)
    type(desk.user).objects.update(role=role)
    assert refusal(define, desk=desk) == "not_allowed_any_more"
    assert refusal(change, desk=desk, schedule=wanted, wanted=definition_of(wanted)) == "not_allowed_any_more"
    assert refusal(service.remove, actor=desk.actor, schedule=wanted) == "not_allowed_any_more"
    assert refusal(service.run_now, actor=desk.actor, schedule=wanted, form_key="x") == "not_allowed_any_more"
    assert Schedule.objects.get().is_active
    assert not Run.objects.exists()


def test_operators_pause_and_resume_and_viewers_do_not(desk):
    schedule = define(desk)
    type(desk.user).objects.update(role="viewer")
    assert refusal(service.pause, actor=desk.actor, schedule=schedule) == "not_allowed_any_more"
    type(desk.user).objects.update(role="operator")
    service.pause(actor=desk.actor, schedule=schedule, reason="maintenance")
    assert (schedule.state, schedule.next_due_at) == (State.PAUSED, None)
    assert refusal(service.pause, actor=desk.actor, schedule=schedule) == "schedule_not_active"
    service.resume(actor=desk.actor, schedule=schedule)
    assert schedule.is_active
    assert refusal(service.resume, actor=desk.actor, schedule=schedule) == "schedule_active"
    assert Entry.objects.get(action="schedule.pause").reason == "maintenance"


def test_what_the_portal_stopped_only_its_owner_resumes(desk, colleague):
    schedule = define(desk)
    Schedule.objects.update(state=State.PAUSED, code="five_failures", next_due_at=None, failures=5)
    schedule.refresh_from_db()
    assert refusal(service.resume, actor=colleague.actor, schedule=schedule) == "not_owner"
    service.resume(actor=desk.actor, schedule=schedule)
    assert (schedule.is_active, schedule.failures) == (True, 0)


def test_who_changes_it_becomes_its_owner(desk, colleague):
    schedule = define(desk)
    wanted = dataclasses.replace(definition_of(schedule), name="weekly", cron="0 3 * * 1")
    change(colleague, schedule, wanted)
    schedule.refresh_from_db()
    assert (schedule.owner_id, schedule.token_id) == (colleague.user.pk, colleague.token.pk)
    assert (schedule.name, schedule.cron) == ("weekly", "0 3 * * 1")
    assert schedule.next_due_at.weekday() == 0


@pytest.mark.parametrize("covers_all", [False, True])
def test_who_has_another_token_of_the_account_sees_it_and_can_take_it_over(desk, cast, signed_in, covers_all):
    schedule = define(desk, covers_all=covers_all, servers=() if covers_all else definition(desk).servers)
    other = make_desk(cast.omar, issue_token(TEAM_EMAIL, "another"))
    assert not visible_to(other.user).exists()
    view = next(one for one in other.views() if one.server_id == definition(desk).servers[0][0])
    assert visible_to(other.user).distinct().get() == schedule
    assert about_servers([view.server_id]).distinct().get() == schedule
    page = signed_in(other.user).get(reverse("server_detail", args=[other.token.pk, view.server_id]))
    assert reverse("schedule_detail", args=[schedule.pk]) in page.text
    service.pause(actor=other.actor, schedule=schedule, reason="maintenance")
    taker = make_desk(cast.ada, issue_token(TEAM_EMAIL, "a third"))
    taker.views()
    assert signed_in(cast.ada).get(reverse("schedule_change", args=[schedule.pk])).status_code == 200
    change(taker, schedule, definition_of(schedule))
    schedule.refresh_from_db()
    assert (schedule.owner_id, schedule.token_id) == (cast.ada.pk, taker.token.pk)


def test_a_token_of_another_account_does_not_change_it(desk, cast):
    other = make_desk(cast.ada, "another-token-of-another-account")
    schedule = define(desk)
    assert refusal(change, desk=other, schedule=schedule, wanted=definition_of(schedule)) == "other_token"


def test_of_two_changes_the_later_one_must_look_again(desk):
    schedule = define(desk)
    seen = schedule.changed_at
    wanted = dataclasses.replace(definition_of(schedule), description="first")
    change(desk, Schedule.objects.get(), wanted)
    code = refusal(change, desk=desk, schedule=schedule, wanted=definition_of(schedule), seen=seen)
    assert code == "schedule_changed"
    assert Schedule.objects.get().description == "first"


def test_changing_a_paused_one_leaves_it_paused_and_a_stopped_one_runs_again(desk):
    schedule = define(desk)
    service.pause(actor=desk.actor, schedule=schedule)
    change(desk, schedule, definition_of(schedule))
    assert Schedule.objects.get().state == State.PAUSED
    Schedule.objects.update(state=State.STOPPED, code="token_gone")
    schedule.refresh_from_db()
    change(desk, schedule, definition_of(schedule))
    assert Schedule.objects.get().is_active


def test_a_removed_one_is_gone_but_its_runs_are_not(desk, clock):
    schedule = define(desk)
    service.run_now(actor=desk.actor, schedule=schedule, form_key="now")
    finish(desk, clock)
    service.remove(actor=desk.actor, schedule=schedule, reason="moved away")
    assert not visible_to(desk.user).exists()
    assert Run.objects.exists()
    assert refusal(service.remove, actor=desk.actor, schedule=schedule) == "schedule_gone"
    schedule.refresh_from_db()
    assert refusal(change, desk=desk, schedule=schedule, wanted=definition_of(schedule)) == "schedule_gone"
    clock.shift(24 * 3600)
    assert silence.check_all() == 0


def test_a_run_asked_for_is_one_however_often_the_form_is_sent(desk, clock):
    schedule = define(desk)
    first = service.run_now(actor=desk.actor, schedule=schedule, form_key="now")
    assert service.run_now(actor=desk.actor, schedule=schedule, form_key="now").pk == first.pk
    assert refusal(service.run_now, actor=desk.actor, schedule=schedule, form_key="again") == "schedule_runs"
    assert finish(desk, clock).pk == first.pk
    rows = Entry.objects.filter(action="schedule.run_now")
    assert {row.actor_id for row in rows} == {desk.user.pk}
    assert rows.filter(result="completed").count() == 1


def test_people_see_their_own_and_those_of_tokens_they_have_stored(desk, colleague, cast):
    define(desk)
    assert visible_to(desk.user).count() == 1
    assert visible_to(cast.ada).count() == 1
    assert visible_to(cast.omar).count() == 0


def test_an_erased_owner_leaves_no_name_and_stops_it(desk, cast):
    schedule = define(desk)
    desk.user.is_active = False
    desk.user.save()
    erasure.erase_person(desk.user, actor=Desk(cast.ada, desk.token).actor, reason="left")
    assert silence.check_all() == 1
    schedule.refresh_from_db()
    assert schedule.code == "owner_gone"
    row = Entry.objects.get(action="schedule.stop")
    assert "Mia" not in f"{row.actor_name} {row.full_evidence}"


def test_the_digest_does_not_depend_on_the_order_of_servers(desk):
    wanted = definition(desk, servers=((1, "a"), (2, "b")))
    turned = dataclasses.replace(wanted, servers=((2, "b"), (1, "a")))
    assert wanted.digest("t") == turned.digest("t")
    assert wanted.digest("t") != dataclasses.replace(wanted, keep=Keep(last=3)).digest("t")


def test_a_preview_holds_for_an_hour(desk, clock):
    wanted = definition(desk)
    proof = sign_preview(wanted, token_id=desk.token.pk, person_id=desk.user.pk)
    clock.shift(3601)
    assert refusal(define, desk=desk, preview=proof) == "preview_missing"


def test_a_token_that_was_removed_meanwhile_makes_no_schedule(desk):
    wanted = definition(desk)
    proof = sign_preview(wanted, token_id=desk.token.pk, person_id=desk.user.pk)
    StoredToken.objects.all().delete()
    code = refusal(
        service.create_schedule,
        actor=desk.actor,
        token=desk.token,
        definition=wanted,
        preview=proof,
        form_key="x",
    )
    assert code == "token_gone"
