"""The pages about freezes, and what other pages say of one."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from snapportal.accounts.models import Role, User
from snapshots.operations.guarded_models import Freeze
from snapshots.operations.models import Operation
from tests.support.desk import make_desk
from tests.support.freezes import freeze
from tests.support.pages import hidden, text_of
from tests.support.teams import make_team

pytestmark = pytest.mark.django_db
ADD, LIST = "freeze_add", "freeze_list"


@pytest.fixture
def view(desk):
    return desk.server()


def fields(**more) -> dict[str, object]:
    return {
        "name": "Weekends",
        "servers": "all",
        "repeats": "weekly",
        "from_day": "4",
        "from_time": "18:00",
        "to_day": "0",
        "to_time": "07:00",
        "begins": "",
        "begins_at": "",
        "until": "2099-12-31",
        "until_time": "",
        "time_zone": "Europe/Berlin",
        "reason": "nobody is there",
    } | more


def test_one_of_each_week_is_placed_and_listed_in_words(desk, view, signed_in):
    mia = signed_in(desk.user)
    answer = mia.post(reverse(ADD), fields())
    assert answer["Location"] == reverse(LIST)
    made = Freeze.objects.get()
    assert (made.from_minute, made.to_minute, made.servers) == (4 * 1440 + 18 * 60, 7 * 60, [])
    page = text_of(mia.get(reverse(LIST)))
    assert "Each week from Friday 18:00 to Monday 07:00" in page
    assert "nobody is there" in page
    assert "All, also those that are added later" in page


def test_one_of_some_servers_for_a_time_is_placed(desk, view, signed_in):
    mia = signed_in(desk.user)
    mia.post(
        reverse(ADD),
        fields(
            servers=str(view.server_id), repeats="once", from_time="", begins="2099-01-01", begins_at="08:00"
        ),
    )
    made = Freeze.objects.get()
    assert made.servers == [[view.server_id, view.name]]
    assert made.from_minute is None
    assert made.starts_at.isoformat() == "2099-01-01T07:00:00+00:00"
    assert made.ends_at.isoformat().startswith("2099-12-31T22:59:59")
    assert "It does not hold at the moment" in text_of(mia.get(reverse(LIST)))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": "\u200b"}, "Give the freeze a name"),
        ({"until": ""}, "Enter when it ends"),
        ({"until": "soon"}, "Enter a date such as"),
        ({"until": "2020-01-01"}, "Enter an end that is still to come"),
        ({"until": "9999-12-31", "time_zone": "America/New_York"}, "Enter a date such as"),
        ({"begins": "0001-01-01", "time_zone": "Asia/Tokyo"}, "Enter a date such as"),
        ({"from_time": ""}, "Enter from when until when"),
        ({"to_time": "noon"}, "Enter a time such as"),
        ({"servers": []}, "Choose the servers"),
        ({"reason": "\u200b"}, "Enter a reason"),
        ({"time_zone": "Mars/Olympus"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_placed(desk, signed_in, changed, words):
    answer = signed_in(desk.user).post(reverse(ADD), fields(**changed))
    assert answer.status_code in {409, 422}
    assert words in text_of(answer)
    assert not Freeze.objects.exists()


def test_it_is_lifted_by_two_people(cast, desk, sandbox, signed_in):
    made = freeze(desk)
    make_desk(cast.ada, sandbox.token)
    mia, ada = signed_in(cast.mia), signed_in(cast.ada)
    url = reverse("freeze_detail", args=[made.pk])
    assert mia.post(url, {"step": "ask", "reason": ""}).status_code == 422
    mia.post(url, {"step": "ask", "reason": "it is over"})
    page = text_of(mia.get(url))
    assert "You asked for it" in page
    assert "Agree" not in page
    assert mia.post(url, {"step": "agree"}).status_code == 409
    assert "Agree: lift it now" in text_of(ada.get(url))
    assert ada.post(url, {"step": "agree"})["Location"] == reverse(LIST)
    assert not Freeze.objects.exists()
    assert ada.get(url).status_code == 404


def test_keeping_it_calls_that_back(cast, desk, signed_in):
    made = freeze(desk)
    mia = signed_in(cast.mia)
    url = reverse("freeze_detail", args=[made.pk])
    mia.post(url, {"step": "ask", "reason": "r"})
    mia.post(url, {"step": "keep"})
    assert Freeze.objects.get().lift_due_at is None
    assert mia.post(url, {"step": "lift"}).status_code == 200


@pytest.mark.parametrize("name", ["snapshot_restore", "snapshot_delete"])
def test_confirmation_pages_say_it_instead_of_asking_and_forms_that_were_open_are_refused(
    desk, view, signed_in, name
):
    mia = signed_in(desk.user)
    url = reverse(name, args=[desk.token.pk, desk.snapshot(view).id])
    confirmation = hidden(mia.get(url), "confirmation")
    freeze(desk, view)
    page = mia.get(url)
    assert "nobody is there" in text_of(page)
    assert 'name="confirmation"' not in page.text
    sent = {"confirmation": confirmation, "typed_name": view.name, "reason": "r", "understood": "on"}
    answer = mia.post(url, sent)
    assert answer.status_code == 409
    assert "A freeze holds on this server" in text_of(answer)
    assert not Operation.objects.exists()


def test_the_servers_page_shows_it_to_everybody(cast, desk, view, sandbox, signed_in):
    made = freeze(desk, view)
    of_vera = make_desk(cast.vera, sandbox.token)
    vera = signed_in(cast.vera)
    page = text_of(vera.get(reverse("server_detail", args=[of_vera.token.pk, view.server_id])))
    assert "The freeze Weekend holds" in page
    detail = vera.get(reverse("freeze_detail", args=[made.pk]))
    assert "Ask to lift" not in text_of(detail)
    assert (
        vera.post(reverse("freeze_detail", args=[made.pk]), {"step": "ask", "reason": "r"}).status_code == 403
    )
    assert Freeze.objects.get().lift_due_at is None


def test_servers_that_a_person_does_not_see_are_counted_and_not_named(cast, desk, signed_in):
    first, second = desk.views()[:2]
    freeze(desk, first, servers={first.server_id: first.name, 99: "secret-server"})
    page = text_of(signed_in(desk.user).get(reverse(LIST)))
    assert first.name in page
    assert "secret-server" not in page
    assert "and 1 that you do not see" in page
    other = freeze(desk, second, servers={99: "secret-server"}, name="Elsewhere")
    assert "Elsewhere" not in text_of(signed_in(desk.user).get(reverse(LIST)))
    assert signed_in(desk.user).get(reverse("freeze_detail", args=[other.pk])).status_code == 404


def test_whoever_restores_some_servers_only_is_offered_those(desk, signed_in):
    first, second = desk.views()[:2]
    User.objects.filter(pk=desk.user.pk).update(role=Role.VIEWER)
    make_team(servers=[first.server_id], members=[desk.user])
    mia = signed_in(User.objects.get(pk=desk.user.pk))
    page = mia.get(reverse(ADD)).text
    assert f'value="{first.server_id}"' in page
    assert f'value="{second.server_id}"' not in page
    assert 'value="all"' not in page
    for servers in ("all", str(second.server_id)):
        assert mia.post(reverse(ADD), fields(servers=servers)).status_code == 422
    assert mia.post(reverse(ADD), fields(servers=str(first.server_id))).status_code == 302


def test_an_empty_list_says_what_freezes_are_for(desk, signed_in):
    assert "No freezes" in text_of(signed_in(desk.user).get(reverse(LIST)))
    made = freeze(desk)
    Freeze.objects.filter(pk=made.pk).update(ends_at=timezone.now() - timedelta(seconds=1))
    assert "No freezes" in text_of(signed_in(desk.user).get(reverse(LIST)))
