"""What the monthly report does not count, and says so: archived, damaged and missing rows, and those of a month with too many."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.urls import reverse

from snapshots.audit import checkpoints, holds
from snapshots.audit.archiving import rows as archive_rows
from snapshots.audit.archiving import run
from snapshots.audit.hold_models import parse_scope
from snapshots.audit.models import Entry
from snapshots.audit.reporting import coverage, tally
from snapshots.audit.reporting.coverage import Coverage, read_coverage
from snapshots.audit.reporting.months import Month, months_with_rows
from snapshots.audit.reporting.operations import standings
from snapshots.audit.reporting.tally import Tally, count_days, count_rows
from tests.support.archives import archive_all
from tests.support.audit_rows import ARON, fill_log
from tests.support.audit_triggers import without_triggers
from tests.support.pages import text_of
from tests.support.query_plans import plans_of
from tests.support.report_log import DECEMBER, NOVEMBER, TENTH, Operation, event, write_november

pytestmark = pytest.mark.django_db

URL = "/audit/report/?month=2026-11"
DAY = timedelta(days=1)
NOVEMBER_2026 = Month(2026, 11)


@pytest.fixture(autouse=True)
def december():
    with time_machine.travel(DECEMBER + 3 * DAY, tick=False):
        yield


@pytest.fixture
def aron(cast, signed_in):
    return signed_in(cast.aron)


@pytest.fixture
def folder(tmp_path, settings, monkeypatch):
    settings.SNAPPORTAL_ARCHIVE_DIR = str(tmp_path)
    monkeypatch.setattr(run, "ROWS_PER_FILE", 256)
    return tmp_path


def covered(month: Month = NOVEMBER_2026) -> Coverage:
    return read_coverage(month, archive_rows.read_all())


def counted() -> Tally:
    return count_rows(covered())


def change(sequence: int, column: str, value: str) -> None:
    """`value`: SQL."""
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE audit_entry SET {column} = {value} WHERE sequence = {sequence}")


def fill(count: int, moment) -> None:
    with time_machine.travel(moment, tick=False):
        fill_log(count)


def archive(folder, moment) -> None:
    with time_machine.travel(moment, tick=False):
        checkpoints.make()
        archive_all(folder)


def test_the_older_rows_of_a_month_may_be_archived_and_are_not_counted(folder, aron):
    fill(300, TENTH)
    archive(folder, TENTH + DAY)
    event("person.sign_in", moment=TENTH + 2 * DAY)
    period = covered()
    [file] = archive_rows.read_all()
    assert (period.first, period.archives, period.is_whole) == (257, (file,), False)
    assert count_rows(period).number == period.numbers == 300 + 2 - 256
    page = aron.get(URL)
    assert "The older rows of this month are archived in files, and not counted here" in text_of(page)
    assert "Rows 1 to 256 , the last of them written at 2026-11-10T09:00:00" in text_of(page)
    assert reverse("archive_detail", args=[1]) in page.text
    assert "Archived rows are not looked at." in text_of(page)


def test_of_a_month_that_is_archived_nothing_is_counted_not_even_the_rows_that_stay(folder, aron):
    with time_machine.travel(TENTH, tick=False):
        holds.place(actor=ARON, scope=parse_scope("server 999"), name="Case", reason="it stays")
    fill(511, TENTH + DAY)
    archive(folder, DECEMBER + DAY)
    assert Entry.objects.filter(action="audit.hold").exists()
    assert (covered().is_empty, [one.last for one in covered().archives]) == (True, [256, 512])
    text = text_of(aron.get(URL))
    assert "All rows of this month are archived in files: nothing is counted here" in text
    assert "Who was active" not in text and "it stays" not in text


def test_an_archive_that_nobody_can_read_any_more_is_named_for_each_month_that_it_may_have(folder):
    fill(300, TENTH)
    archive(folder, TENTH + DAY)
    assert covered(Month(2026, 9)).archives == ()
    for file in folder.iterdir():
        file.unlink()
    assert len(covered(Month(2026, 9)).archives) == 1


def test_an_archive_of_another_month_is_not_named(folder, aron):
    fill(300, NOVEMBER - 10 * DAY)
    archive(folder, NOVEMBER - DAY)
    event("person.sign_in", moment=TENTH)
    assert (covered().archives, covered().is_whole) == ((), True)
    assert [one.last for one in covered(Month(2026, 10)).archives] == [256]
    assert covered(Month(2026, 9)).archives == (), "the log had not begun"
    text = text_of(aron.get(URL))
    assert "archived in files" not in text
    assert "Archived rows are not looked at." in text, "what was unknown there and may be open still"


def test_archived_months_are_in_the_choice(folder):
    fill(256, NOVEMBER - 40 * DAY)
    fill(100, TENTH)
    archive(folder, TENTH + DAY)
    assert not Entry.objects.filter(at__lt=NOVEMBER).exists()
    found = months_with_rows(DECEMBER + 3 * DAY, archive_rows.read_all())
    assert [str(one) for one in found] == ["2026-11", "2026-09"]


def test_an_empty_log_offers_no_month():
    assert months_with_rows(DECEMBER, []) == []


@pytest.mark.only_sqlite  # PostgreSQL stores no value of another type
def test_a_row_that_cannot_be_read_is_named_and_all_others_are_counted(aron):
    write_november()
    change(8, "result", "CAST(x'ff' AS TEXT)")
    found = counted()
    assert (found.unreadable, found.number, sum(one.number for one in found.groups)) == ((8,), 20, 19)
    assert sum(one.number for one in count_days(covered())) == 17
    text = text_of(aron.get(URL))
    assert "Row 8 cannot be read, because it was changed in the database. It is not counted." in text
    assert "2 people were active." in text


@pytest.mark.only_sqlite
def test_a_value_of_another_type_is_not_counted_and_named(aron):
    write_november()
    change(7, "code", "x'ff'")
    change(8, "actor_id", "'Mia'")
    found = counted()
    assert (found.foreign, found.number) == (2, 20)
    text = text_of(aron.get(URL))
    assert "2 rows hold a value of a form that the portal never writes. They are not counted." in text


@pytest.mark.only_sqlite
def test_a_row_that_cannot_be_read_does_not_hide_the_rows_around_it_from_the_lists(aron):
    write_november()
    event("approval.break_glass", moment=TENTH + DAY, reason="a second one")
    change(14, "reason", "CAST(x'ff' AS TEXT)")
    text = text_of(aron.get(URL))
    assert "A row that cannot be read: it was changed in the database" in text
    assert "a second one" in text


@pytest.mark.only_sqlite
def test_of_a_month_with_many_unreadable_rows_nothing_is_counted(aron, monkeypatch):
    write_november()
    monkeypatch.setattr(tally, "MOST_UNREADABLE", 1)
    change(7, "result", "CAST(x'ff' AS TEXT)")
    assert counted().is_readable
    change(9, "result", "CAST(x'ff' AS TEXT)")
    assert not counted().is_readable
    text = text_of(aron.get(URL))
    assert "Many rows of this period cannot be read" in text
    assert "Who was active" not in text


@pytest.mark.only_sqlite
def test_a_time_that_is_none_does_not_break_the_picture(aron):
    write_november()
    change(7, "at", "'2026-99-99 00:00:00'")
    assert aron.get(URL).status_code == 200


def test_a_result_that_the_portal_does_not_know_has_a_column_of_its_own(aron):
    write_november()
    Operation().asked(TENTH + DAY).said("excellent", TENTH + DAY)
    page = aron.get(URL)
    assert page.context["operations"].heads[-1] == "excellent"
    assert page.context["operations"].total.total.count == 4


def test_rows_that_are_missing_in_the_database_are_counted_as_missing(aron):
    write_november()
    with without_triggers():
        Entry.objects.filter(sequence__in=(7, 8)).delete()
    text = text_of(aron.get(URL))
    assert "2 rows of this period are missing in the database and cannot be counted." in text


@pytest.mark.only_sqlite
def test_a_row_without_a_number_does_not_hide_the_others(aron):
    write_november()
    event("person.sign_in", moment=DECEMBER + DAY)
    event("person.sign_in", moment=DECEMBER + 2 * DAY)
    change(22, "sequence", "'no number'")
    assert (covered().last, covered(Month(2026, 12)).last) == (20, 21)
    assert aron.get("/audit/report/").status_code == 200


def test_a_whole_log_names_no_problem(aron):
    write_november()
    assert aron.get(URL).context["period"].problems == ()


def test_of_a_month_with_too_many_rows_the_newest_are_counted_and_the_others_named(aron, monkeypatch):
    write_november()
    monkeypatch.setattr(coverage, "MOST_COUNTED", 15)
    assert (covered().first, covered().too_many, counted().number) == (6, 5, 15)
    text = text_of(aron.get(URL))
    assert "This month has more rows than one report counts: 5 older rows are not counted." in text
    assert "15: 3 are steps of operations" in text
    monkeypatch.setattr(coverage, "MOST_COUNTED", 20)
    assert covered().is_whole


def test_the_checkpoint_is_the_first_one_that_has_all_rows(aron):
    write_november()
    with time_machine.travel(TENTH + DAY, tick=False):
        checkpoints.make()
    event("person.sign_in", moment=TENTH + 2 * DAY)
    for moment in (DECEMBER + DAY, DECEMBER + 2 * DAY):
        with time_machine.travel(moment, tick=False):
            event("person.sign_in", moment=moment)
            checkpoints.make()
    assert covered().checkpoint().size == 22
    assert (covered().count_checkpoints(), covered(Month(2026, 12)).count_checkpoints()) == (1, 2)
    assert "The signed checkpoint of 22 rows has all of them in its tree" in text_of(aron.get(URL))


@pytest.mark.only_sqlite  # PostgreSQL plans from statistics, which a short table does not have
def test_no_query_goes_through_the_whole_log(aron):
    write_november()
    Operation().asked(TENTH + DAY).said("unknown", TENTH + DAY)
    event("audit.verify", moment=TENTH + 2 * DAY)
    steps = plans_of(lambda: aron.get(URL))
    assert [step for step in steps if "(sequence>? AND sequence<?)" in step]
    assert [step for step in steps if "audit_action (action=? AND sequence>? AND sequence<?)" in step]
    assert [step for step in steps if step.startswith("SCAN audit_entry") and "INDEX" not in step] == []
    by_result = [step for step in steps if "audit_result" in step]
    assert len(by_result) == 3, "those of unknown results alone: few rows have them"


def test_what_is_open_is_found_by_the_rows_of_the_period_alone():
    write_november()
    period = covered()
    assert {one.result for one in standings(period, count_rows(period))} == {"completed", "failed", "refused"}
