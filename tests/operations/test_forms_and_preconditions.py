"""A confirmation is for one form, person, operation, token and state of the snapshot; and what is refused before sending."""

import math
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import time_machine
from django.core import signing
from django.utils import timezone

from snapshots.connection import OPTIONAL_SECONDS
from snapshots.contract import ServerRef, Snapshot
from snapshots.inventory import leases
from snapshots.operations import confirmation, idempotency, preconditions
from snapshots.operations.confirmation import ConfirmationError, read_confirmation, sign_confirmation
from snapshots.operations.drafts import draft_operation
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.idempotency import claim, claim_seconds, operation_for_key
from snapshots.operations.models import Action, Operation, State
from tests.support.evidence import open_operation

pytestmark = pytest.mark.django_db
SNAPSHOT = Snapshot(id=801, server=ServerRef(7, "web"), name="weekly", status="completed")
BOUND = {"actor_id": 1, "action": "snapshot.delete", "token_id": "t"}


def signed(snapshot: Snapshot | None = SNAPSHOT) -> str:
    return sign_confirmation(server_id=7, snapshot=snapshot, **BOUND)


def refused(code: str):
    return pytest.raises(OperationRefusedError, match=rf"\A{code}\Z")


def test_a_confirmation_holds_what_was_shown():
    read = read_confirmation(signed(), **BOUND)
    assert (read.actor_id, read.action, read.token_id) == (1, "snapshot.delete", "t")
    assert (read.server_id, read.snapshot_id) == (7, 801)
    assert read.fingerprint == confirmation.snapshot_fingerprint(SNAPSHOT)
    assert len(read.fingerprint) == 64
    assert len(read.idempotency_key) == 32
    assert read.idempotency_key != read_confirmation(signed(), **BOUND).idempotency_key
    without = read_confirmation(signed(None), **BOUND)
    assert (without.snapshot_id, without.fingerprint) == (None, "")


@pytest.mark.parametrize(
    "other", [{"actor_id": 2}, {"actor_id": None}, {"action": "snapshot.restore"}, {"token_id": "u"}]
)
def test_a_confirmation_for_something_else_is_invalid(other):
    with pytest.raises(ConfirmationError, match=r"\Aconfirmation_invalid\Z") as error:
        read_confirmation(signed(), **BOUND | other)
    assert error.value.code == "confirmation_invalid"


INCOMPLETE = signing.dumps({"actor_id": 1}, salt=confirmation.SALT)


@pytest.mark.parametrize("text", ["", "nothing", INCOMPLETE], ids=["empty", "unsigned", "incomplete"])
def test_a_text_that_is_no_confirmation_is_invalid(text):
    with pytest.raises(ConfirmationError, match=r"\Aconfirmation_invalid\Z"):
        read_confirmation(text, **BOUND)


def test_a_text_signed_for_another_purpose_is_invalid():
    values = signing.loads(signed(), salt=confirmation.SALT)
    for other in (signing.dumps(values, salt="another"), signing.dumps(values)):
        with pytest.raises(ConfirmationError, match=r"\Aconfirmation_invalid\Z"):
            read_confirmation(other, **BOUND)


def test_a_confirmation_expires_after_an_hour():
    text = signed()
    now = timezone.now()
    with time_machine.travel(now + timedelta(minutes=59), tick=False):
        assert read_confirmation(text, **BOUND)
    with (
        time_machine.travel(now + timedelta(minutes=61), tick=False),
        pytest.raises(ConfirmationError, match=r"\Aconfirmation_expired\Z") as error,
    ):
        read_confirmation(text, **BOUND)
    assert error.value.code == "confirmation_expired"


def test_a_claim_lasts_as_long_as_reading_both_lists(settings):
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = "10"
    assert claim_seconds() == 10.0 + OPTIONAL_SECONDS + 2


def test_a_claim_is_held_inside_the_block_and_released_after_it(settings):
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = 10
    with claim("k") as earlier:
        assert earlier is None
        assert claim_seconds() - 1 < leases.seconds_left("once:k") <= claim_seconds()
        assert not leases.take("once:k", "another", 1)
    assert leases.seconds_left("once:k") == 0
    with pytest.raises(ZeroDivisionError), claim("k"):
        raise ZeroDivisionError
    assert leases.seconds_left("once:k") == 0


def test_a_form_that_has_its_operation_is_not_claimed(desk):
    operation = open_operation(desk, idempotency_key="k")
    assert (operation_for_key("k"), operation_for_key("other")) == (operation, None)
    with claim("k") as earlier:
        assert earlier == operation
        assert leases.seconds_left("once:k") == 0


def test_an_operation_that_came_between_the_look_and_the_claim_is_found(desk, monkeypatch):
    def take(*arguments: object) -> bool:
        open_operation(desk, idempotency_key="k")
        return True

    monkeypatch.setattr(leases, "take", take)
    with claim("k") as earlier:
        assert earlier == Operation.objects.get()


def test_while_too_many_wait_the_form_is_refused_with_the_time_that_is_left(monkeypatch):
    monkeypatch.setattr(idempotency, "_waiting", threading.BoundedSemaphore(1))
    idempotency._waiting.acquire()
    leases.take("once:k", "another", 41.5)
    with refused("being_checked") as error, claim("k"):
        raise AssertionError
    assert error.value.retry_after_seconds == 42
    assert leases.seconds_left("once:k") > 41  # not taken from the other


@pytest.mark.alone
def test_a_second_form_takes_over_a_claim_that_is_over():
    leases.take("once:k", "another", 0.15)
    start = time.monotonic()
    with claim("k") as earlier:
        assert earlier is None
        assert not leases.take("once:k", "a third", 1)
    assert 0.1 < time.monotonic() - start < 3
    assert leases.seconds_left("once:k") == 0


def test_a_second_form_gets_the_operation_of_the_first_and_leaves_its_claim(desk, monkeypatch):
    leases.take("once:k", "another", 30)
    sleep, slept = time.sleep, []

    def make_operation(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            open_operation(desk, idempotency_key="k")
        sleep(0)

    monkeypatch.setattr(idempotency.time, "sleep", make_operation)
    with claim("k") as earlier:
        assert earlier == Operation.objects.get()
    assert slept == [0.05] * 3
    assert leases.seconds_left("once:k") > 0
    assert all(
        idempotency._waiting.acquire(blocking=False) for _ in range(idempotency._waiting._initial_value)
    )
    for _ in range(idempotency._waiting._initial_value):
        idempotency._waiting.release()


def test_a_form_that_waited_for_the_whole_claim_is_refused(monkeypatch):
    leases.take("once:k", "another", 500)
    looks: list[float] = []
    times = iter([0.0, 1.0, claim_seconds() + 0.9, claim_seconds() + 1, claim_seconds() + 2])
    clock = type("Clock", (), {"monotonic": lambda: next(times), "sleep": looks.append})
    monkeypatch.setattr(idempotency, "time", clock)
    with refused("being_checked") as error, claim("k"):
        raise AssertionError
    assert len(looks) == 2
    assert math.isclose(error.value.retry_after_seconds, 500, abs_tol=2)


def test_a_refusal_without_a_time_says_zero():
    error = OperationRefusedError("bad_name")
    assert (error.code, str(error), error.retry_after_seconds) == ("bad_name", "bad_name", 0)


def confirmed_for(view, snapshot: Snapshot | None, **changes) -> confirmation.Confirmation:
    text = sign_confirmation(server_id=view.server_id, snapshot=snapshot, **BOUND)
    return replace(read_confirmation(text, **BOUND), **changes)


def test_the_snapshot_must_be_what_the_person_saw(imaginary_desk):
    view = imaginary_desk.server("web")
    snapshot = view.snapshots[0]
    other_server = imaginary_desk.server("db").snapshots[0]
    assert preconditions.unchanged_snapshot(confirmed_for(view, snapshot), view) == snapshot
    for wrong, code in [
        (confirmed_for(view, snapshot, snapshot_id=999), "snapshot_gone"),
        (confirmed_for(view, snapshot, snapshot_id=None), "snapshot_gone"),
        (confirmed_for(view, snapshot, fingerprint=""), "snapshot_changed"),
        (confirmed_for(view, other_server), "snapshot_changed"),
    ]:
        with refused(code):
            preconditions.unchanged_snapshot(wrong, view)
    incomplete = replace(view, reading=replace(view.reading, cut_by="deadline"))
    with refused("list_incomplete"):
        preconditions.unchanged_snapshot(confirmed_for(view, snapshot, snapshot_id=999), incomplete)


def test_a_snapshot_whose_deletion_was_accepted_is_refused(imaginary_desk):
    view = imaginary_desk.server("web")
    snapshot = view.snapshots[0]
    deleting = open_operation(
        imaginary_desk, Action.DELETE, state=State.ACCEPTED, server_id=7, snapshot_id=snapshot.id
    )
    with refused("snapshot_deleting"):
        preconditions.unchanged_snapshot(confirmed_for(view, snapshot), replace(view, operations=(deleting,)))


def test_the_server_is_read_anew_and_found_by_its_id(imaginary_desk, imaginary):
    token = imaginary_desk.token
    view = imaginary_desk.server("web")
    imaginary.servers[7] = "renamed"
    assert preconditions.read_server(token, confirmed_for(view, None)).name == "renamed"
    for wrong, code in [
        (confirmed_for(view, None, server_id=99), "server_gone"),
        (confirmed_for(view, view.snapshots[0], server_id=99), "snapshot_gone"),
    ]:
        with refused(code):
            preconditions.read_server(token, wrong)


def test_without_a_live_list_nothing_is_sent(imaginary_desk, imaginary, double):
    view = imaginary_desk.server("web")
    imaginary.reads = "down"
    with refused("not_confirmed_live"):
        preconditions.read_server(imaginary_desk.token, confirmed_for(view, None))
    double.answer = lambda request: httpx.Response(429, headers={"Retry-After": "120"})
    with refused("told_to_wait"):
        preconditions.read_server(imaginary_desk.token, confirmed_for(view, None))


def test_a_server_that_an_incomplete_list_lacks_may_exist(imaginary_desk, double):
    view = imaginary_desk.server("web")
    answer = double.answer
    double.answer = lambda request: httpx.Response(500) if "servers" in request.url.path else answer(request)
    with refused("list_incomplete"):
        preconditions.read_server(imaginary_desk.token, confirmed_for(view, None, server_id=99))


def test_what_the_lists_showed_before_is_kept_with_the_operation(imaginary_desk):
    view = imaginary_desk.server("web")
    confirmed = confirmed_for(view, None)

    def was_restoring(status: str, *, fresh: bool = True) -> bool:
        server = replace(view, reading=replace(view.reading, servers_are_fresh=fresh))
        server = replace(server, server=None if status == "" else type(view.server)(id=7, status=status))
        return draft_operation(imaginary_desk.actor, server, confirmed, reason="").was_restoring

    assert [was_restoring(status) for status in ("active", "restoring", "")] == [False, True, True]
    assert was_restoring("active", fresh=False)
    cut = replace(view, reading=replace(view.reading, cut_by="count"))
    before = datetime.now(UTC)
    draft = draft_operation(imaginary_desk.actor, cut, confirmed, snapshot_name="new", reason=" why ")
    assert (draft.knew_all_snapshots, draft.snapshot_id, draft.snapshot_name) == (False, None, "new")
    assert (draft.snapshot_created_at, draft.reason, draft.action) == (None, "why", "snapshot.delete")
    assert before <= draft.created_at <= datetime.now(UTC)
    assert draft.idempotency_key == confirmed.idempotency_key


def test_a_server_that_a_fresh_and_whole_list_lacks_gets_no_create_or_restore(imaginary_desk):
    view = imaginary_desk.server("web")
    preconditions.check_server_exists(view)
    whole = replace(view.reading, servers_are_whole=True)
    with refused("server_gone"):
        preconditions.check_server_exists(replace(view, server=None, reading=whole))
