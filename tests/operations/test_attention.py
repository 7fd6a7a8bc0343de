"""Which operations need a person, who sees them, and who may close them by hand."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from snapportal.accounts.models import Role, User
from snapshots.audit.journal import Actor
from snapshots.audit.models import Entry
from snapshots.operations import attention, rights
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Operation, State
from snapshots.vault import tokens
from tests.support.evidence import open_operation

pytestmark = pytest.mark.django_db
ELSEWHERE = {"actor_id": 9999, "token_fingerprint": "f" * 64, "server_id": 777}


def as_actor(person: User) -> Actor:
    return Actor(id=person.pk, name=person.name, role=person.role)


def close(person: User, operation: Operation, **changes) -> Operation:
    values = {"finding": "undecided", "reason": "nobody knows", **changes}
    return attention.close_operation(actor=as_actor(person), operation=operation, **values)


def ids(operations) -> set:
    return {one.pk for one in operations}


def ago(**by):
    return timezone.now() - timedelta(**by)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reason": ""}, "reason_missing"),
        ({"reason": " \n"}, "reason_missing"),
        ({"finding": ""}, "finding_missing"),
        ({"finding": "perhaps"}, "finding_missing"),
    ],
)
def test_closing_needs_a_reason_and_a_finding(desk, changes, code):
    operation = open_operation(desk)
    with pytest.raises(OperationRefusedError, match=rf"\A{code}\Z"):
        close(desk.user, operation, **changes)
    assert Operation.objects.get().state == State.UNKNOWN


@pytest.mark.parametrize("finding", ["happened", "not_happened", "undecided"])
def test_each_finding_closes_an_unknown_operation(desk, finding):
    operation = close(desk.user, open_operation(desk), finding=finding)
    assert (operation.state, operation.finding, operation.settled_by) == (
        State.RECONCILED,
        finding,
        "Mia (manager)",
    )
    assert Operation.objects.get().evidence == "A person says: “nobody knows”"


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (State.PENDING, "still_open"),
        (State.SENT, "still_open"),
        (State.ACCEPTED, "still_open"),
        (State.COMPLETED, "already_closed"),
        (State.FAILED, "already_closed"),
        (State.RECONCILED, "already_closed"),
    ],
)
def test_an_operation_in_another_state_is_not_closed(desk, state, code):
    operation = open_operation(desk)
    Operation.objects.update(state=state, accepted_at=timezone.now())  # after the person's page was read
    with pytest.raises(OperationRefusedError, match=rf"\A{code}\Z") as error:
        close(desk.user, operation)
    assert error.value.code == code
    assert Operation.objects.get().state == state


def test_what_evidence_changes_at_the_same_moment_comes_first(desk, monkeypatch):
    operation = open_operation(desk)
    monkeypatch.setattr(
        attention, "can_be_closed", lambda one: bool(Operation.objects.update(state=State.COMPLETED))
    )
    with pytest.raises(OperationRefusedError, match=r"\Aalready_closed\Z"):
        close(desk.user, operation)
    assert not Entry.objects.filter(operation_id=operation.pk).exists()


@pytest.mark.parametrize("change", [{"role": Role.OPERATOR}, {"is_active": False}])
def test_a_person_who_lost_the_right_closes_nothing(desk, change):
    operation = open_operation(desk)
    User.objects.filter(pk=desk.user.pk).update(**change)
    with pytest.raises(OperationRefusedError, match=r"\Anot_allowed_any_more\Z"):
        close(desk.user, operation)
    assert Operation.objects.get().state == State.UNKNOWN
    assert not Entry.objects.filter(operation_id=operation.pk).exists()


def test_a_person_who_does_not_see_an_operation_does_not_close_it(desk):
    operation = open_operation(desk, **ELSEWHERE)
    with pytest.raises(OperationRefusedError, match=r"\Anot_allowed_any_more\Z"):
        close(desk.user, operation)
    assert Operation.objects.get().state == State.UNKNOWN


def test_rights_are_read_again_from_the_database(cast):
    assert rights.check_still_allowed(cast.mia.pk, "snapshots.restore") == cast.mia
    for actor_id, permission in (
        (cast.mia.pk, "people.manage"),
        (None, "snapshots.restore"),
        (0, "snapshots.restore"),
    ):
        with pytest.raises(OperationRefusedError, match=r"\Anot_allowed_any_more\Z"):
            rights.check_still_allowed(actor_id, permission)


def test_a_person_sees_their_own_operations_and_those_of_their_tokens(desk, cast):
    tokens.store(user_id=cast.omar.pk, label="O", token="a-token-of-omar-123456", stored_by_name="O")
    shared = tokens.fingerprint_of("a-token-of-omar-123456")
    own = open_operation(desk, **ELSEWHERE | {"actor_id": cast.omar.pk}, idempotency_key="own")
    of_token = open_operation(desk, **ELSEWHERE | {"token_fingerprint": shared}, idempotency_key="token")
    other = open_operation(desk, **ELSEWHERE, idempotency_key="other")
    on_server = open_operation(
        desk, **ELSEWHERE | {"server_id": desk.server().server_id}, idempotency_key="server"
    )
    assert ids(attention.visible_to(cast.omar)) == {own.pk, of_token.pk}
    assert ids(attention.visible_to(cast.mia)) == {on_server.pk}
    assert ids(attention.visible_to(cast.ada)) == {own.pk, of_token.pk, other.pk, on_server.pk}
    assert ids(attention.visible_to(cast.vera)) == set()
    assert ids(attention.visible_to(AnonymousUser())) == set()


def test_who_sees_a_server_that_only_a_list_names_sees_its_operations(imaginary_desk, imaginary):
    imaginary.snapshots.clear()  # the servers list alone shows them
    imaginary_desk.views()
    listed = operation_on(imaginary_desk, 7)
    operation_on(imaginary_desk, 99)
    assert ids(attention.visible_to(imaginary_desk.user)) == {listed.pk}


def test_who_sees_a_server_that_only_a_snapshot_names_sees_its_operations(imaginary_desk, imaginary):
    imaginary.reads = "no servers"
    imaginary_desk.views()
    listed = operation_on(imaginary_desk, 8)
    operation_on(imaginary_desk, 99)
    assert ids(attention.visible_to(imaginary_desk.user)) == {listed.pk}


def operation_on(desk, server_id: int) -> Operation:
    return Operation.objects.create(
        idempotency_key=f"k{server_id}",
        action=Action.CREATE,
        state=State.UNKNOWN,
        created_at=timezone.now(),
        **ELSEWHERE | {"server_id": server_id},
    )


def test_only_overdue_operations_that_the_person_sees_need_attention(desk, cast):
    unknown = open_operation(desk, idempotency_key="unknown")
    open_operation(desk, state=State.ACCEPTED, accepted_at=timezone.now(), idempotency_key="running")
    open_operation(desk, state=State.FAILED, idempotency_key="failed")
    assert [one.pk for one in attention.needing_attention(desk.user)] == [unknown.pk]
    assert attention.needing_attention(cast.vera) == []
    Operation.objects.filter(pk=unknown.pk).update(state=State.COMPLETED)
    assert attention.needing_attention(desk.user) == []


@pytest.mark.parametrize("state", [State.PENDING, State.SENT])
@pytest.mark.parametrize(("seconds", "is_overdue"), [(8, False), (12, True)])
def test_an_operation_without_an_answer_is_overdue_after_the_time_of_a_call(
    desk, settings, state, seconds, is_overdue
):
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = 10
    old = ago(days=1)
    times = {"sent_at": ago(seconds=seconds), "created_at": old}
    if state == State.PENDING:
        times = {"sent_at": None, "created_at": ago(seconds=seconds)}
    assert attention.is_overdue(open_operation(desk, state=state, **times)) == is_overdue


@pytest.mark.parametrize(("minutes", "is_overdue"), [(14, False), (16, True)])
def test_an_accepted_restore_is_overdue_after_a_quarter_of_an_hour(desk, minutes, is_overdue):
    operation = open_operation(
        desk, state=State.ACCEPTED, accepted_at=ago(minutes=minutes), created_at=ago(days=1)
    )
    assert (attention.is_overdue(operation), attention.can_be_closed(operation)) == (is_overdue, is_overdue)


@pytest.mark.parametrize(
    "state", [State.PENDING, State.SENT, State.COMPLETED, State.FAILED, State.RECONCILED]
)
def test_other_old_operations_cannot_be_closed(desk, state):
    assert not attention.can_be_closed(open_operation(desk, state=state, created_at=ago(days=1)))


def test_operations_that_a_removed_token_leaves_open_are_counted(desk, cast):
    assert attention.count_left_open(desk.token) == 0
    open_operation(desk, idempotency_key="open")
    open_operation(desk, idempotency_key="sent", state=State.SENT)
    open_operation(desk, idempotency_key="ended", state=State.COMPLETED)
    open_operation(desk, idempotency_key="other", token_fingerprint="f" * 64)
    assert attention.count_left_open(desk.token) == 2
    copy = tokens.store(
        user_id=cast.omar.pk, label="Copy", token=tokens.decrypt(desk.token), stored_by_name="Omar"
    )
    assert attention.count_left_open(desk.token) == attention.count_left_open(copy) == 0
