"""Create, restore and delete: one intent, one call and one outcome each; and the operations that our own rules refuse."""

import pytest

from snapshots.audit.models import Entry
from snapshots.operations import attention
from snapshots.operations.confirmation import sign_confirmation
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Action, Operation, State
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from snapshots.vault import tokens
from tests.support.desk import make_desk

pytestmark = pytest.mark.django_db


def results(action: str) -> list[tuple[str, str]]:
    return list(Entry.objects.filter(action=action).order_by("sequence").values_list("phase", "result"))


def test_a_create_records_its_intent_and_is_then_accepted(desk):
    operation = desk.create(desk.server(), name="before-upgrade", description="nginx", reason="nginx 1.26")
    assert operation.state == State.ACCEPTED
    assert SandboxSnapshot.objects.get(pk=operation.snapshot_id).name == "before-upgrade"
    assert results("snapshot.create") == [("intent", "pending"), ("outcome", "accepted")]


def test_the_audit_rows_record_who_what_where_why_and_with_which_token(desk):
    view = desk.server()
    operation = desk.restore(view, desk.snapshot(view), reason="the upgrade went wrong")
    for entry in Entry.objects.filter(operation_id=operation.pk):
        assert (entry.actor_id, entry.actor_name, entry.actor_role) == (desk.user.pk, "Mia", "manager")
        assert (entry.server_id, entry.server_name) == (view.server_id, view.name)
        assert (entry.snapshot_id, entry.snapshot_name) == (operation.snapshot_id, operation.snapshot_name)
        assert entry.reason == "the upgrade went wrong"
        assert (entry.token_label, entry.token_fingerprint) == (desk.token.label, desk.token.fingerprint)
    outcome = Entry.objects.get(operation_id=operation.pk, phase="outcome")
    assert outcome.provider_status == 200
    assert "being restored" in outcome.provider_message
    assert outcome.duration_ms is not None


def test_a_delete_is_completed_when_the_next_list_no_longer_shows_the_snapshot(desk):
    view = desk.server()
    snapshot = desk.snapshot(view)
    operation = desk.delete(view, snapshot)
    assert operation.state == State.ACCEPTED
    assert not any(one.id == snapshot.id for one in desk.server(view.name).snapshots)
    operation.refresh_from_db()
    assert operation.state == State.COMPLETED
    assert "Observed absent" in operation.evidence
    assert results("snapshot.delete") == [
        ("intent", "pending"),
        ("outcome", "accepted"),
        ("outcome", "completed"),
    ]


def test_a_form_sent_twice_is_one_operation(desk):
    view = desk.server()
    confirmation = desk.confirm(Action.CREATE, view)
    first = desk.create(view, confirmation=confirmation)
    second = desk.create(view, confirmation=confirmation)
    assert first.pk == second.pk
    assert Operation.objects.count() == 1
    assert SandboxSnapshot.objects.filter(name="before-change").count() == 1


def test_a_restore_needs_the_servers_name_and_a_reason(desk):
    view = desk.server()
    snapshot = desk.snapshot(view)
    for wrong, code in [({"typed_name": "other"}, "name_mismatch"), ({"reason": "  "}, "reason_missing")]:
        with pytest.raises(OperationRefusedError) as error:
            desk.restore(view, snapshot, **wrong)
        assert error.value.code == code
    assert [result for _, result in results("snapshot.restore")] == ["refused", "refused"]
    assert not Operation.objects.exists()


def test_a_snapshot_that_changed_since_it_was_shown_must_be_confirmed_again(desk):
    view = desk.server()
    snapshot = desk.snapshot(view)
    confirmation = desk.confirm(Action.DELETE, view, snapshot)
    SandboxSnapshot.objects.filter(pk=snapshot.id).update(description="replaced meanwhile")
    with pytest.raises(OperationRefusedError, match="snapshot_changed"):
        desk.delete(view, snapshot, confirmation)


def test_an_operation_on_a_snapshot_that_no_longer_exists_is_refused(desk):
    view = desk.server()
    snapshot = desk.snapshot(view)
    confirmation = desk.confirm(Action.DELETE, view, snapshot)
    SandboxSnapshot.objects.filter(pk=snapshot.id).delete()
    with pytest.raises(OperationRefusedError, match="snapshot_gone"):
        desk.delete(view, snapshot, confirmation)


def test_a_confirmation_is_for_one_person_one_operation_and_one_token(desk, cast):
    view = desk.server()
    snapshot = desk.snapshot(view)
    foreign = sign_confirmation(
        actor_id=cast.ada.pk,
        action=Action.DELETE,
        token_id=desk.token.pk,
        server_id=view.server_id,
        snapshot=snapshot,
    )
    for text in (foreign, desk.confirm(Action.RESTORE, view, snapshot), "nonsense", ""):
        with pytest.raises(OperationRefusedError, match="confirmation_invalid"):
            desk.delete(view, snapshot, text or "x")


def test_a_confirmation_is_not_for_another_token_of_the_same_person(desk):
    """Both tokens show the same snapshot: the second one is a copy of the first."""
    view = desk.server()
    snapshot = desk.snapshot(view)
    other = make_desk(desk.user, tokens.decrypt(desk.token), label="The same under another name")
    with pytest.raises(OperationRefusedError, match="confirmation_invalid"):
        other.delete(view, snapshot, desk.confirm(Action.DELETE, view, snapshot))
    assert SandboxSnapshot.objects.filter(pk=snapshot.id).exists()
    assert other.delete(view, snapshot).state == State.ACCEPTED


def test_an_old_confirmation_expires(desk):
    import time_machine as clock

    view = desk.server()
    snapshot = desk.snapshot(view)
    with clock.travel(0, tick=False):
        old = desk.confirm(Action.DELETE, view, snapshot)
    with pytest.raises(OperationRefusedError, match="confirmation_expired"):
        desk.delete(view, snapshot, old)


def test_at_the_limit_of_snapshots_nothing_is_sent(desk):
    full = next(view for view in desk.views() if view.is_full)
    with pytest.raises(OperationRefusedError, match="limit_reached"):
        desk.create(full)
    assert not Operation.objects.exists()


@pytest.mark.parametrize("name", ["", "two words", "ümlaut", "semi;colon", "a" * 101, "line\n"])
def test_an_invalid_name_is_never_sent(desk, name):
    with pytest.raises(OperationRefusedError, match="bad_name"):
        desk.create(desk.server(), name=name)


def test_while_a_restore_runs_no_other_write_reaches_the_server(desk):
    view = desk.server()
    snapshot = desk.snapshot(view)
    restore = desk.restore(view, snapshot)
    assert restore.state == State.ACCEPTED
    for attempt in (
        lambda: desk.create(view),
        lambda: desk.restore(view, snapshot),
        lambda: desk.delete(view, snapshot),
    ):
        with pytest.raises(OperationRefusedError, match="server_held"):
            attempt()
    assert Operation.objects.count() == 1


def test_a_person_who_may_restore_can_override_with_a_reason(desk):
    view = desk.server()
    snapshot = desk.snapshot(view)
    desk.restore(view, snapshot)
    operation = desk.delete(view, snapshot, override_reason="the restore is stuck, support agreed")
    assert operation.state == State.ACCEPTED
    assert "support agreed" in Entry.objects.filter(operation_id=operation.pk).first().reason


def test_an_operator_cannot_override(desk, cast):
    view = desk.server()
    desk.restore(view, desk.snapshot(view))
    desk.user.role = "operator"
    with pytest.raises(OperationRefusedError, match="server_held"):
        desk.create(view, override_reason="let me")


def test_a_token_that_cannot_be_decrypted_sends_nothing(desk, settings):
    view = desk.server()
    confirmation = desk.confirm(Action.CREATE, view)
    settings.SNAPPORTAL_TOKEN_KEYS = {"other": bytes(range(32))}
    with pytest.raises(OperationRefusedError, match="not_confirmed_live"):
        desk.create(view, confirmation=confirmation)


def test_a_person_closes_an_unknown_operation_with_a_reason(desk):
    view = desk.server()
    operation = desk.restore(view, desk.snapshot(view))
    with pytest.raises(OperationRefusedError, match="still_open"):
        attention.close_operation(actor=desk.actor, operation=operation, finding="happened", reason="looked")
    Operation.objects.update(state=State.UNKNOWN)
    operation.refresh_from_db()
    with pytest.raises(OperationRefusedError, match="reason_missing"):
        attention.close_operation(actor=desk.actor, operation=operation, finding="happened", reason=" ")
    closed = attention.close_operation(
        actor=desk.actor, operation=operation, finding="happened", reason="I looked at the server"
    )
    assert (closed.state, closed.finding) == (State.RECONCILED, "happened")
    entry = Entry.objects.latest("sequence")
    assert (entry.result, entry.evidence, entry.settled_by) == (
        "reconciled",
        "A person says: “I looked at the server”",
        "Mia (manager)",
    )
    with pytest.raises(OperationRefusedError, match="already_closed"):
        attention.close_operation(actor=desk.actor, operation=closed, finding="happened", reason="again")


def test_the_state_is_read_again_when_a_person_closes_an_operation(desk):
    view = desk.server()
    operation = desk.restore(view, desk.snapshot(view))
    old = Operation.objects.get(pk=operation.pk)
    old.state = State.UNKNOWN  # as shown by a page that has been open for a while
    with pytest.raises(OperationRefusedError, match="still_open"):
        attention.close_operation(actor=desk.actor, operation=old, finding="not_happened", reason="looked")
    operation.refresh_from_db()
    assert operation.state == State.ACCEPTED


def test_a_server_that_the_provider_is_restoring_is_held_even_if_requested_elsewhere(desk):
    from snapshots.sandbox.models import Restore

    view = desk.server()
    snapshot = desk.snapshot(view)
    desk.restore(view, snapshot)
    Operation.objects.all().delete()  # as if it had been requested elsewhere
    assert Restore.objects.exists()
    with pytest.raises(OperationRefusedError, match="server_held"):
        desk.delete(view, snapshot)


def test_a_token_removed_before_the_intent_sends_nothing(desk):
    view = desk.server()
    desk.token.__class__.objects.filter(pk=desk.token.pk).delete()
    with pytest.raises(OperationRefusedError, match="token_gone"):
        desk.create(view)
    assert not Operation.objects.exists()


def test_an_operation_without_its_person_and_token_stays_visible_to_those_who_can_act(desk, cast):
    view = desk.server()
    operation = desk.restore(view, desk.snapshot(view))
    Operation.objects.update(state=State.UNKNOWN, token_fingerprint="e" * 64, actor_id=0)
    assert attention.needing_attention(desk.user) == [operation], "Mia's token shows the server that it holds"
    assert attention.needing_attention(cast.ada) == [operation], "Ada manages people"
    assert attention.needing_attention(cast.vera) == []


def test_an_operation_without_an_answer_for_longer_than_a_call_may_take_needs_attention(desk, settings):
    from datetime import timedelta

    import time_machine
    from django.utils import timezone

    operation = desk.create(desk.server())
    Operation.objects.update(state=State.SENT)
    assert attention.needing_attention(desk.user) == []
    with time_machine.travel(timezone.now() + timedelta(seconds=16)):
        assert attention.needing_attention(desk.user) == [operation]
