"""Pages say whose a snapshot is, offer to operators what is their own, and hand snapshots over."""

import re

import pytest
from django.urls import reverse

from snapportal.accounts import erasure
from snapportal.accounts.models import User
from snapshots.audit.models import Entry
from snapshots.operations.models import Operation
from snapshots.views.picks import pick_of
from tests.support.actors import actor_of
from tests.support.desk import Desk, make_desk
from tests.support.jobs import full_server
from tests.support.ownership import foreign, give, make_own, owner_id
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db


def url_of(name: str, desk: Desk, pk: int) -> str:
    return reverse(name, args=[desk.token.pk, pk])


def test_an_operator_is_offered_the_deletion_of_the_own_ones_alone(omar, own, signed_in):
    view, mine = own
    browser = signed_in(omar.user)
    pages = [browser.get(one) for one in ("/", url_of("server_detail", omar, view.server_id))]
    for page in pages:
        for one in view.snapshots:
            is_mine = one.id == mine.id
            assert (url_of("snapshot_delete", omar, one.id) in page.text) == is_mine
            assert (url_of("snapshot_keeping", omar, one.id) in page.text) == is_mine
            assert (f'value="{pick_of(view, one)}"' in page.text) == is_mine
    assert "Your role may not restore snapshots. It may delete only your own ones." in text_of(pages[1])
    assert "Owner: Omar" in text_of(pages[1])


def test_a_card_that_was_kept_is_made_anew_when_its_snapshot_is_handed_over(desk, omar, own, signed_in):
    view, mine = own
    desk.views()
    Operation.objects.update(ended_at="2020-01-01T00:00:00Z")  # the card rests
    browser, url = signed_in(omar.user), url_of("snapshot_delete", omar, mine.id)
    assert url in browser.get("/").text
    give(omar, view, mine, desk.user)
    assert url not in browser.get("/").text


def test_the_page_of_a_foreign_one_says_why_not_and_who_could(cast, desk, omar, own, signed_in):
    desk.views()
    page = signed_in(omar.user).get(url_of("snapshot_delete", omar, foreign(own[0]).id))
    assert page.status_code == 403
    text = text_of(page)
    assert "This snapshot is not yours" in text
    assert re.search(r"Who could delete it\s+Mia", text)
    assert 'name="understood"' not in page.text


def test_an_operator_sets_a_date_on_the_page_and_cannot_protect(omar, own, signed_in):
    _view, mine = own
    browser = signed_in(omar.user)
    url = url_of("snapshot_keeping", omar, mine.id)
    page = browser.get(url).text
    assert reverse("snapshot_protect", args=[omar.token.pk, mine.id]) not in page
    fields = {"date-until": "2099-01-01", "date-reason": ""}
    keep = url_of("snapshot_keep_until", omar, mine.id)
    assert browser.post(keep, fields).status_code == 422
    fields["date-until"] = "2030-01-01"
    assert browser.post(keep, fields).status_code == 302
    assert "Change the date" in browser.get(url).text


def test_a_date_of_a_foreign_one_is_refused_on_the_page(omar, own, signed_in):
    other = foreign(own[0])
    browser = signed_in(omar.user)
    assert (
        url_of("snapshot_keep_until", omar, other.id)
        not in browser.get(url_of("snapshot_keeping", omar, other.id)).text
    )
    answer = browser.post(url_of("snapshot_keep_until", omar, other.id), {"date-until": "2030-01-01"})
    assert answer.status_code == 403
    assert "This snapshot is not yours" in answer.text


def test_the_page_that_makes_room_offers_the_own_ones_alone(omar, signed_in):
    view, mine = make_own(omar, omar.server())
    full_server(omar, view.name)
    browser = signed_in(omar.user)
    page = browser.get(url_of("snapshot_replace", omar, view.server_id)).text
    assert re.findall(r'value="(\d+):', page) == [str(mine.id)]


def test_the_owner_hands_it_over_on_its_page(cast, desk, omar, own, signed_in):
    _view, mine = own
    desk.views()
    browser = signed_in(omar.user)
    url = url_of("snapshot_hand_over", omar, mine.id)
    page = browser.get(url)
    seen = page.context["form"]["seen"].value()
    assert [one for one, _name in page.context["form"].fields["receiver"].choices] == ["", cast.mia.pk]
    refused = browser.post(url, {"receiver": cast.mia.pk, "reason": "", "seen": seen})
    assert refused.status_code == 422
    stale = browser.post(url, {"receiver": cast.mia.pk, "reason": "on leave", "seen": "other"})
    assert stale.status_code == 409
    assert owner_id(mine) == omar.user.pk
    answer = browser.post(url, {"receiver": cast.mia.pk, "reason": "on leave", "seen": seen})
    assert answer.status_code == 302
    assert owner_id(mine) == cast.mia.pk
    assert browser.get(url).status_code == 403
    assert Entry.objects.filter(action="access.refuse", code="not_own_snapshot").count() == 1


def test_all_snapshots_of_who_has_left_are_handed_over_from_the_persons_page(
    cast, desk, omar, sandbox, signed_in
):
    first, mine = make_own(omar, omar.server())
    _second, other = make_own(omar, omar.server(first.name), "second")
    make_desk(cast.ada, sandbox.token)
    desk.views()
    User.objects.filter(pk=omar.user.pk).update(is_active=False)
    browser = signed_in(cast.ada)
    assert (
        reverse("person_hand_over", args=[omar.user.pk])
        in browser.get(reverse("person_edit", args=[omar.user.pk])).text
    )
    url = reverse("person_hand_over", args=[omar.user.pk])
    page = browser.get(url)
    assert {"mine", "second"} <= set(re.findall(r'<strong translate="no">([^<]+)', page.text))
    fields = {"receiver": cast.mia.pk, "reason": "he left", "seen": page.context["form"]["seen"].value()}
    assert browser.post(url, fields).status_code == 302
    assert owner_id(mine) == owner_id(other) == cast.mia.pk
    assert Entry.objects.filter(action="snapshot.hand_over", reason="he left").count() == 2
    assert "None of the snapshots that you see belongs to this person" in text_of(browser.get(url))


def test_the_owner_is_shown_also_when_deactivated_or_erased(cast, desk, omar, own, signed_in):
    view, mine = own
    browser = signed_in(desk.user)
    User.objects.filter(pk=omar.user.pk).update(is_active=False)
    urls = [
        url_of(*one)
        for one in (
            ("server_detail", desk, view.server_id),
            ("snapshot_delete", desk, mine.id),
            ("snapshot_keeping", desk, mine.id),
        )
    ]
    for url in urls:
        assert re.search(r"Owner:?\s+Omar\s+\(no longer active\)", text_of(browser.get(url))), url
    erasure.erase_person(User.objects.get(pk=omar.user.pk), actor=actor_of(cast.ada), reason="left")
    for url in urls:
        text = text_of(browser.get(url))
        assert re.search(r"Owner:?\s+Erased", text), url
        assert "Omar" not in text, url


def test_rights_say_that_it_is_only_the_own_ones(cast, omar, signed_in):
    omar.views()
    text = text_of(signed_in(cast.ada).get(reverse("person_access", args=[omar.user.pk])))
    assert "Only their own snapshots: Role Operator" in text
