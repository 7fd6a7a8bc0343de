"""The page that limits a stored token."""

import pytest
from django.urls import reverse

from snapshots.audit.models import Entry
from snapshots.vault import tokens
from snapshots.vault.limits import CLOSED, UNLIMITED
from snapshots.vault.models import StoredToken
from tests.support.actors import actor_of
from tests.support.batches import roomy
from tests.support.limits import SEE, limit
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db


def address(desk) -> str:
    return reverse("token_limits", args=[desk.token.pk])


def send(browser, desk, *servers, rights="all", reason=""):
    return browser.post(
        address(desk), {"servers": [str(one) for one in servers], "rights": rights, "reason": reason}
    )


def stored() -> StoredToken:
    return StoredToken.objects.get()


def test_an_owner_limits_the_token_and_the_list_says_so(desk, signed_in):
    here, there = roomy(desk, 2)
    mia = signed_in(desk.user)
    page = mia.get(address(desk)).text
    assert here.name in page
    assert there.name in page
    answer = send(mia, desk, here.server_id, rights="snapshots.create", reason="the shop only")
    assert answer["Location"] == reverse("token_list")
    assert stored().limits.servers == {here.server_id: here.name}
    text = text_of(mia.get("/tokens/"))
    assert here.name in text
    assert there.name not in text
    for words in ("See and create", "its owner", "the shop only"):
        assert words in text
    row = Entry.objects.get(action="token.limit")
    assert row.evidence.endswith(f"servers: {here.server_id}; rights: snapshots.create")
    assert row.reason == "the shop only"


def test_what_is_limited_shows_the_limits_and_lifts_them(desk, signed_in):
    here, there = roomy(desk, 2)
    limit(desk, servers=[here.server_id])
    mia = signed_in(desk.user)
    page = mia.get(address(desk)).text
    assert there.name in page, "its owner may widen it"
    assert f'value="{here.server_id}" checked' in page
    send(mia, desk, "all")
    assert stored().limits == UNLIMITED


def test_the_owner_sees_who_limited_it_and_why_and_only_narrower_choices(cast, desk, signed_in):
    here, there, other = roomy(desk, 3)
    limit(
        desk,
        servers=[here.server_id, there.server_id],
        rights=["snapshots.delete"],
        by=actor_of(cast.ada),
        reason="trainee",
    )
    mia = signed_in(desk.user)
    answer = mia.get(address(desk))
    page, text = answer.text, text_of(answer)
    for words in ("An admin limited this token", "Ada", "trainee"):
        assert words in text
    assert other.name not in page
    assert "All, also those" not in text
    assert 'value="all"' not in page
    assert 'value="snapshots.create,snapshots.restore"' not in page
    for refused in ({"rights": "all"}, {"rights": "snapshots.create,snapshots.restore"}):
        answer = send(mia, desk, here.server_id, **refused)
        assert answer.status_code == 422
    assert send(mia, desk, "all", rights="see").status_code == 422
    assert send(mia, desk, other.server_id, rights="see").status_code == 422
    assert send(mia, desk, here.server_id, rights="see").status_code == 302
    assert stored().limited_by_id == cast.ada.pk


def test_a_page_opened_before_an_admin_narrowed_it_is_refused(cast, desk, signed_in, monkeypatch):
    here, _there = roomy(desk, 2)
    mia = signed_in(desk.user)
    from snapshots.views import token_limits

    form = token_limits._form

    def form_and_narrow(request, token):
        found = form(request, token)
        limit(desk, rights=SEE, by=actor_of(cast.ada))
        return found

    monkeypatch.setattr(token_limits, "_form", form_and_narrow)
    answer = send(mia, desk, here.server_id)
    assert answer.status_code == 422
    assert "An admin limited this token meanwhile" in answer.text
    assert stored().limits.rights == SEE


def test_an_admin_limits_a_colleagues_token_and_says_why(cast, desk, signed_in):
    here, _there = roomy(desk, 2)
    ada = signed_in(cast.ada)
    assert send(ada, desk, here.server_id).status_code == 422
    answer = send(ada, desk, here.server_id, reason="trainee")
    assert answer["Location"] == reverse("person_edit", args=[desk.user.pk])
    assert (stored().limited_by_id, stored().limit_reason) == (cast.ada.pk, "trainee")
    assert "Limited" in ada.get(answer["Location"]).text
    assert send(ada, desk, "all").status_code == 302, "lifting needs no reason"


def test_somebody_elses_token_is_not_found(cast, desk, signed_in):
    omar = signed_in(cast.omar)
    assert omar.get(address(desk)).status_code == 404
    assert send(omar, desk, "all").status_code == 404


@pytest.mark.parametrize("servers", [(), ("all", 12345), ("nonsense",)])
def test_a_choice_that_says_nothing_is_refused(desk, signed_in, servers):
    assert send(signed_in(desk.user), desk, *servers).status_code == 422
    assert stored().limits == UNLIMITED


def test_a_token_replaced_meanwhile_is_not_limited(desk, signed_in, monkeypatch):
    from snapshots.views import token_limits

    def gone(*_arguments, **_more):
        raise tokens.TokenChangedError("gone")

    monkeypatch.setattr(token_limits.limiting, "set_limits", gone)
    answer = signed_in(desk.user).post(address(desk), {"servers": "all", "rights": "all"}, follow=True)
    assert "was removed or replaced in the meantime" in answer.text


def test_an_admin_stores_a_token_that_can_be_used_for_nothing_until_it_is_limited(cast, sandbox, signed_in):
    ada = signed_in(cast.ada)
    answer = ada.post(
        reverse("person_token_add", args=[cast.vera.pk]),
        {"label": "Team", "token": sandbox.token, "is_closed": "on"},
    )
    assert answer["Location"] == reverse("token_limits", args=[stored().pk])
    assert (stored().limits, stored().limited_by_id) == (CLOSED, cast.ada.pk)
    assert "web-server-01" in ada.get(answer["Location"]).text
    page = signed_in(cast.vera).get("/").text
    assert "web-server-01" not in page


def test_the_limits_of_an_admin_who_was_erased_name_nobody(cast, desk, signed_in):
    limit(desk, rights=SEE, by=actor_of(cast.ada))
    StoredToken.objects.update(limited_by_id=999_999)
    assert "an admin who was erased" in text_of(signed_in(desk.user).get("/tokens/"))
