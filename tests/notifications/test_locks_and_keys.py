"""Who is told of the lock of a server, and of API keys."""

import pytest

from snapshots.api import keys
from snapshots.notifications.models import Kind, Notification
from snapshots.notifications.texts import title
from snapshots.operations import freezes, server_locks
from tests.support.api import make_key
from tests.support.desk import make_desk
from tests.support.freezes import freeze
from tests.support.notifying import read_log

pytestmark = pytest.mark.django_db


def told(kind: Kind) -> set[tuple[int, str]]:
    read_log()
    found = Notification.objects.filter(event__kind=kind)
    return {(one.person_id, one.event.action) for one in found}


def test_everybody_who_sees_the_server_is_told_of_its_lock_and_of_the_wish_to_lift_it(cast, desk, sandbox):
    read_log()
    of_vera = make_desk(cast.vera, sandbox.token)
    view = desk.server()
    of_vera.views()
    place = {"server_id": view.server_id, "server_name": view.name, "reason": "r"}
    server_locks.place(actor=desk.actor, **place)
    server_locks.ask_to_lift(actor=desk.actor, server_id=view.server_id, reason="r")
    people = {cast.mia.pk, cast.vera.pk, cast.ada.pk}
    actions = ("server.lock", "server.ask_unlock")
    assert told(Kind.SERVER_LOCK) == {(person, action) for person in people for action in actions}


def test_everybody_who_sees_servers_is_told_of_a_freeze_and_of_the_wish_to_lift_it(cast, desk):
    read_log()
    made = freeze(desk)
    freezes.LIFTING.ask(actor=desk.actor, pk=made.pk, reason="r")
    people = {cast.mia.pk, cast.vera.pk, cast.omar.pk, cast.ada.pk}
    actions = ("freeze.place", "freeze.ask_lift")
    assert told(Kind.FREEZE) == {(person, action) for person in people for action in actions}
    titles = {title(one.event) for one in Notification.objects.select_related("event")}
    assert any("freeze Weekend was placed" in one for one in titles)


def test_only_the_owner_is_told_of_keys_made_and_revoked_whoever_did_it(cast, desk):
    read_log()
    key, _secret = make_key(desk.user, desk.token)
    keys.revoke(actor=make_desk(cast.ada, "ada-token-000000000000").actor, key=key)
    assert told(Kind.API_KEY) == {(cast.mia.pk, "api_key.create"), (cast.mia.pk, "api_key.revoke")}
