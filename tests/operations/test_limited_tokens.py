"""A limited token: every path sees and does what its limits leave, and the shared reading stays whole."""

import pytest
from django.urls import reverse
from django.utils import timezone

from snapshots.audit.models import Entry
from snapshots.deletions import queries as deletion_queries
from snapshots.inventory.reader import last_reading, last_whole_reading
from snapshots.inventory.shown_servers import own_token_for, servers_shown_to
from snapshots.jobs import engine
from snapshots.jobs import service as jobs
from snapshots.jobs.outcomes import results_of
from snapshots.jobs.points import still_exists
from snapshots.notifications import rules
from snapshots.notifications.models import Event, Kind
from snapshots.observations import looking
from snapshots.observations.models import KnownSnapshot
from snapshots.operations import attention, protection
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Operation, State
from snapshots.operations.reconciliation import read_and_reconcile
from snapshots.schedules import visibility
from snapshots.vault import tokens
from tests.support.actors import actor_of
from tests.support.batches import create_many, roomy, sign_servers
from tests.support.deletions import plan, target_of
from tests.support.desk import Desk, make_desk
from tests.support.limits import CREATE, RIGHTS, SEE, limit
from tests.support.schedules import define

pytestmark = pytest.mark.django_db
MAY = {
    "all": {*Action},
    "see": set(),
    "create": {Action.CREATE},
    "restore": {Action.CREATE, Action.RESTORE},
    "delete": {Action.CREATE, Action.DELETE},
}
CASES = [
    *(
        (role, "all", scope)
        for role in ("vera", "omar", "mia", "ada")
        for scope in ("all", "reached", "other")
    ),
    *((role, rights, "reached") for role in ("omar", "mia") for rights in RIGHTS if rights != "all"),
]
ROLES = {"omar": {Action.CREATE}, "mia": {*Action}, "ada": {*Action}, "vera": set()}


@pytest.fixture
def colleague(cast, desk) -> Desk:
    """Omar with the same token, whose lists were read once."""
    found = make_desk(cast.omar, tokens.decrypt(desk.token))
    found.views()
    return found


def refusals() -> list[tuple[str, str]]:
    found = Entry.objects.filter(result="refused").order_by("sequence")
    return [(one.action, one.code) for one in found]


@pytest.mark.parametrize(("role", "rights", "scope"), CASES)
@pytest.mark.parametrize("action", Action)
def test_what_role_and_limits_allow_together(cast, sandbox, role, rights, scope, action):
    desk = make_desk(getattr(cast, role), sandbox.token)
    view = desk.server()
    confirmation = desk.confirm(action, view, None if action == Action.CREATE else desk.snapshot(view))
    servers = {"all": None, "reached": [view.server_id], "other": [999_999]}[scope]
    limit(desk, servers=servers, rights=RIGHTS[rights])
    is_allowed = action in ROLES[role] & MAY[rights] and scope != "other"
    if is_allowed:
        assert desk.operate(action, view, confirmation=confirmation).state == State.ACCEPTED
        return
    with pytest.raises(OperationRefusedError) as refusal:
        desk.operate(action, view, confirmation=confirmation)
    by_token = scope == "other" or action not in MAY[rights]
    lacking = "not_own_snapshot" if (role, action) == ("omar", Action.DELETE) else "not_allowed_any_more"
    assert refusal.value.code == ("token_limited" if by_token else lacking)
    assert not Operation.objects.exists()
    assert refusals() == [(action, refusal.value.code)]


def test_servers_outside_are_not_shown_and_the_shared_reading_stays_whole(desk, colleague):
    whole = [one.server_id for one in colleague.views()]
    limit(desk, servers=whole[:2])
    assert {one.server_id for one in desk.views()} == set(whole[:2])
    assert [one.server_id for one in colleague.views(fresh=False)] == whole
    assert {one.server_id for one in desk.views(fresh=False)} == set(whole[:2])
    reading = last_reading(desk.token)
    assert {one.server.id for one in reading.snapshots} <= set(whole[:2])
    assert servers_shown_to(desk.user) == set(whole[:2])
    assert servers_shown_to(colleague.user) == set(whole)
    everything = last_whole_reading(desk.token.fingerprint)
    assert {one.id for one in everything.servers} == set(whole)


def test_evidence_of_a_colleagues_operation_comes_from_the_whole_reading(desk, colleague, clock):
    view = colleague.server()
    operation = colleague.create(view)
    limit(desk, servers=[999_999])
    for _minute in range(10):
        clock.shift(60)
        read_and_reconcile(desk.token, fresh=True)
    operation.refresh_from_db()
    assert operation.state == State.COMPLETED


def test_what_is_compared_past_the_portal_is_whole(desk):
    limit(desk, servers=[999_999])
    desk.views()
    looking.compare_all()
    assert KnownSnapshot.objects.exists()


def test_no_page_shows_a_server_outside_or_what_was_done_there(desk, colleague, signed_in):
    here, there = roomy(desk, 2)
    operation = colleague.create(there, "elsewhere")
    limit(desk, servers=[here.server_id])
    mia = signed_in(desk.user)
    ids = [desk.token.pk, there.server_id]
    for name in ("server_detail", "server_status", "snapshot_create", "snapshot_replace", "server_grace"):
        answer = mia.get(reverse(name, args=ids))
        assert answer.status_code == 404 or (name == "server_status" and "no longer" in answer.text), name
        assert there.name not in answer.text
    snapshot = there.snapshots[0].id
    for name in ("snapshot_restore", "snapshot_delete", "snapshot_keeping"):
        answer = mia.get(reverse(name, args=[desk.token.pk, snapshot]))
        assert answer.status_code == 404, name
    assert mia.get(reverse("operation_detail", args=[operation.pk])).status_code == 404
    for address in (
        "/",
        f"/?server={there.server_id}",
        "/tokens/",
        "/attention/",
        "/schedules/",
        "/deletions/",
    ):
        page = mia.get(address)
        assert there.name not in page.text, address
    assert here.name in mia.get("/").text


def test_lists_of_what_happens_leave_out_what_is_outside(desk, colleague, settings):
    settings.SNAPPORTAL_DELETE_GRACE_DAYS = 3
    here, there = roomy(desk, 2)
    ada = Desk(colleague.user, colleague.token)
    ada.user.role = "manager"
    ada.user.save()
    operations = [ada.create(view) for view in (here, there)]
    planned = [plan(ada, view) for view in (here, there)]
    schedules = [
        define(ada, servers=((view.server_id, view.name),), name=view.name) for view in (here, there)
    ]
    limit(desk, servers=[here.server_id])
    assert list(attention.visible_to(desk.user)) == operations[:1]
    assert list(deletion_queries.visible_to(desk.user)) == planned[:1]
    assert list(visibility.visible_to(desk.user)) == schedules[:1]
    job = create_many(ada, [there])
    assert not jobs.visible_to(desk.user).filter(pk=job.pk).exists()
    assert jobs.visible_to(ada.user).filter(pk=job.pk).exists()
    Operation.objects.update(state=State.UNKNOWN)
    assert [one.server_id for one in attention.needing_attention(desk.user)] == [here.server_id]


def test_the_bell_tells_nothing_of_a_server_outside(desk, colleague):
    here, there = roomy(desk, 2)
    limit(desk, servers=[here.server_id])

    def event(view) -> Event:
        return Event(
            key=f"deletion-{view.server_id}",
            kind=Kind.DELETION_DUE,
            at=timezone.now(),
            server_id=view.server_id,
            token_fingerprint=desk.token.fingerprint,
        )

    assert [rules.may_see(desk.user, event(view)) for view in (here, there)] == [True, False]
    assert rules.may_see(colleague.user, event(there))


def test_of_two_copies_the_one_that_reaches_the_server_is_used(desk):
    here, there = roomy(desk, 2)
    copy = make_desk(desk.user, tokens.decrypt(desk.token), label="copy")
    limit(desk, servers=[here.server_id])
    fingerprint = desk.token.fingerprint
    assert own_token_for(desk.user.pk, here.server_id, fingerprint=fingerprint) == desk.token
    assert own_token_for(desk.user.pk, there.server_id, fingerprint=fingerprint) == copy.token
    limit(copy, servers=[here.server_id])
    assert own_token_for(desk.user.pk, there.server_id, fingerprint=fingerprint) is None


def test_a_batch_leaves_out_what_is_outside_and_does_the_rest(desk):
    here, there = roomy(desk, 2)
    confirmation = sign_servers(desk, [here, there])
    limit(desk, servers=[here.server_id])
    job = create_many(desk, [here, there], confirmation)
    assert {one.server_id: one.code for one in job.steps.all()} == {
        here.server_id: "",
        there.server_id: "token_limited",
    }
    engine.advance_all()
    assert [one.server_id for one in Operation.objects.all()] == [here.server_id]
    assert refusals() == [("snapshot.create", "token_limited")]


def test_a_snapshot_outside_is_not_called_gone(desk, colleague):
    job = create_many(colleague, roomy(colleague))
    engine.advance_all()
    member = results_of([job])[0]
    limit(desk, servers=[999_999])
    reading = read_and_reconcile(desk.token, fresh=True)
    assert still_exists(member, {desk.token.fingerprint: reading}) is None


def test_protecting_needs_the_right_to_delete_on_this_server(desk):
    view = desk.server()
    target = target_of(desk, view)
    limit(desk, rights=CREATE)
    with pytest.raises(OperationRefusedError, match="token_limited"):
        protection.protect(actor=desk.actor, target=target)


def test_a_page_says_what_the_limits_do_not_allow_before_anything_is_typed(desk, signed_in):
    view = desk.server()
    limit(desk, rights=CREATE)
    mia = signed_in(desk.user)
    page = mia.get(reverse("server_detail", args=[desk.token.pk, view.server_id])).text
    assert "The limits of this token do not allow to restore or delete snapshots." in page
    for verb in ("restore", "delete"):
        address = reverse(f"snapshot_{verb}", args=[desk.token.pk, desk.snapshot(view).id])
        assert f'href="{address}"' not in page
        answer = mia.get(address)
        assert (answer.status_code, "limits do not allow this" in answer.text) == (403, True)
    assert reverse("snapshot_create", args=[desk.token.pk, view.server_id]) in page


def test_a_server_that_two_tokens_show_is_listed_with_the_one_that_may_do_more(desk, signed_in):
    copy = make_desk(desk.user, tokens.decrypt(desk.token), label="Zweite")
    limit(desk, rights=SEE)
    view = copy.server()
    page = signed_in(desk.user).get("/").text
    assert reverse("snapshot_create", args=[copy.token.pk, view.server_id]) in page
    assert reverse("server_detail", args=[desk.token.pk, view.server_id]) not in page


def test_an_admin_still_sees_every_operation(cast, desk, colleague):
    ada = make_desk(cast.ada, tokens.decrypt(desk.token))
    limit(ada, servers=[999_999], by=actor_of(cast.ada))
    operation = colleague.create(colleague.server())
    assert operation in attention.visible_to(cast.ada)
