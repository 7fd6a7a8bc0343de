"""The pages of legal holds: admins place and lift them with a reason; auditors see them."""

import pytest
from django.urls import reverse

from snapshots.audit.hold_models import Hold
from snapshots.audit.models import Entry
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db
FORM = {"kind": "server", "value": "12", "name": "Case 7", "reason": "lawsuit"}


@pytest.fixture
def admin(cast, signed_in):
    return signed_in(cast.ada)


@pytest.fixture
def auditor(cast, signed_in):
    return signed_in(cast.aron)


def test_an_admin_places_a_hold_and_lifts_it(admin, auditor):
    assert admin.post(reverse("hold_place"), FORM)["Location"] == reverse("hold_list")
    hold = Hold.objects.get()
    assert (hold.server_id, hold.lifted_in) == (12, None)
    text = text_of(auditor.get(reverse("hold_list")))
    assert all(words in text for words in ("Case 7", "In force", "server 12", "Ada", "lawsuit"))
    lift = reverse("hold_lift", args=[hold.placed_in])
    assert "Held: server 12." in text_of(admin.get(lift))
    assert admin.post(lift, {"reason": "settled"})["Location"] == reverse("hold_list")
    text = text_of(auditor.get(reverse("hold_list")))
    assert all(words in text for words in ("Lifted", "settled")) and "In force" not in text
    assert [row.action for row in Entry.objects.filter(action__contains="hold").order_by("sequence")] == [
        "audit.hold",
        "audit.lift_hold",
    ]


def test_an_auditor_is_offered_no_hold(auditor, admin):
    admin.post(reverse("hold_place"), FORM)
    text = text_of(auditor.get(reverse("hold_list")))
    assert "Place a hold" not in text and "Lift" not in text
    assert "Place a hold" in text_of(admin.get(reverse("hold_list")))


@pytest.mark.parametrize(
    "change",
    [{"value": "x"}, {"kind": "rows", "value": "9 to 5"}, {"kind": "disk"}, {"name": ""}, {"reason": " "}],
)
def test_an_incomplete_form_places_nothing(admin, change):
    response = admin.post(reverse("hold_place"), FORM | change)
    assert response.status_code == 422
    assert not Hold.objects.exists()


def test_a_range_is_written_as_on_the_command_line(admin):
    admin.post(reverse("hold_place"), FORM | {"kind": "rows", "value": "5 to 90"})
    assert str(Hold.objects.get()) == "rows 5 to 90"


def test_a_hold_is_lifted_with_a_reason_and_once(admin):
    admin.post(reverse("hold_place"), FORM)
    lift = reverse("hold_lift", args=[Hold.objects.get().placed_in])
    assert admin.post(lift, {"reason": ""}).status_code == 422
    assert Hold.objects.get().lifted_in is None
    admin.post(lift, {"reason": "settled"})
    assert admin.post(lift, {"reason": "again"}).status_code == 404


def test_a_person_under_a_hold_is_shown_by_number(admin):
    admin.post(reverse("hold_place"), FORM | {"kind": "person", "value": "1003"})
    assert "person 1003" in text_of(admin.get(reverse("hold_list")))
