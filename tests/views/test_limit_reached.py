"""A create refused for the limit although the list showed a free slot: the explanation and the offered deletes."""

import pytest
from django.urls import reverse

from snapshots.operations.models import Action, State
from tests.support.desk import make_desk
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db
WORDS = "Snapshot limit reached"


@pytest.fixture
def refused(imaginary_desk, imaginary):
    """A refused create on a server with one of five snapshots."""
    view = imaginary_desk.server("web")
    assert view.used == 1
    imaginary.say(400, {"detail": WORDS})
    return imaginary_desk.create(view)


def page_of(person, signed_in, operation):
    return signed_in(person).get(reverse("operation_detail", args=[operation.pk]))


def delete_url(desk, snapshot_id: int) -> str:
    return reverse("snapshot_delete", args=[desk.token.pk, snapshot_id])


def test_the_page_explains_the_refusal_and_quotes_the_provider(refused, imaginary_desk, signed_in):
    assert (refused.state, refused.code) == (State.FAILED, "limit_reached")
    text = text_of(page_of(imaginary_desk.user, signed_in, refused))
    assert f"The provider said: “{WORDS}”" in text
    assert "The provider allows no more snapshots, although its list showed a free slot" in text
    assert "Delete a snapshot that you no longer need" in text


def test_without_listed_snapshots_the_page_says_so_and_offers_no_delete(imaginary_desk, imaginary, signed_in):
    view = imaginary_desk.server("web")
    for number in [number for number, one in imaginary.snapshots.items() if one["server_id"] == 7]:
        del imaginary.snapshots[number]
    imaginary.say(400, {"detail": WORDS})
    operation = imaginary_desk.create(view)
    text = text_of(page_of(imaginary_desk.user, signed_in, operation))
    assert "The snapshot was not created" in text
    assert "its list shows no snapshot of this server" in text
    assert "Look at the server's snapshots at VPS.org, or ask its support" in text
    assert "Delete a snapshot" not in text


def test_the_snapshots_of_that_server_can_be_deleted_from_there(
    refused, imaginary_desk, imaginary, signed_in
):
    response = page_of(imaginary_desk.user, signed_in, refused)
    body = response.content.decode()
    ours = [number for number, one in imaginary.snapshots.items() if one["server_id"] == 7]
    others = [number for number, one in imaginary.snapshots.items() if one["server_id"] == 8]
    assert all(delete_url(imaginary_desk, number) in body for number in ours)
    assert not any(delete_url(imaginary_desk, number) in body for number in others)
    assert "Snapshots of web: 1 of 5 are listed" in text_of(response)


def test_a_person_who_may_not_delete_is_referred_to_a_manager(refused, imaginary_desk, cast, signed_in):
    make_desk(cast.omar, "token-of-mia")
    response = page_of(cast.omar, signed_in, refused)
    assert "ask a manager to delete one" in text_of(response)
    assert '/delete/"' not in response.content.decode()


def test_while_the_server_is_held_no_delete_is_offered(refused, imaginary_desk, imaginary, signed_in):
    imaginary_desk.operate(Action.RESTORE, imaginary_desk.server("web"))
    response = page_of(imaginary_desk.user, signed_in, refused)
    assert "once the restore of this server has ended" in text_of(response)
    assert '/delete/"' not in response.content.decode()


def test_a_stale_list_offers_no_delete(refused, imaginary_desk, imaginary, signed_in):
    imaginary.reads = "down"
    response = page_of(imaginary_desk.user, signed_in, refused)
    assert WORDS in text_of(response)
    assert '/delete/"' not in response.content.decode()


@pytest.mark.parametrize("words", ["The name is taken", "Server is busy"])
def test_any_other_refusal_offers_no_snapshots(imaginary_desk, imaginary, signed_in, words):
    imaginary.say(400, {"detail": words})
    operation = imaginary_desk.create(imaginary_desk.server("web"))
    response = page_of(imaginary_desk.user, signed_in, operation)
    assert f"The provider said: “{words}”" in text_of(response)
    assert '/delete/"' not in response.content.decode()
