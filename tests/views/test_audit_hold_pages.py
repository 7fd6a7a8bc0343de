"""The pages of legal holds: admins place and lift them with a reason; auditors see them."""

import pytest
from django.urls import reverse

from snapshots.audit import holds, journal
from snapshots.audit.hold_models import Hold
from snapshots.audit.journal import Actor
from snapshots.audit.models import Entry
from tests.support.audit_rows import MIA, write_events, write_operation
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
    location = admin.post(reverse("hold_place"), FORM)["Location"]
    hold = Hold.objects.get()
    assert location == f"{reverse('hold_list')}?placed={hold.placed_in}"
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
    assert Hold.objects.get().lifted_in == Entry.objects.get(action="audit.lift_hold").sequence


def test_a_hold_that_was_lifted_in_another_tab_is_answered_with_the_row_that_lifted_it(admin):
    admin.post(reverse("hold_place"), FORM)
    lift = reverse("hold_lift", args=[Hold.objects.get().placed_in])
    admin.post(lift, {"reason": "settled"})
    row = Entry.objects.get(action="audit.lift_hold").sequence
    for response, status in ((admin.post(lift, {"reason": "again"}), 409), (admin.get(lift), 200)):
        assert response.status_code == status
        text = text_of(response)
        assert "This hold is lifted already" in text and f"Row {row} of the log says who lifted it" in text
        assert reverse("entry_detail", args=[row]) in response.content.decode()
    assert Entry.objects.filter(action="audit.lift_hold").count() == 1


def test_a_hold_that_is_lifted_between_reading_and_writing_is_answered_so_too(admin, monkeypatch):
    admin.post(reverse("hold_place"), FORM)
    placed = Hold.objects.get().placed_in
    original = holds.lift

    def overtaken(**options):
        original(**options)
        return original(**options)

    monkeypatch.setattr(holds, "lift", overtaken)
    response = admin.post(reverse("hold_lift", args=[placed]), {"reason": "settled"})
    assert (response.status_code, "This hold is lifted already" in text_of(response)) == (409, True)


def test_no_hold_was_placed_by_another_row(admin):
    assert admin.post(reverse("hold_lift", args=[4242]), {"reason": "settled"}).status_code == 404


def place(admin, kind: str, value: str) -> str:
    """The text of the page after placing a hold."""
    return text_of(admin.post(reverse("hold_place"), FORM | {"kind": kind, "value": value}, follow=True))


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [("server", "12345", "server 12345 (web-server-02)"), ("person", "1003", "person 1003 (Mia)")],
)
def test_what_is_held_is_shown_with_its_name_and_its_rows(admin, kind, value, shown):
    write_operation("accepted")
    write_operation(server_name="web-server-02")
    text = place(admin, kind, value)
    assert f"{shown} Rows in the database 3" in text
    assert "No row in the database" not in text
    lift = reverse("hold_lift", args=[Hold.objects.get().placed_in])
    assert shown.partition("(")[2] in text_of(admin.get(lift))


def test_a_person_without_an_account_is_shown_with_the_name_in_the_log(admin):
    write_events(1, actor=Actor(id=7001, name="Lea", role="viewer"))
    about_noa = MIA.entry(action="person.invite", target="Noa", target_person_id=7002)
    journal.record(about_noa)
    assert "person 7001 (Lea) Rows in the database 1" in place(admin, "person", "7001")
    assert "person 7002 (Noa) Rows in the database 1" in place(admin, "person", "7002")


def test_a_count_that_is_not_complete_is_told_as_such(admin, monkeypatch):
    about = MIA.entry(action="person.invite", target="Noa", target_person_id=7002)
    journal.record(about)
    journal.record(about)
    monkeypatch.setattr(holds, "SCANNED_ROWS", 2)
    assert "person 7002 (Noa) Rows in the database at least 1" in place(admin, "person", "7002")
    monkeypatch.setattr(holds, "SCANNED_ROWS", 1)
    text = text_of(admin.get(reverse("hold_list")))
    assert "person 7002 (Noa) Rows in the database none of the newest 20,000" in text


@pytest.mark.parametrize(("kind", "value"), [("server", "424242"), ("person", "777"), ("rows", "500 to 900")])
def test_a_hold_on_what_is_not_in_the_log_is_told(admin, kind, value):
    text = place(admin, kind, value)
    assert f"No row in the database is under the hold on {kind} {value}" in text
    assert f"{kind} {value} Rows in the database 0" in text
    assert "No row in the database is" not in text_of(admin.get(reverse("hold_list")))


def test_a_lifted_hold_has_no_number_of_rows(admin):
    place(admin, "server", "424242")
    admin.post(reverse("hold_lift", args=[Hold.objects.get().placed_in]), {"reason": "wrong number"})
    assert "Rows in the database" not in text_of(admin.get(reverse("hold_list")))
