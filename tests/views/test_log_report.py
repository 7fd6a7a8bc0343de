"""The monthly report of the log: what each section counts, where its numbers lead, and what it says it does not count."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from snapportal.accounts import erasure
from snapportal.accounts.models import User
from snapshots.audit.models import Entry
from snapshots.reviews.models import Verdict
from snapshots.views.reports import people
from tests.support.actors import actor_of
from tests.support.audit_rows import ARON, MIA
from tests.support.pages import text_of
from tests.support.pictures import pictures_in
from tests.support.report_log import (
    DECEMBER,
    STRANGER,
    TENTH,
    Operation,
    event,
)
from tests.support.report_pages import URL, december, november, report, section
from tests.support.reviews import marked, signed

__all__ = ["december", "november"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("december")]

DAY = timedelta(days=1)


def figures(page: HttpResponse, key: str) -> dict[str, int]:
    (found,) = [one for one in page.context["sections"] if one.key == key]
    return {one.text: one.count for one in found.figures}


def test_the_period_is_given_with_its_rows_and_the_first_and_the_last_with_their_hashes(november, aron):
    text = section(report(aron), "coverage")
    first, last = Entry.objects.get(sequence=1), Entry.objects.get(sequence=20)
    assert "From 1 Nov 2026, 00:00 UTC until before 1 Dec 2026, 00:00 UTC" in text
    assert "As of 4 Dec 2026, 00:00 UTC" in text
    assert "20: 4 are steps of operations, 5 are refusals, 11 are something else" in text
    assert f"Row 1, 10 Nov 2026, 09:00 UTC {first.hash}" in text
    assert f"Row 20, 10 Nov 2026, 09:19 UTC {last.hash}" in text
    assert "No checkpoint has been signed yet" in text


def test_operations_are_counted_by_kind_and_result(november, aron):
    page = report(aron)
    text = section(page, "operations")
    assert "Create 1 0 0 0 0 1 1 Restore 0 0 0 1 0 1 0 Delete 0 1 0 0 0 1 1 Together 1 1 0 1 0 3 2" in text
    assert "Asked for through: API 1 · Browser 1" in text
    (picture,) = pictures_in(page).values()
    assert picture.findtext("desc").startswith("18 entries. The most on one day were 18")


def test_refusals_are_counted_by_what_and_why_in_words(november, aron):
    page = report(aron)
    refused = section(page, "refused")
    assert "Access denied 1 Requires the permission “Manage people and teams”: 1" in refused
    assert "Restore a server 1 The name you typed is not this server's name: 1" in refused
    assert "Sign in" not in refused
    sign_ins = section(page, "sign-ins")
    assert "Sign in 3 Wrong name or password: 2 Wrong name or password, too many times" in sign_ins


def test_people_are_counted_with_what_they_did(november, aron):
    text = section(report(aron), "people")
    assert "2 people were active." in text
    assert "Person Sign-ins Create Restore Delete Refused Other" in text
    assert "Mia 1 1 1 1 2 3 Aron 0 0 0 0 0 4" in text
    assert "The portal itself, and whoever is not signed in 0 0 0 0 3 3" in text


@pytest.mark.parametrize(
    ("key", "expected", "shown"),
    [
        ("accounts", {"Add a person": 1, "Grant a temporary role": 1}, "Aron Add nadia Operator Completed"),
        ("approvals", {"Ask for approval": 1, "Break the glass": 1}, ""),
        ("observed", {"A snapshot vanished": 1}, ""),
        ("keys", {"Store a token": 1}, "Mia Store token Team for mia"),
        (
            "verified",
            {"Verify the audit log": 1, "Anchor the audit log: Failed": 1},
            "row 17; noted by nobody",
        ),
        ("log", {"Export the audit log": 1}, "Aron Export the audit log as audit.jsonl 18 rows"),
        ("rest", {"Make a schedule": 1}, ""),
    ],
)
def test_each_other_section_counts_and_shows_its_rows(november, aron, key, expected, shown):
    page = report(aron)
    assert figures(page, key) == expected
    assert shown in section(page, key)


def test_the_glass_and_overrides_are_shown_in_full_and_attempts_too(november, aron):
    later = TENTH + DAY
    event("approval.break_glass", moment=later, result="refused", code="reason_missing", server_name="shop")
    override = Operation(
        "snapshot.create", reason="a way back\nOverride: it ended at the provider, ticket 88"
    )
    override.asked(later + DAY).said("completed", later + DAY)
    text = section(report(aron), "glass")
    assert "Aron Break the glass on shop the shop is down Glass broken" in text
    assert "Mia Break the glass on shop — Refused A reason is missing" in text
    assert "a way back Override: it ended at the provider, ticket 88 Completed" in text


def test_an_override_has_the_result_that_it_had_when_the_period_ended(cast, aron):
    override = Operation("snapshot.create", reason="Override: ticket 88").asked(TENTH)
    override.said("accepted", TENTH).said("completed", DECEMBER + DAY)
    assert "Override: ticket 88 Accepted" in section(report(aron), "glass")


def test_a_reason_that_only_mentions_an_override_is_none(cast, aron):
    Operation(reason="no Override: this is a normal restore").asked(TENTH).said("completed", TENTH)
    assert "no hold of a server was overridden" in section(report(aron), "glass")


def test_the_signed_reviews_are_shown(november, aron):
    event("review.sign", ARON, moment=TENTH + DAY, target="rows 1 to 20", reason="all is well")
    assert "all is well" in section(report(aron), "reviews")


@pytest.mark.django_db(transaction=True)
def test_the_report_says_what_of_the_month_nobody_has_reviewed_and_what_is_open(november, cast, aron):
    assert "Rows 1 to 20 are not reviewed yet." in section(report(aron), "reviews")
    assert figures(report(aron), "reviews") == {"Open questions": 0, "Findings": 0}
    with time_machine.travel(DECEMBER + DAY, tick=False):
        asked, found, later = [
            one for one in Entry.objects.order_by("sequence") if one.actor_id == cast.mia.pk
        ][:3]
        marked(cast.aron, asked, Verdict.QUESTION, "Why?")
        marked(cast.aron, found, Verdict.FINDING, "No reason")
        marked(cast.ada, later, Verdict.FINDING, "No reason")
        signed(cast.aron, last=12)
    page = report(aron)
    assert "Rows 13 to 20 are not reviewed yet." in section(page, "reviews")
    assert figures(page, "reviews") == {"Open questions": 1, "Findings": 2}
    signed(cast.aron, last=21)
    assert "Every row is reviewed." in section(report(aron), "reviews")
    december = figures(report(aron, "2026-12"), "reviews")
    assert (december["Open questions"], december["Findings"]) == (0, 0)


def test_without_verification_anchors_and_checkpoints_the_report_says_so(cast, aron):
    event("person.sign_in", moment=TENTH)
    text = section(report(aron), "verified")
    for sentence in (
        "The log was not verified in this period.",
        "No anchor was stored in this period.",
        "No checkpoint was signed over the rows of this period.",
    ):
        assert sentence in text


def test_verifications_that_found_nothing_are_listed_by_time_and_broken_ones_in_full(november, aron):
    event("audit.verify", moment=TENTH + DAY, evidence="the first")
    event("audit.verify", moment=TENTH + 2 * DAY, result="failed", evidence="row 7 was changed")
    event("audit.verify", moment=TENTH + 3 * DAY, evidence="the newest")
    text = section(report(aron), "verified")
    assert "the newest" in text and "row 7 was changed" in text and "the first" not in text
    assert "Verified and found sound at: 11 Nov 2026, 09:00 UTC 10 Nov 2026, 09:16 UTC" in text


def _all_figures(page: HttpResponse):
    context = page.context
    rows = [*context["operations"].rows, *context["people"].rows]
    yield from (cell for row in rows for cell in row.cells)
    yield from (row.total for row in context["operations"].rows)
    yield from (one.asked for one in (*context["refusals"], *context["sign_ins"]))
    yield from (one for part in context["sections"] for one in part.figures)


def test_every_number_leads_to_as_many_entries_of_the_log(november, aron):
    Operation().asked(TENTH + DAY).said("unknown", TENTH + DAY, code="deadline")
    for action in ("person.sign_in", "audit.export"):
        event(action, ARON, moment=DECEMBER + DAY)
    linked = [one for one in _all_figures(report(aron)) if one.url]
    assert len(linked) > 20
    for one in linked:
        assert aron.get(one.url).context["count"] == one.count, one


def test_nothing_that_is_zero_has_a_link(november, aron):
    assert not [one for one in _all_figures(report(aron)) if one.url and not one.count]


def test_two_people_of_one_name_are_told_apart_and_who_was_erased_has_no_name(november, cast, aron):
    event("person.sign_in", actor_of(cast.vera), moment=TENTH + DAY)
    User.objects.filter(pk=cast.vera.pk).update(name="Mia")
    assert {"Mia (mia)", "Mia (vera)"} < {one.name for one in report(aron).context["people"].rows}
    User.objects.filter(pk=cast.mia.pk).update(is_active=False)
    cast.mia.refresh_from_db()
    row = erasure.erase_person(cast.mia, reason="left", actor=actor_of(cast.ada))
    erased = report(aron).context["people"].rows[0]
    assert (erased.name, erased.url) == (f"Erased (row {row.sequence})", "")
    assert not any(cell.url for cell in erased.cells)


def test_of_many_people_the_rest_is_counted_together(november, aron, monkeypatch):
    monkeypatch.setattr(people, "MOST_SHOWN", 1)
    text = section(report(aron), "people")
    assert "2 people were active." in text
    assert "1 more person 0 0 0 0 0 4" in text


def test_looking_at_the_report_is_no_row_of_the_log(november, aron):
    report(aron)
    assert Entry.objects.count() == 20


def test_the_pages_of_the_log_lead_here(november, aron):
    assert f'href="{URL}"' in aron.get("/audit/").text
    assert f'href="{URL}?month=2026-11"' in aron.get("/audit/activity/", {"until": "2026-11-30"}).text


def test_the_printed_page_says_of_which_portal_it_is_and_who_printed_it(november, aron):
    text = text_of(report(aron))
    for words in ("Portal http://testserver/", "Log snapportal.invalid/log", "Printed by Aron", "Signature"):
        assert words in text


def test_what_a_stranger_wrote_is_shown_as_text(cast, aron):
    refused = {"result": "refused", "code": "<b>x</b>", "target": "<i>y</i>"}
    event("person.sign_in", STRANGER, moment=TENTH, **refused)
    event("approval.break_glass", moment=TENTH, reason="<script>z</script>")
    page = report(aron).text
    assert "<b>x" not in page and "<script>z" not in page
    assert "&lt;b&gt;x" in page and "&lt;script&gt;z" in page


def test_the_number_of_queries_does_not_grow_with_the_rows(november, aron):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            report(aron)
        return len(seen)

    queries()
    before = queries()
    for number in range(60):
        event("person.sign_in", (MIA, ARON)[number % 2], moment=TENTH + DAY)
    assert queries() == before
