"""Pages of the audit log: access, lines, filters, paging and export."""

import json
import re
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.urls import reverse

from snapshots.audit import journal
from snapshots.audit.models import Entry
from snapshots.audit.queries import COUNT_LIMIT
from snapshots.operations.models import Action
from snapshots.views import audit
from snapshots.views.texts import audit as texts
from snapshots.views.texts.audit import headline
from snapshots.views.texts.audit_actions import ACTIONS
from tests.support.audit_rows import ARON, MIA, MIA_ID, rows, write_events, write_operation
from tests.support.audit_triggers import without_triggers

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor(cast, signed_in):
    return signed_in(cast.aron)


def page_of(client, **query):
    response = client.get(reverse("entry_list"), query)
    assert response.status_code == 200
    return response.context["page"]


def lines_of(client, **query) -> list[str]:
    return [headline(line.entry) for line in page_of(client, **query).lines]


@pytest.mark.parametrize(("person", "list_status", "export_status"), [
    ("vera", 403, 403), ("omar", 403, 403), ("mia", 403, 403), ("aron", 200, 200), ("ada", 200, 403),
])  # fmt: skip
def test_auditors_read_and_export_admins_read_nobody_else_does(
    cast, signed_in, person, list_status, export_status
):
    write_events(1)
    client = signed_in(getattr(cast, person))
    assert client.get(reverse("entry_list")).status_code == list_status
    assert client.get(reverse("entry_detail", args=[1])).status_code == list_status
    assert client.get(reverse("entry_export")).status_code == export_status
    assert client.post(reverse("entry_export"), {"format": "csv"}).status_code == export_status


def test_only_people_who_may_export_see_the_export_button(cast, signed_in):
    write_events(1)
    link = reverse("entry_export")
    assert link in signed_in(cast.aron).get(reverse("entry_list")).text
    assert link not in signed_in(cast.ada).get(reverse("entry_list")).text


def test_an_empty_log_says_so(auditor):
    assert "The log is empty" in auditor.get(reverse("entry_list")).text


def test_an_operation_is_one_line_with_its_latest_result(auditor):
    write_operation("accepted", "completed", reason="A bad update")
    (line,) = page_of(auditor).lines
    assert (line.who, headline(line.entry)) == ("Mia", "Restore web-server-01 from weekly")
    assert (line.result.kind, str(line.result.text)) == ("ok", "Completed")


def test_an_intent_without_an_outcome_is_never_shown_as_done(auditor):
    write_operation()
    assert str(page_of(auditor).lines[0].result.text) == "Requested"
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=10)):
        auditor.force_login(auditor.get(reverse("entry_list")).context["user"])
        assert str(page_of(auditor).lines[0].result.text) == "No result recorded"
        story = auditor.get(reverse("entry_detail", args=[1])).text
    assert "Treat the result as unknown" in story


def test_every_filter_is_applied_and_kept_in_the_query_string(auditor):
    write_operation("completed", reason="A bad update")
    write_operation("failed", actor=ARON, server_id=777, server_name="db-server-01", action="snapshot.delete")
    journal.record(MIA.entry(action="person.sign_out"))
    assert len(lines_of(auditor)) == 3
    restore, delete = "Restore web-server-01 from weekly", "Delete snapshot weekly of db-server-01"
    assert lines_of(auditor, person="Aron") == [delete]
    assert lines_of(auditor, person="aro") == [delete]
    assert lines_of(auditor, action="snapshot.restore") == [restore]
    assert lines_of(auditor, result="failed") == [delete]
    assert lines_of(auditor, server="777") == [delete]
    assert lines_of(auditor, server="WEB-") == [restore]
    assert lines_of(auditor, text="bad update") == [restore]
    assert lines_of(auditor, person="Mia", result="completed", text="weekly") == [restore]
    assert lines_of(auditor, person="nobody") == []
    assert "No matching entries" in auditor.get(reverse("entry_list"), {"person": "nobody"}).text


def test_the_pending_filter_finds_only_intents_without_an_outcome(auditor):
    write_operation("completed")
    write_operation(snapshot_name="unanswered")
    assert lines_of(auditor, result="pending") == ["Restore web-server-01 from unanswered"]


def test_days_include_both_ends(auditor):
    for day in (1, 2, 3):
        for hour in (0, 23):
            with time_machine.travel(datetime(2026, 12, day, hour, 59, 59, tzinfo=UTC), tick=False):
                journal.record(MIA.entry(action="token.check", token_label=f"{day}.{hour}", target="Mia"))
    narrowed = lines_of(auditor, since="2026-12-02", until="2026-12-02")
    assert narrowed == ["Check token 2.23 of Mia", "Check token 2.0 of Mia"]
    assert len(lines_of(auditor, since="2026-12-02")) == 4
    assert len(lines_of(auditor, until="2026-12-02")) == 4
    assert lines_of(auditor, since="2026-12-04") == []


@pytest.mark.parametrize("query", [
    {"since": "yesterday"}, {"until": "9999-12-31"}, {"action": "x"}, {"result": "x"}, {"text": "x" * 201},
])  # fmt: skip
def test_an_invalid_filter_shows_an_error_and_no_entries(auditor, query):
    write_events(1)
    response = auditor.get(reverse("entry_list"), query)
    assert (response.status_code, response.context["page"].lines) == (200, [])
    assert 'class="error"' in response.text
    assert auditor.get(reverse("entry_export"), query).status_code == 302
    assert "audit.export" not in {row["action"] for row in rows()}


def test_pages_lead_from_the_newest_to_the_oldest_and_back(auditor, monkeypatch):
    monkeypatch.setattr(audit, "PAGE_SIZE", 4)
    for number in range(10):
        journal.record(MIA.entry(action="token.check", token_label=str(number), target="Mia"))
    seen, query = [], ""
    while True:
        page = auditor.get(f"{reverse('entry_list')}?{query}").context["page"]
        seen.append([headline(line.entry) for line in page.lines])
        if not page.older:
            break
        query = page.older
    assert [len(lines) for lines in seen] == [4, 4, 2]
    assert [what for lines in seen for what in lines] == [
        f"Check token {number} of Mia" for number in range(9, -1, -1)
    ]
    middle = auditor.get(f"{reverse('entry_list')}?{page.newer}").context["page"]
    assert [headline(line.entry) for line in middle.lines] == seen[1]
    first = auditor.get(f"{reverse('entry_list')}?{middle.newer}").context["page"]
    assert ([headline(line.entry) for line in first.lines], first.newer) == (seen[0], "")


def test_paging_keeps_the_filter_and_never_skips_rows_by_counting(
    auditor, monkeypatch, django_assert_max_num_queries
):
    monkeypatch.setattr(audit, "PAGE_SIZE", 2)
    write_events(5)
    with django_assert_max_num_queries(15) as seen:
        page = page_of(auditor, person="Mia", before="4")
    assert "person=Mia" in page.older
    assert "person=Mia" in page.newer
    assert not any("OFFSET" in query["sql"] for query in seen.captured_queries)


@pytest.mark.parametrize("place", ["-1", "x", "9" * 30, "0", ""])
def test_an_invalid_page_position_causes_no_error(auditor, place):
    write_events(1)
    for name in ("before", "after"):
        assert auditor.get(reverse("entry_list"), {name: place}).status_code == 200
    assert auditor.get(f"/audit/{'9' * 30}/").status_code == 404


def test_a_count_stops_at_ten_thousand(auditor, monkeypatch):
    assert texts.count_words(COUNT_LIMIT) == "10,000"
    assert texts.count_words(COUNT_LIMIT + 1) == "more than 10,000"
    monkeypatch.setattr("snapshots.audit.queries.COUNT_LIMIT", 3)
    write_events(9)
    assert Entry.objects.all().capped_count() == 4


def test_the_page_of_any_row_shows_the_whole_history(auditor):
    write_operation("unknown", provider_message="Gateway timeout", provider_status=504, duration_ms=15000)
    write_events(1)
    operation_id = Entry.objects.get(sequence=1).operation_id
    with journal.committed():
        journal.conclude(
            MIA.entry(action="snapshot.restore", operation_id=operation_id, result="reconciled",
                      evidence="The server is active again", settled_by="Ada (admin)")
        )  # fmt: skip
    for sequence in (1, 2, 4):
        page = auditor.get(reverse("entry_detail", args=[sequence]))
        assert [step["entry"].sequence for step in page.context["steps"]] == [1, 2, 4]
        for words in (
            "Gateway timeout",
            "504",
            "15000",
            "Ada (admin)",
            "The server is active again",
            "203.0.113.9",
        ):
            assert words in page.text.replace(",", "").replace("\xa0", ""), words
        assert page.text.count("valid") == 3
    assert (page.context["older"], page.context["newer"]) == (3, None)


def test_a_changed_row_is_marked_on_its_page(auditor):
    write_operation("completed")
    with without_triggers():
        Entry.objects.filter(sequence=2).update(result="failed")
    page = auditor.get(reverse("entry_detail", args=[1]))
    assert [step["is_sealed"] for step in page.context["steps"]] == [True, False]
    assert "not valid" in page.text


def test_a_row_remains_after_its_person_is_deleted(auditor, cast):
    write_events(1, actor=journal.Actor(id=cast.mia.pk, name="Mia", role="manager"))
    cast.mia.delete()
    assert page_of(auditor).lines[0].who == "Mia"
    assert auditor.get(reverse("entry_detail", args=[1])).status_code == 200


def test_text_from_outside_is_never_markup(auditor):
    nasty = "<script>alert(1)</script>"
    write_operation("failed", reason=nasty, server_name=nasty, snapshot_name=nasty, provider_message=nasty)
    journal.record(MIA.entry(action=f"{nasty}", result=nasty, code=nasty, target=nasty))
    for url in (reverse("entry_list"), "/audit/1/", "/audit/3/", f"{reverse('entry_list')}?text={nasty}"):
        page = auditor.get(url)
        assert page.status_code == 200
        assert nasty not in page.text


def test_the_page_says_when_the_log_was_verified_and_anchored(auditor):
    assert "Never verified yet" in auditor.get(reverse("entry_list")).text
    journal.record(MIA.entry(action="audit.verify", result="completed", evidence="7 rows hold"))
    journal.record(MIA.entry(action="audit.anchor", result="completed", evidence="row 8"))
    text = auditor.get(reverse("entry_list")).text
    assert "7 rows hold" in text
    assert "Last anchored:" in text
    journal.record(MIA.entry(action="audit.verify", result="failed", evidence="row 3: it was changed"))
    text = auditor.get(reverse("entry_list")).text
    assert "The last verification found the log broken" in text
    assert "row 3: it was changed" in text


def test_an_export_holds_the_filtered_log_and_is_recorded(auditor):
    write_operation("accepted", "completed")
    write_events(2, actor=ARON)
    url = f"{reverse('entry_export')}?person=Mia"
    offer = auditor.get(url)
    assert "3 rows will be in the file" in offer.text
    assert "audit.export" not in {row["action"] for row in rows()}
    response = auditor.post(url, {"format": "json"})
    lines = [json.loads(line) for line in b"".join(response.streaming_content).splitlines()]
    assert [line["row"]["sequence"] for line in lines if line["type"] == "row"] == [1, 2, 3]
    note = rows()[-1]
    assert (note["action"], note["actor_name"]) == ("audit.export", "Aron")
    assert note["evidence"] == f"3 rows, up to row 5; filters: “person={MIA_ID}”"
    assert note["target"] in response["Content-Disposition"]
    assert (response["Cache-Control"], response["Content-Type"]) == (
        "no-store",
        "application/jsonl; charset=utf-8",
    )


def test_the_whole_log_is_exported_without_a_filter(auditor):
    write_events(3)
    response = auditor.post(reverse("entry_export"), {"format": "csv"})
    assert b"".join(response.streaming_content).decode().count("person.sign_in") == 3
    assert auditor.post(reverse("entry_export"), {"format": "exe"}).status_code == 404


def test_nothing_is_exported_if_the_export_cannot_be_recorded(auditor, settings):
    write_events(3)
    settings.SNAPPORTAL_AUDIT_KEYS = {}
    assert auditor.post(reverse("entry_export"), {"format": "csv"}).status_code == 503
    assert len(rows()) == 3


def test_a_refused_reader_is_recorded_in_the_log(cast, signed_in):
    signed_in(cast.vera).get(reverse("entry_list"))
    (row,) = rows()
    assert (row["action"], row["actor_name"], row["code"]) == ("access.refuse", "Vera", "audit.read")


def test_every_recorded_action_has_texts():
    sources = [
        path.read_text() for room in ("snapshots", "snapportal") for path in (ROOT / room).rglob("*.py")
    ]
    written = {name for text in sources for name in re.findall(r"\.entry\(\s*action=\"([a-z_.]+)\"", text)}
    assert "person.sign_in" in written
    assert written | set(Action.values) <= set(ACTIONS)


def test_every_known_action_has_a_headline(auditor):
    for action in ACTIONS:
        journal.record(MIA.entry(action=action, target="T", operation_id=uuid.uuid4()))
        entry = Entry.objects.order_by("-sequence").first()
        assert "%(" not in auditor.get(reverse("entry_detail", args=[entry.sequence])).context["headline"]
    assert len(rows()) == len(ACTIONS)
