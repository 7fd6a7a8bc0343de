"""Makes snapshots that people own, on the in-process sandbox."""

import pytest
from django.utils import timezone

from snapportal.accounts.models import User
from snapshots.contract import Snapshot
from snapshots.operations.handover import Handover, hand_over
from snapshots.operations.models import Ownership
from snapshots.operations.server_views import ServerView
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from tests.support.deletions import target_of
from tests.support.desk import Desk, make_desk


@pytest.fixture
def omar(cast, sandbox) -> Desk:
    """Omar the operator, with a token of his own."""
    return make_desk(cast.omar, sandbox.token)


@pytest.fixture
def own(omar) -> tuple[ServerView, Snapshot]:
    """A server, and a snapshot of it that Omar has made."""
    return make_own(omar, omar.server())


def end_creates(desk: Desk) -> None:
    """Let the provider finish all snapshots, and the portal see it."""
    SandboxSnapshot.objects.filter(ends_at__gt=timezone.now()).update(ends_at=timezone.now())
    desk.views()


def make_own(desk: Desk, view: ServerView, name: str = "mine") -> tuple[ServerView, Snapshot]:
    """The server with a completed snapshot that the desk's person has created, and that snapshot."""
    operation = desk.create(view, name)
    end_creates(desk)
    shown = desk.server(view.name)
    return shown, next(one for one in shown.snapshots if one.id == operation.snapshot_id)


def own_as_is(person: User, snapshot: Snapshot) -> None:
    """As if the person had made it."""
    fields = {"snapshot_created_at": snapshot.created_at, "person_id": person.pk, "since": timezone.now()}
    Ownership.objects.update_or_create(server_id=snapshot.server.id, snapshot_id=snapshot.id, defaults=fields)


def foreign(view: ServerView) -> Snapshot:
    """A completed one that nobody owns."""
    return next(one for one in view.snapshots if one.is_completed and one.id not in view.owners)


def give(desk: Desk, view: ServerView, snapshot: Snapshot, receiver: User, **more) -> None:
    """In the name of the desk's person, who saw whose it is."""
    given = Handover(target_of(desk, view, snapshot), more.pop("seen", view.owners.get(snapshot.id)))
    fields = {"reason": "she looks after it now", "receiver_id": receiver.pk}
    hand_over(actor=desk.actor, given=[given], **fields | more)


def owner_id(snapshot: Snapshot) -> int:
    return Ownership.objects.get(snapshot_id=snapshot.id).person_id
