"""Evidence that fits two operations proves neither."""

import pytest

from snapshots.operations.models import Action, State
from tests.support.desk import make_desk
from tests.support.imaginary import Killed


@pytest.fixture
def desks(cast, imaginary):
    """Mia and Ada, each with an own token for the same account."""
    return make_desk(cast.mia, "token-of-mia"), make_desk(cast.ada, "token-of-ada")


def state_of(operation) -> str:
    operation.refresh_from_db()
    return operation.state


def create(desk, provider, mode: str):
    provider.mode = mode
    return desk.create(desk.server("web"), name="same-name")


@pytest.mark.parametrize("is_of_same_token", [True, False])
def test_an_unknown_create_is_not_reconciled_by_the_snapshot_of_a_create_whose_worker_died(
    desks, imaginary, is_of_same_token
):
    first, second = desks
    lost = create(first, imaginary, "lost before")
    with pytest.raises(Killed):
        create(first if is_of_same_token else second, imaginary, "killed after")
    first.views()
    assert state_of(lost) == State.UNKNOWN


def test_an_unknown_create_is_not_reconciled_by_an_unknown_create_of_another_token(desks, imaginary):
    first, second = desks
    lost = create(first, imaginary, "lost before")
    other = create(second, imaginary, "lost after")
    first.views()
    second.views()
    assert (state_of(lost), state_of(other)) == (State.UNKNOWN, State.UNKNOWN)


def test_an_unknown_restore_is_not_reconciled_by_the_restore_that_overrides_it(desks, imaginary):
    first, second = desks
    imaginary.mode = "500"
    lost = first.operate(Action.RESTORE, first.server("web"))
    running = second.operate(Action.RESTORE, second.server("web"), override_reason="must be")
    first.views()
    assert (state_of(lost), state_of(running)) == (State.UNKNOWN, State.ACCEPTED)
