"""A snapshot whose deletion is accepted but still listed: its row, its pages and the operation's page agree."""

import pytest
from django.urls import reverse

from tests.support.evidence import later
from tests.support.pages import POLLING, confirm, hidden, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def mia(imaginary_desk, signed_in):
    return signed_in(imaginary_desk.user)


@pytest.fixture
def urls(imaginary_desk):
    """URLs that delete, restore and show web's only snapshot."""
    view = imaginary_desk.server("web")
    ids = (imaginary_desk.token.pk, imaginary_desk.snapshot(view).id)
    return {
        "delete": reverse("snapshot_delete", args=ids),
        "restore": reverse("snapshot_restore", args=ids),
        "server": reverse("server_detail", args=[imaginary_desk.token.pk, view.server_id]),
    }


def test_a_delete_confirmed_by_the_list_is_shown_as_completed_at_once(mia, urls):
    sent = confirm(mia, urls["delete"], understood="on")
    text = text_of(mia.get(sent["Location"]))
    assert "The snapshot was deleted" in text
    assert "Completed" in text


def test_while_it_is_still_listed_its_row_says_deleting_and_offers_no_action(mia, urls, imaginary):
    imaginary.lags = True
    sent = confirm(mia, urls["delete"], understood="on")
    assert "The snapshot is being deleted" in text_of(mia.get(sent["Location"]))
    for url in (urls["server"], "/?q=web"):
        response = mia.get(url)
        body = response.content.decode()
        assert "Deleting" in text_of(response)
        assert "cannot be recovered" not in text_of(response)
        assert f'href="{urls["delete"]}"' not in body
        assert f'href="{urls["restore"]}"' not in body
        assert POLLING.search(body), "it polls until the snapshot is gone"
    imaginary.lags = False
    with later(seconds=5):
        assert "The snapshot was deleted" in text_of(mia.get(sent["Location"]))


def test_confirmation_pages_of_a_snapshot_being_deleted_offer_no_form(mia, urls, imaginary):
    imaginary.lags = True
    confirm(mia, urls["delete"], understood="on")
    for url in (urls["delete"], urls["restore"]):
        response = mia.get(url)
        assert "This snapshot is being deleted" in text_of(response)
        assert 'name="confirmation"' not in response.content.decode()


def test_a_confirmation_signed_before_the_delete_is_refused_with_the_reason(mia, urls, imaginary):
    fields = {"typed_name": "web", "reason": "r", "understood": "on"}
    page = mia.get(urls["restore"])
    imaginary.lags = True
    confirm(mia, urls["delete"], understood="on")
    response = mia.post(urls["restore"], {"confirmation": hidden(page, "confirmation"), **fields})
    assert response.status_code == 409
    assert "This snapshot is being deleted" in text_of(response)


def test_a_snapshot_deleted_by_somebody_else_is_reported_as_already_gone(mia, urls, imaginary):
    imaginary.mode = "too late"
    sent = confirm(mia, urls["delete"], understood="on")
    text = text_of(mia.get(sent["Location"]))
    assert "The snapshot was already gone" in text
    assert "was not deleted" not in text


def test_a_snapshot_is_not_reported_as_gone_until_the_list_confirms_it(mia, urls, imaginary):
    imaginary.lags = True
    imaginary.mode = "too late"
    sent = confirm(mia, urls["delete"], understood="on")
    text = text_of(mia.get(sent["Location"]))
    assert "may be gone already" in text
    assert "was not deleted" not in text
    assert "was already gone" not in text
    with later(minutes=3):
        assert "The snapshot was already gone" in text_of(mia.get(sent["Location"]))


def test_a_snapshot_that_stays_listed_gets_its_buttons_back_and_its_delete_needs_attention(
    mia, urls, imaginary
):
    imaginary.say(204, b"")
    sent = confirm(mia, urls["delete"], understood="on")
    with later(minutes=6):
        text = text_of(mia.get(sent["Location"]))
        assert "but still lists it" in text
        assert f'href="{urls["delete"]}"' in mia.get(urls["server"]).content.decode()
        assert "The snapshot is still listed" in text_of(mia.get(reverse("operation_attention")))
