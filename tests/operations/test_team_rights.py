"""What a team gives: its role on its servers, besides the own role; never a power that is not about servers."""

import pytest
from django.urls import reverse

from snapportal.accounts.models import PERMISSIONS, SERVER_PERMISSIONS, User
from snapportal.accounts.team_models import Team
from snapshots.audit.models import Entry
from snapshots.deletions import keeping
from snapshots.deletions.grace import set_grace
from snapshots.jobs import engine
from snapshots.jobs import service as jobs
from snapshots.observations import silence
from snapshots.operations import protection
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Operation, State
from snapshots.schedules import service as schedules
from snapshots.schedules import stopping
from snapshots.schedules.models import RunState
from tests.support.api import script_of
from tests.support.batches import create_many, roomy
from tests.support.deletions import plan, target_of
from tests.support.desk import Desk, make_desk
from tests.support.jobs import start_safe_restore
from tests.support.limits import CREATE, limit
from tests.support.schedules import define, finish, next_hour
from tests.support.teams import make_team

pytestmark = pytest.mark.django_db
OWN = {"vera": set(), "omar": {Action.CREATE}, "mia": {*Action}}
GIVEN = {"operator": {Action.CREATE}, "manager": {*Action}}


def join(desk: Desk, **team) -> None:
    """The desk's person becomes a member, and is read anew as the next request would."""
    make_team(members=[desk.user], **team)
    desk.user = User.objects.get(pk=desk.user.pk)


@pytest.fixture
def vera(cast, sandbox) -> Desk:
    return make_desk(cast.vera, sandbox.token)


def code_for(person: str, role: str, action: Action, *, is_given: bool) -> str:
    """Operators delete their own snapshots, and this one is nobody's."""
    if action == Action.DELETE:
        is_operator = person == "omar" or (role == "operator" and is_given)
        return "not_own_snapshot" if is_operator else "not_on_this_server"
    return "not_on_this_server" if action in GIVEN[role] else "not_allowed_any_more"


@pytest.mark.parametrize("scope", ["all", "here", "elsewhere"])
@pytest.mark.parametrize("role", GIVEN)
@pytest.mark.parametrize("person", OWN)
@pytest.mark.parametrize("action", Action)
def test_the_role_that_allows_more_counts_on_the_teams_servers(cast, sandbox, person, role, scope, action):
    desk = make_desk(getattr(cast, person), sandbox.token)
    view = desk.server()
    join(desk, role=role, servers={"all": None, "here": [view.server_id], "elsewhere": [999_999]}[scope])
    given = GIVEN[role] if scope != "elsewhere" else set()
    if action in OWN[person] | given:
        assert desk.operate(action, view).state == State.ACCEPTED
        return
    with pytest.raises(OperationRefusedError) as refusal:
        desk.operate(action, view)
    code = code_for(person, role, action, is_given=bool(given))
    assert refusal.value.code == code
    assert not Operation.objects.exists()
    assert [(one.action, one.code) for one in Entry.objects.filter(result="refused")] == [(action, code)]


@pytest.mark.parametrize("role", [*GIVEN, "admin"])
def test_no_team_gives_a_power_that_is_not_about_servers(cast, role):
    make_team(members=[cast.vera, cast.omar])
    Team.objects.update(role=role)  # no form offers "admin"
    every = {one for permissions in PERMISSIONS.values() for one in permissions}
    for person in (User.objects.get(pk=cast.vera.pk), User.objects.get(pk=cast.omar.pk)):
        gained = {one for one in every if person.has_perm(one)} - PERMISSIONS[person.role]
        assert gained <= SERVER_PERMISSIONS
        assert (
            not {one for one in every - SERVER_PERMISSIONS if person.has_perm_anywhere(one)}
            - PERMISSIONS[person.role]
        )


def test_a_team_counts_for_nobody_whose_role_has_no_servers_or_who_is_deactivated(cast):
    team = make_team(members=[cast.vera, cast.omar])
    User.objects.filter(pk=cast.vera.pk).update(role="auditor")
    User.objects.filter(pk=cast.omar.pk).update(is_active=False)
    assert team.members.count() == 2
    for person in (cast.vera, cast.omar):
        found = User.objects.get(pk=person.pk)
        assert not found.has_perm_anywhere("snapshots.restore")
        assert not found.has_perm("snapshots.restore", 1)


def test_the_limits_of_the_token_hold_in_a_team_too(vera):
    view = vera.server()
    join(vera, servers=[view.server_id])
    limit(vera, rights=CREATE)
    assert vera.create(view).state == State.ACCEPTED
    with pytest.raises(OperationRefusedError, match="token_limited"):
        vera.operate(Action.DELETE, view)


def test_pages_offer_it_on_the_teams_servers_alone(vera, signed_in):
    here, there = roomy(vera, 2)
    join(vera, servers=[here.server_id])
    browser = signed_in(vera.user)
    page = browser.get("/").text
    for view, is_there in ((here, True), (there, False)):
        create = reverse("snapshot_create", args=[vera.token.pk, view.server_id])
        assert (f'href="{create}"' in page) == is_there
        answer = browser.get(create)
        assert answer.status_code == (200 if is_there else 403)
        assert ("You may not do this on this server" in answer.text) != is_there
        for name in ("server_grace", "server_silence"):
            status = browser.get(reverse(name, args=[vera.token.pk, view.server_id])).status_code
            assert status == (200 if is_there else 403), name
    assert Entry.objects.filter(action="access.refuse").count() == 2
    assert browser.get(reverse("person_list")).status_code == 403


def test_what_is_set_about_a_server_needs_the_right_there(vera, settings):
    here, there = roomy(vera, 2)
    join(vera, servers=[here.server_id])
    settings.SNAPPORTAL_DELETE_GRACE_DAYS = 3

    def everything(view):
        about = {"actor": vera.actor, "server_id": view.server_id, "server_name": view.name, "days": 2}
        return [
            lambda: set_grace(**about, reason="the disk is full"),
            lambda: silence.set_days(**about),
            lambda: plan(vera, view),
            lambda: protection.protect(actor=vera.actor, target=target_of(vera, view)),
        ]

    for act in everything(there):
        with pytest.raises(OperationRefusedError, match="not_on_this_server"):
            act()
    for act in everything(here):
        act()


def test_calling_a_deletion_back_needs_the_right_there(cast, desk, settings):
    settings.SNAPPORTAL_DELETE_GRACE_DAYS = 3
    here, there = roomy(desk, 2)
    vera = make_desk(cast.vera, "sbx_another")
    join(vera, role="operator", servers=[here.server_id])
    for view, is_allowed in ((there, False), (here, True)):
        planned = plan(desk, view)
        if is_allowed:
            keeping.keep(actor=vera.actor, planned=planned)
        else:
            with pytest.raises(OperationRefusedError, match="not_on_this_server"):
                keeping.keep(actor=vera.actor, planned=planned)


def test_a_batch_leaves_out_the_servers_of_others(vera):
    here, there = roomy(vera, 2)
    join(vera, servers=[here.server_id])
    job = create_many(vera, [here, there])
    engine.advance_all()
    assert {one.server_id: one.code for one in job.steps.all()} == {
        here.server_id: "",
        there.server_id: "not_on_this_server",
    }
    assert {one.server_id for one in Operation.objects.all()} == {here.server_id}


def test_a_job_is_cancelled_by_those_who_have_its_rights_there(cast, desk):
    here, there = roomy(desk, 2)
    make_team(servers=[here.server_id], members=[cast.vera])
    vera = User.objects.get(pk=cast.vera.pk)
    assert jobs.may_cancel(vera, start_safe_restore(desk, here))
    assert not jobs.may_cancel(vera, start_safe_restore(desk, there))


class TestSchedules:
    pytestmark = pytest.mark.django_db(transaction=True)

    def test_one_is_made_for_the_teams_servers_alone(self, vera):
        here, there = roomy(vera, 2)
        join(vera, servers=[here.server_id])
        schedule = define(vera, servers=((here.server_id, here.name),))
        assert stopping.reason_to_stop(schedule) == ""
        for outside in ({"servers": ((there.server_id, there.name),)}, {"covers_all": True}):
            with pytest.raises(OperationRefusedError, match="not_on_this_server"):
                define(vera, **outside)

    def test_a_team_for_all_servers_may_make_one_for_all(self, vera):
        join(vera, servers=None)
        assert stopping.reason_to_stop(define(vera, covers_all=True)) == ""

    def test_only_those_with_the_right_on_all_its_servers_pause_or_remove_it(self, cast, desk):
        here, there = roomy(desk, 2)
        schedule = define(desk, servers=[(view.server_id, view.name) for view in (here, there)])
        vera = Desk(cast.vera, desk.token)
        join(vera, servers=[here.server_id])
        for act in (schedules.pause, schedules.remove):
            with pytest.raises(OperationRefusedError, match="not_on_this_server"):
                act(actor=vera.actor, schedule=schedule)
        join(vera, name="Second", servers=[there.server_id])
        schedules.pause(actor=vera.actor, schedule=schedule)

    def test_when_the_team_loses_a_server_that_one_is_left_out(self, vera, clock):
        here, there = roomy(vera, 2)
        join(vera, servers=[here.server_id, there.server_id])
        define(vera, servers=[(view.server_id, view.name) for view in (here, there)])
        team = vera.user.own_teams[0]
        team.servers = [[here.server_id, here.name]]
        team.save()
        clock.move_to(next_hour())
        run = finish(vera, clock)
        assert (run.state, run.code) == (RunState.PARTLY, "not_on_this_server")
        assert {one.server_id for one in Operation.objects.all()} == {here.server_id}

    def test_when_the_team_is_gone_it_stops(self, vera):
        here, _there = roomy(vera, 2)
        join(vera, servers=[here.server_id])
        schedule = define(vera, servers=((here.server_id, here.name),))
        vera.user.own_teams[0].delete()
        assert stopping.stop_orphans() == 1
        schedule.refresh_from_db()
        assert schedule.code == "owner_lacks_right"


def test_a_key_of_a_member_may_what_the_team_gives_where_it_gives_it(vera):
    here, there = roomy(vera, 2)
    join(vera, role="operator", servers=[here.server_id])
    script = script_of(vera, rights=["snapshots.see", "snapshots.create"])
    assert script.post("snapshots/", {"server_id": here.server_id, "name": "by-key"}).status_code == 201
    answer = script.post("snapshots/", {"server_id": there.server_id, "name": "by-key"})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_on_this_server")
    assert "snapshots.create" in script.get("account/me/").json()["token"]["permissions"]
