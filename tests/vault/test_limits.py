"""Limits of a stored token: who may set them, and what the log says of it."""

import pytest

from snapshots.audit.models import Entry
from snapshots.sandbox.demo_data import TEAM_EMAIL, issue_token
from snapshots.vault import service, tokens
from snapshots.vault.limiting import LimitsRefusedError, set_limits
from snapshots.vault.limits import CLOSED, UNLIMITED, Limits, complete
from snapshots.vault.models import StoredToken
from snapshots.vault.statements import limits_said
from snapshots.vault.tokens import TokenChangedError
from tests.support.actors import actor_of
from tests.support.limits import CREATE, SEE, limit

pytestmark = pytest.mark.django_db


def rows() -> list[tuple[str, str, str]]:
    found = Entry.objects.filter(action="token.limit").order_by("sequence")
    return [(one.result, one.code, one.evidence) for one in found]


@pytest.mark.parametrize(
    ("inner", "outer", "is_within"),
    [
        (UNLIMITED, UNLIMITED, True),
        (CLOSED, UNLIMITED, True),
        (UNLIMITED, CLOSED, False),
        (Limits(servers={1: "a"}), Limits(servers={1: "a", 2: "b"}), True),
        (Limits(servers={1: "a", 3: "c"}), Limits(servers={1: "a", 2: "b"}), False),
        (Limits(servers={1: "a"}), Limits(rights=CREATE), False),
        (Limits(servers={1: "a"}, rights=SEE), Limits(rights=CREATE), True),
        (Limits(rights=CREATE), Limits(rights=SEE), False),
    ],
)
def test_what_is_within_what(inner, outer, is_within):
    assert inner.is_within(outer) is is_within


def test_restoring_and_deleting_include_creating_and_seeing_is_never_taken():
    assert complete(["snapshots.delete"]) == ["snapshots.create", "snapshots.delete"]
    assert complete([]) == []
    assert Limits(rights=SEE).allows("snapshots.see")
    assert not Limits(rights=SEE).allows("snapshots.create")


def test_an_owner_narrows_and_widens_own_limits_and_each_change_is_a_row(desk):
    limit(desk, servers=[501], rights=["snapshots.delete"])
    assert (desk.token.limited_by_id, desk.token.limit_reason) == (None, "only the shop")
    limit(desk)
    assert desk.token.limits == UNLIMITED
    assert (desk.token.limited_at, desk.token.limit_reason) == (None, "")
    assert rows() == [
        (
            "completed",
            "",
            "servers: all; rights: all of the role → servers: 501; rights: snapshots.create, snapshots.delete",
        ),
        (
            "completed",
            "",
            "servers: 501; rights: snapshots.create, snapshots.delete → servers: all; rights: all of the role",
        ),
    ]


def test_all_rights_are_no_limit(desk):
    limit(desk, rights=["snapshots.restore", "snapshots.delete"])
    assert desk.token.limited_rights is None


def test_what_an_admin_limited_its_owner_narrows_but_does_not_widen(cast, desk):
    limit(desk, servers=[501, 502], rights=["snapshots.restore"], by=actor_of(cast.ada), reason="trainee")
    assert (desk.token.limited_by_id, desk.token.limit_reason) == (cast.ada.pk, "trainee")
    for wider in (Limits(), Limits(servers={501: "a"}), Limits(servers={501: "a", 503: "c"}, rights=SEE)):
        with pytest.raises(LimitsRefusedError, match="limited_by_admin"):
            set_limits(actor=desk.actor, stored=desk.token, limits=wider)
    assert rows()[-1] == (
        "refused",
        "limited_by_admin",
        "servers: 501, 502; rights: snapshots.create, snapshots.restore → servers: 501, 503; rights: see only",
    )
    limit(desk, servers=[501], rights=CREATE)
    assert (desk.token.limited_by_id, desk.token.limit_reason) == (cast.ada.pk, "trainee"), (
        "still the admin's"
    )
    with pytest.raises(LimitsRefusedError, match="limited_by_admin"):
        set_limits(actor=desk.actor, stored=desk.token, limits=Limits(servers={501: "a"}))
    limit(desk, by=actor_of(cast.ada), reason="")
    assert (desk.token.limits, desk.token.limited_by_id) == (UNLIMITED, None)


def test_an_admin_says_why(cast, desk):
    with pytest.raises(LimitsRefusedError, match="reason_missing"):
        limit(desk, rights=SEE, by=actor_of(cast.ada), reason=" ")
    assert desk.token.limits == UNLIMITED


@pytest.mark.parametrize("person", ["omar", "aron"])
def test_nobody_else_limits_it(cast, desk, person):
    with pytest.raises(LimitsRefusedError, match="not_allowed_any_more"):
        limit(desk, rights=SEE, by=actor_of(getattr(cast, person)))
    assert StoredToken.objects.get().limits == UNLIMITED
    assert rows()[-1][:2] == ("refused", "not_allowed_any_more")


def test_a_role_that_was_taken_meanwhile_counts(cast, desk):
    cast.ada.role = "manager"
    cast.ada.save()
    with pytest.raises(LimitsRefusedError, match="not_allowed_any_more"):
        limit(desk, rights=SEE, by=actor_of(cast.ada))


def test_another_token_in_its_place_keeps_the_limits(cast, desk, sandbox):
    limit(desk, servers=[501], rights=CREATE, by=actor_of(cast.ada))
    other = issue_token(TEAM_EMAIL, "other")
    service.replace_token(actor=desk.actor, stored=StoredToken.objects.get(), token=other)
    stored = StoredToken.objects.get()
    assert tokens.decrypt(stored) == other
    assert (limits_said(stored.limits), stored.limited_by_id) == (
        "servers: 501; rights: snapshots.create",
        cast.ada.pk,
    )


def test_a_token_that_was_replaced_meanwhile_is_not_limited(desk):
    old = StoredToken.objects.get()
    tokens.replace(desk.token, issue_token(TEAM_EMAIL, "other"), stored_by_name="Mia")
    with pytest.raises(TokenChangedError):
        set_limits(actor=desk.actor, stored=old, limits=CLOSED)
    assert rows()[-1][:2] == ("refused", "token_changed")
    assert StoredToken.objects.get().limits == UNLIMITED


def test_one_stored_for_a_colleague_is_closed_until_it_is_limited(cast, sandbox):
    stored = service.store_token(
        actor=actor_of(cast.ada), owner=cast.mia, label="Team", token=sandbox.token, is_closed=True
    )
    assert StoredToken.objects.get().limits == CLOSED
    assert stored.limited_by_id == cast.ada.pk
    assert Entry.objects.get(action="token.store").evidence == "servers: none; rights: see only"
    with pytest.raises(LimitsRefusedError, match="limited_by_admin"):
        set_limits(actor=actor_of(cast.mia), stored=stored, limits=UNLIMITED)
