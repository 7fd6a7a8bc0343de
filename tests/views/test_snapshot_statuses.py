"""The provider's statuses of snapshots and servers: badges, actions, and reasons for a missing button."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from snapshots.operations.errors import OperationRefusedError
from tests.support.desk import make_desk
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(imaginary_desk, imaginary, signed_in):
    """A function that gives the row of web's only snapshot with a status: (text of the row, actions of its buttons)."""

    def show(status: object, person=None) -> tuple[str, set[str]]:
        number = next(number for number, one in imaginary.snapshots.items() if one["server_id"] == 7)
        imaginary.changes[number] = {"status": status, "created_at": timezone.now().isoformat()}
        desk = make_desk(person, "token-of-mia") if person else imaginary_desk
        desk.views()
        response = signed_in(desk.user).get(reverse("server_detail", args=[desk.token.pk, 7]))
        html = re.search(r"(?s)<tbody\b[^>]*>.*?<tr\b[^>]*>(.*?)</tr>", response.content.decode()).group(1)
        response.content = html.encode()
        return text_of(response), {verb for verb in ("restore", "delete") if f'/{verb}/"' in html}

    return show


@pytest.mark.parametrize(
    "status", ["completed", "Completed", "COMPLETE", "READY", "available", " ready ", "Available"]
)
def test_a_completed_snapshot_can_be_restored(row, status):
    text, verbs = row(status)
    assert "Ready" in text
    assert verbs == {"restore", "delete"}


@pytest.mark.parametrize(
    "status", ["in_progress", "In Progress", "IN-PROGRESS", "Pending", "CREATING", "Queued"]
)
def test_a_snapshot_in_creation_has_no_buttons_and_says_so(row, status):
    text, verbs = row(status)
    assert "Not ready yet" in text
    assert verbs == set()


@pytest.mark.parametrize("status", ["failed", "FAILED", "Error"])
def test_a_failed_snapshot_can_only_be_deleted_and_says_why(row, status):
    text, verbs = row(status)
    assert "A failed snapshot cannot be restored" in text
    assert verbs == {"delete"}


@pytest.mark.parametrize("status", ["archived", "Active", "done", "success", "<b>"])
def test_an_unknown_status_is_shown_as_received_and_cannot_be_restored(row, status):
    text, verbs = row(status)
    assert f"Status unknown to the portal: “{status}”" in text
    assert verbs == {"delete"}


@pytest.mark.parametrize("status", ["", None, "  ", {"a": 1}])
def test_a_missing_status_is_reported(row, status):
    text, verbs = row(status)
    assert "The provider gives no status" in text
    assert verbs == {"delete"}


def test_a_row_does_not_repeat_what_the_role_does_not_allow(row, cast):
    for person in (cast.vera, cast.omar):
        text, verbs = row("completed", person)
        assert "may not" not in text
        assert verbs == set()


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("vera", "Your role may not create, restore or delete snapshots."),
        ("omar", "Your role may not restore snapshots. It may delete only your own ones."),
        ("mia", ""),
    ],
)
def test_a_page_says_once_what_the_role_does_not_allow(cast, imaginary, signed_in, name, note):
    person = getattr(cast, name)
    desk = make_desk(person, "token-of-mia")
    desk.views()
    for url in (reverse("server_list"), reverse("server_detail", args=[desk.token.pk, 7])):
        text = text_of(signed_in(person).get(url))
        assert text.count("Your role may not") == bool(note)
        assert note in text


def test_a_row_with_all_buttons_has_no_explanation(row):
    text, _verbs = row("completed")
    assert "may not" not in text
    assert "unknown" not in text.casefold()


def test_the_restore_page_of_a_snapshot_that_is_not_ready_shows_its_status(
    imaginary_desk, imaginary, signed_in
):
    number = next(iter(imaginary.snapshots))
    imaginary.changes[number] = {"status": "archived"}
    page = signed_in(imaginary_desk.user).get(
        reverse("snapshot_restore", args=[imaginary_desk.token.pk, number])
    )
    assert "gives its status as “archived”" in text_of(page)


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("Active", "Running"),
        ("ONLINE", "Running"),
        ("STOPPED", "Stopped"),
        ("Error", "Failed"),
        ("odd", "odd"),
    ],
)
def test_a_servers_status_is_read_whatever_its_case(imaginary_desk, imaginary, signed_in, status, says):
    imaginary.at_rest = status
    page = signed_in(imaginary_desk.user).get(reverse("server_detail", args=[imaginary_desk.token.pk, 7]))
    assert re.search(rf'<span class="badge \w+">{says}<', page.content.decode())


def test_a_server_that_is_restoring_in_capitals_is_held(imaginary_desk, imaginary):
    imaginary.at_rest = "RESTORING"
    view = imaginary_desk.server("web")
    assert view.is_held
    with pytest.raises(OperationRefusedError, match="server_held"):
        imaginary_desk.create(view)
