"""The search of the log finds what comparing every row finds, in pages and in both directions."""

from itertools import product

import pytest
from django.db import connection

from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.audit.models import Entry
from snapshots.audit.search import criteria, listing, searched
from snapshots.audit.search.criteria import Criteria
from snapshots.audit.search.listing import Count, Limit
from tests.support.audit_rows import ARON, MIA, fill_log, write_events, write_operation
from tests.support.searching import all_pages, all_pages_back, containing, found, write

pytestmark = pytest.mark.django_db

TEXTS = (
    {"reason": "Rückkehr zu „gestern“ nach dem Update"},
    {"server_name": "web-server-01", "reason": "100% of the disk"},
    {"server_name": "db-server-02", "snapshot_name": "before_update%"},
    {"target": 'the "quoted" one', "evidence": "it's in the list\nof yesterday"},
    {"provider_message": r"C:\backup\weekly", "token_label": "Shop, Über"},
    {"reason": "日本語のサーバー"},
    {"reason": "ab"},
)


@pytest.fixture
def texts():
    for columns in TEXTS:
        write(**columns)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Rückkehr",
            "rückkehr",
            "RÜCKKEHR",
            "Update",
            "UPDATE",
            "update",
            "nach dem",
            "„gestern“",
            "über",
            "ÜBER",
        ),
        *(
            "web-server-01",
            "server",
            "SERVER-0",
            "er-0",
            "100%",
            "0% of",
            "before_update",
            "before-update",
            "update%",
        ),
        *(
            '"quoted"',
            "it's",
            "list\nof",
            r"C:\backup",
            r"\back",
            "\\\\",
            "日本語",
            "サーバー",
            "%%%",
            "___",
            "nowhere",
        ),
        *(
            "Ü.er",
            "(Ü",
            "„gestern“ (",
            "web-server-01 100%",
            "01\x1f100",
            "a" * 200,
            "' OR ''='",
            '" OR "',
            "NOT",
            "searched:web",
            "*",
            "^web",
        ),
    ],
)
def test_a_text_is_found_wherever_comparing_finds_it(texts, text):
    assert found(text=text) == containing(text)
    assert sorted(found(text=text)) == sorted(Criteria(text=text).lines().values_list("sequence", flat=True))


@pytest.mark.parametrize("text", ["ab", "e", "の", "%", "Ü", "zz"])
def test_a_short_text_is_found_too(texts, text):
    assert found(text=text) == containing(text)


def test_a_text_across_two_columns_is_not_found(texts):
    write(reason="one two", server_name="three four")
    for text in ("two three", "twothree"):
        assert found(text=text) == list(Criteria(text=text).lines()) == []


def test_the_id_of_a_request_is_found_as_a_whole(texts):
    row = journal.record(
        Actor(id=1, name="x", role="", request_id="7c9e6679aabb").entry(action="token.check")
    )
    assert found(text="7c9e6679aabb") == [row.sequence]
    assert found(text="7c9e6679") == []


def test_an_operation_is_one_line_and_found_by_its_last_row():
    write_operation("accepted", "completed", reason="the update")
    write_operation("accepted", "unknown", reason="another thing")
    assert found(text="the update") == [3]
    assert found(result="accepted") == found(text="update", result="accepted") == []
    assert found(result="unknown") == [6]
    assert found(result="pending") == []


def test_names_and_addresses_are_found():
    write_events(2, MIA)
    write_events(1, ARON)
    refused = Actor(id=None, name="", role="", address="2001:db8::77")
    journal.record(refused.entry(action="person.sign_in", result="refused"))
    journal.record(
        Actor(id=None, name="Command Line", role="").entry(action="token.check", settled_by="Mia Sommer")
    )
    assert found(text="mia") == [5, 2, 1]
    assert found(text="command") == [5]
    assert found(text="203.0.113.9") == [2, 1]
    assert found(text="203.0.113.") == [3, 2, 1]
    assert found(text="2001:DB8::") == [4]
    assert found(text="198.51") == []
    for text in ("mia", "203.0.113.", "2001:DB8::"):
        assert found(text=text) == list(Criteria(text=text).lines().values_list("sequence", flat=True))


def test_parts_of_several_servers_names_are_found():
    for number in (3, 1, 2):
        write(server_id=number, server_name=f"Web-Süd-{number}")
    write(server_id=4, server_name="db-1", reason="not Web-Süd")
    assert found(server="web-süd") == [3, 2, 1]
    assert found(server="-1") == [4, 2]
    assert found(server="db-1") == [4]
    assert found(server="db_1") == found(server="%") == []
    assert found(server="db-1", servers=(1, 2)) == [4, 3, 2]
    assert found(server="nowhere", servers=(1, 2)) == [3, 2]
    assert list(Criteria(server="-1").lines().values_list("sequence", flat=True)) == [4, 2]


LONG = 2100


@pytest.fixture
def long_log():
    """Rows in three windows of the first level: every row says "visit", few say more."""
    fill_log(LONG)
    for _ in range(3):
        write(reason="the last rows")


def test_pages_in_both_directions_hold_each_line_once(long_log, monkeypatch):
    filters = [{"text": "visit 12"}, {"text": "last rows"}, {"person": "Mia", "text": "visit 9"}]
    for wanted, size, per_window in product(filters, [7, 400], [3000, 100]):
        monkeypatch.setattr(listing, "FOUND_PER_WINDOW", per_window)
        found = Criteria(**wanted).listing()
        expected = list(Criteria(**wanted).lines().values_list("sequence", flat=True))
        assert expected, wanted
        assert all_pages(found, size) == all_pages_back(found, size) == expected, (wanted, size, per_window)
        assert found.count() == Count(len(expected)), (wanted, size, per_window)


def test_a_count_stops_and_pages_go_on(long_log):
    found = Criteria(text="visit").listing()
    assert found.count() == Count(1000, Limit.ENOUGH)
    assert all_pages(found, 600) == all_pages_back(found, 600) == [*range(LONG, 0, -1)]


def test_after_many_rows_that_do_not_match_a_page_ends_and_leads_on(monkeypatch):
    """Every row has the text and the action, only the first one the name: how many are compared for a page is limited."""
    monkeypatch.setattr(listing, "MOST_LOOKED_AT", 500)
    for module in (listing, criteria):
        monkeypatch.setattr(module, "FOUND_PER_WINDOW", 100)
    first = journal.record(ARON.entry(action="person.sign_in", reason="visit of Aron")).sequence
    fill_log(LONG)
    monkeypatch.setattr(criteria, "_finds_few", lambda part, window: False)
    found = Criteria(text="visit", action="person.sign_in", people=(ARON.id, 7)).listing()
    page = found.page(50)
    assert (page.entries, page.newer) == ([], None)
    assert page.looked_at == (page.older, LONG + 1)
    assert found.count() == Count(0, Limit.LOOKED)
    assert all_pages(found, 50) == [first]
    back = found.page(50, after=1)
    assert (back.entries, back.older, back.looked_at) == ([], None, (2, back.newer))


@pytest.mark.parametrize("result", ["pending", "accepted", "unknown"])
def test_results_that_others_followed_are_compared_in_a_limited_number_of_rows(monkeypatch, result):
    monkeypatch.setattr(listing, "MOST_LOOKED_AT", 5)
    write(result=result)
    fill_log(1100)
    for _ in range(6):
        write_operation(result, "completed")
    found = Criteria(result=result).listing()
    page = found.page(50)
    assert (page.entries, found.count()) == ([], Count(0, Limit.LOOKED))
    assert page.looked_at and page.looked_at[0] == page.older
    assert all_pages(found, 50) == [1]


def test_the_filter_that_finds_few_rows_finds_those_that_are_compared(monkeypatch):
    for module in (listing, criteria):
        monkeypatch.setattr(module, "FOUND_PER_WINDOW", 100)
    monkeypatch.setattr(listing, "MOST_LOOKED_AT", 500)
    first = journal.record(ARON.entry(action="person.sign_in", reason="visit of Aron")).sequence
    fill_log(LONG)
    for wanted in ({"people": (ARON.id,)}, {"text": "of Aron", "action": "person.sign_in"}):
        found = Criteria(**({"text": "visit"} | wanted)).listing()
        assert ([one.sequence for one in found.page(50).entries], found.count()) == ([first], Count(1))


@pytest.mark.parametrize("text", ["zz", "vi"])
def test_a_short_text_is_looked_for_in_a_limited_number_of_rows(long_log, monkeypatch, text):
    monkeypatch.setattr(criteria, "MOST_SCANNED", 1000)
    expected = containing(text)
    found = Criteria(text=text).listing()
    page = found.page(50)
    assert [entry.sequence for entry in page.entries] == expected[:50]
    assert found.count() == Count(len([one for one in expected if one > LONG + 3 - 1000]), Limit.LOOKED)
    if text == "zz":
        assert page.looked_at == (LONG + 4 - 1000, LONG + 3)
        assert (page.older, page.newer) == (LONG + 4 - 1000, None)
    assert all_pages(found, 50) == all_pages_back(found, 50) == expected


def test_a_short_text_with_a_server_is_looked_for_in_all_its_rows(long_log, monkeypatch):
    monkeypatch.setattr(criteria, "MOST_SCANNED", 10)
    write(server_id=1, server_name="one", reason="ok")
    write(server_id=2, server_name="one-too", reason="ok")
    fill_log(20)
    assert found(text="ok", server="one") == [LONG + 5, LONG + 4]


def test_a_period_limits_what_is_searched(long_log):
    since = Entry.objects.get(sequence=100).at
    until = Entry.objects.get(sequence=104).at
    assert found(text="visit", since=since, until=until) == [103, 102, 101, 100]
    assert found(text="visit", until=until) == [*range(103, 53, -1)]
    assert found(text="visit", since=until.replace(year=until.year + 1)) == []


def test_letters_of_other_scripts_are_in_the_index_where_postgresql_knows_them(monkeypatch):
    assert searched.has_index("abc")
    assert not searched.has_index("ab")
    monkeypatch.setattr(searched, "_knows_letters", lambda: True)
    assert searched.has_index("日本語")
    assert not searched.has_index("日本")
    monkeypatch.setattr(searched, "_knows_letters", lambda: False)
    assert searched.has_index("日本語") is (connection.vendor == "sqlite")
    assert searched.has_index("-.-") is (connection.vendor == "sqlite")
