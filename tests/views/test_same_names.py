"""Where names look the same, ID and time stand by wherever one chooses or confirms, and the page says that there are several."""

import re

import pytest
from django.urls import reverse

from snapshots.sandbox.models import Server, Snapshot
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db

SERVER = "db-server-01"
"""A full one."""


@pytest.fixture
def mia(desk, signed_in):
    return signed_in(desk.user)


@pytest.fixture(params=["nightly", "nightly\u200b", "night\u00adly", " nightly"])
def twins(request, desk) -> list[Snapshot]:
    """Two snapshots of one server whose names look the same; the last three differ in what nobody sees."""
    first, second = Snapshot.objects.filter(server__name=SERVER).order_by("-created_at")[:2]
    first.name, second.name = "nightly", request.param
    first.save()
    second.save()
    desk.views()
    return [first, second]


@pytest.fixture
def twin(desk) -> Snapshot:
    """One of two snapshots of the same name."""
    first, second = Snapshot.objects.filter(server__name=SERVER).order_by("-created_at")[:2]
    Snapshot.objects.filter(pk__in=[first.pk, second.pk]).update(name="nightly")
    desk.views()
    second.refresh_from_db()
    return second


def url_of(verb: str, desk, snapshot: Snapshot) -> str:
    return reverse(f"snapshot_{verb}", args=[desk.token.pk, snapshot.pk])


@pytest.mark.parametrize("verb", ["restore", "delete"])
def test_who_confirms_reads_which_of_the_two_it_is(desk, mia, twins, verb):
    for twin in twins:
        text = text_of(mia.get(url_of(verb, desk, twin)))
        assert "This server has 2 snapshots of this name" in text
        assert f"This is ID {twin.pk}, created " in text


@pytest.mark.parametrize("verb", ["restore", "delete"])
def test_a_name_that_is_there_once_is_not_said_to_be_there_twice(desk, mia, twin, verb):
    other = Snapshot.objects.filter(server__name=SERVER).exclude(name="nightly")[0]
    text = text_of(mia.get(url_of(verb, desk, other)))
    assert f"ID {other.pk}" in text
    assert "snapshots of this name" not in text


@pytest.mark.parametrize("page", ["list", "server", "full"])
def test_who_chooses_sees_id_and_time_of_each(desk, mia, twin, page):
    view = desk.server(SERVER)
    url = {
        "list": f"/?q={SERVER}",
        "server": reverse("server_detail", args=[desk.token.pk, view.server_id]),
        "full": reverse("snapshot_create", args=[desk.token.pk, view.server_id]),
    }[page]
    response = mia.get(url)
    text = text_of(response)
    assert text.count("One of 2 snapshots of this name") == 2
    for snapshot in view.snapshots:
        assert f"ID {snapshot.id}" in text
        assert snapshot.created_at.strftime("%Y, %H:%M UTC") in text
    labels = re.findall(r'unseen"[^>]*> (nightly, ID \d+)<', response.content.decode())
    assert {f"nightly, ID {one.id}" for one in view.snapshots if one.name == "nightly"} == set(labels)


def test_an_operation_names_the_one_it_is_about(desk, mia, twin):
    view = desk.server(SERVER)
    snapshot = next(one for one in view.snapshots if one.id == twin.pk)
    operation = desk.restore(view, snapshot)
    text = text_of(mia.get(reverse("operation_detail", args=[operation.pk])))
    assert f"{SERVER} · nightly ID {twin.pk}" in text
    assert "The server has 2 snapshots of this name" in text
    assert snapshot.created_at.strftime("%Y, %H:%M UTC") in text
    assert f"nightly ID {twin.pk}" in text_of(mia.get(f"/?q={SERVER}")), "the note on the card"


@pytest.mark.parametrize("name", ["", "\u200b", " "])
def test_a_snapshot_without_a_visible_name_is_shown_by_its_id(desk, mia, name):
    snapshot = Snapshot.objects.filter(server__name=SERVER)[0]
    Snapshot.objects.filter(pk=snapshot.pk).update(name=name)
    desk.views()
    for url in (f"/?q={SERVER}", url_of("restore", desk, snapshot), url_of("delete", desk, snapshot)):
        text = text_of(mia.get(url))
        assert "(no name)" in text
        assert f"ID {snapshot.pk}" in text


def test_two_servers_of_one_name_are_told_apart(desk, mia):
    ids = [Server.objects.get(name=name).pk for name in ("web-server-01", "mail-01")]
    Server.objects.filter(pk__in=ids).update(name="twin")
    desk.views()
    page = mia.get("/?q=twin")
    for pk in ids:
        assert f"twin (ID {pk})" in text_of(page)
        assert text_of(page).count(f"ID {pk}") == 2
    snapshot = Snapshot.objects.filter(server_id=ids[0])[0]
    text = text_of(mia.get(url_of("restore", desk, snapshot)))
    assert "There are 2 servers of this name" in text
    assert f"This is ID {ids[0]}." in text
