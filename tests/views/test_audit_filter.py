"""Filters of the audit log by person (under every name the person had) and by server (name, id or address)."""

import pytest
import time_machine
from django.core.cache import cache
from django.urls import reverse

from snapportal.accounts.models import Role, User
from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.audit.search.listing import Count, Limit
from snapshots.contract import Server
from snapshots.inventory import readings
from snapshots.inventory.readings import CachedReading
from snapshots.views.texts import audit as texts
from snapshots.views.texts.audit import headline
from snapshots.views.texts.audit_actions import ACTIONS
from tests.support.actors import actor_of
from tests.support.audit_rows import write_operation
from tests.support.desk import make_desk
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor(cast, signed_in):
    return signed_in(cast.aron)


def write(who: Actor, label: str) -> None:
    journal.record(who.entry(action="token.check", token_label=label, target="x"))


def shown(client, **query) -> list[tuple[str, str]]:
    """Actor and token label of each line, oldest first."""
    lines = client.get(reverse("entry_list"), query).context["page"].lines
    return [(line.who, headline(line.entry).split()[2]) for line in reversed(lines)]


def labels(client, **query) -> list[str]:
    return [label for _who, label in shown(client, **query)]


def rename(person: User, name: str) -> None:
    person.name = name
    person.save()


def choices(client) -> list[str]:
    return client.get(reverse("entry_list")).context["people"]


@pytest.fixture
def renamed(cast):
    """Mia, who was renamed to Maria between two of her three rows."""
    write(actor_of(cast.mia), "first")
    write(actor_of(cast.omar), "other")
    rename(cast.mia, "Maria Sommer")
    write(actor_of(cast.mia), "second")
    return cast.mia


@pytest.mark.parametrize("name", ["Maria Sommer", "maria sommer", "Mia", "mia", "MIA", "Mari", "Som"])
def test_a_renamed_person_is_one_person_under_every_name(renamed, auditor, name):
    assert shown(auditor, person=name) == [("Mia", "first"), ("Maria Sommer", "second")]


def test_a_renamed_person_is_offered_once(renamed, auditor):
    assert choices(auditor).count("Maria Sommer") == 1
    assert "Mia" not in choices(auditor)


@pytest.fixture
def namesakes(cast):
    """Two people called Mia, each with a row; and Omar with one."""
    other = User.objects.create_user("mia.b", None, name="Mia", role=Role.OPERATOR)
    write(actor_of(cast.mia), "hers")
    write(actor_of(other), "the-others")
    write(actor_of(cast.omar), "omars")
    return other


def test_two_people_with_one_name_are_distinguished_by_their_sign_in_names(namesakes, auditor):
    assert {"Mia (mia)", "Mia (mia.b)", "Omar"} <= set(choices(auditor))
    assert "Mia" not in choices(auditor)
    assert shown(auditor) == [("Mia (mia)", "hers"), ("Mia (mia.b)", "the-others"), ("Omar", "omars")]
    assert labels(auditor, person="Mia (mia)") == ["hers"]
    assert labels(auditor, person="Mia (mia.b)") == ["the-others"]
    assert labels(auditor, person="mia.b") == ["the-others"]
    assert labels(auditor, person="Mia") == ["hers", "the-others"]


def test_a_full_name_does_not_match_people_with_a_longer_name(namesakes, auditor):
    longer = User.objects.create_user("miadora", None, name="Miadora", role=Role.OPERATOR)
    write(actor_of(longer), "hers-too")
    assert labels(auditor, person="mia") == ["hers", "the-others"]
    assert labels(auditor, person="mi") == ["hers", "the-others", "hers-too"]


def test_a_part_of_a_new_name_without_rows_finds_the_person(renamed, auditor):
    rename(renamed, "Zoe Winter")
    assert labels(auditor, person="zoe") == ["first", "second"]


def test_the_page_of_a_row_distinguishes_people_with_one_name(namesakes, auditor):
    assert "Mia (mia.b)" in text_of(auditor.get("/audit/2/"))
    assert "Omar (omar)" not in text_of(auditor.get("/audit/3/"))


def test_a_name_that_another_person_had_before_is_distinguished(cast, auditor):
    write(actor_of(cast.mia), "hers")
    rename(cast.mia, "Maria")
    rename(cast.omar, "Mia")
    write(actor_of(cast.omar), "omars")
    assert shown(auditor) == [("Mia (mia)", "hers"), ("Mia (omar)", "omars")]
    assert labels(auditor, person="Mia") == ["omars"], "the choice in the list is one person"
    assert labels(auditor, person="mia") == ["hers", "omars"], (
        "typed, it is everybody of this name or sign-in name"
    )


def test_a_deleted_person_is_found_by_name_and_distinguished(cast, auditor):
    left = Actor(id=77, name="Mia", role="manager")
    write(left, "of-the-one-who-left")
    write(Actor(id=78, name="Lena Left", role="viewer"), "lenas")
    write(actor_of(cast.mia), "hers")
    assert shown(auditor, person="Lena Left") == [("Lena Left", "lenas")]
    assert labels(auditor, person="lena") == ["lenas"]
    assert labels(auditor, person="Mia") == ["hers"]
    assert ("Mia (person 77)", "of-the-one-who-left") in shown(auditor)


def test_rows_without_a_person_are_found_by_the_actor_name(auditor):
    write(Actor(id=None, name="command line", role="", channel="command"), "by-command")
    assert shown(auditor, person="command") == [("command line", "by-command")]
    assert labels(auditor, person="no such name") == []


def test_the_log_of_a_person_is_read_by_an_index_seek(cast, auditor, django_assert_max_num_queries):
    write(actor_of(cast.mia), "one")
    with django_assert_max_num_queries(15) as seen:
        labels(auditor, person="Mia")
    assert not any("actor_name" in query["sql"].split("WHERE")[-1] for query in seen.captured_queries)


@pytest.fixture
def servers(cast, sandbox):
    """Two servers in the log; the readings of two tokens hold addresses of both, and of a third."""
    write_operation("completed")
    write_operation("completed", server_id=12346, server_name="db-server-01")
    write_operation("completed", server_id=99, server_name="12346")
    cache.clear()
    web = Server(12345, "web-server-01", ip_address="203.0.113.7")
    database = Server(12346, "db-server-01", ip_address="2001:DB8::1")
    unused = Server(7, "new", ip_address="203.0.113.9")
    odd = Server(5, "odd", ip_address="none yet")
    for token, known in ((sandbox.token, [web, odd]), (sandbox.other_token, [database, unused])):
        stored = make_desk(cast.mia, token, label=token).token
        readings.save(stored.fingerprint, CachedReading(servers=tuple(known), confirmed_at=1.0))


def server_names(client, text: str) -> list[str]:
    lines = client.get(reverse("entry_list"), {"server": text}).context["page"].lines
    return sorted({headline(line.entry).split()[1] for line in lines})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("12345", ["web-server-01"]),
        ("#12345", ["web-server-01"]),
        (" # 12345 ", ["web-server-01"]),
        ("web-server-01 #12345", ["web-server-01"]),
        ("ID 12345", ["web-server-01"]),
        ("web-server-01 (ID 12345)", ["web-server-01"]),
        ("#12346", ["db-server-01"]),
        ("12346", ["12346", "db-server-01"]),
        ("#1234", []),
        ("203.0.113.7", ["web-server-01"]),
        (" 203.0.113.7 ", ["web-server-01"]),
        ("2001:db8:0::1", ["db-server-01"]),
        ("203.0.113.9", []),
        ("203.0.113.77", []),
        ("server-01", ["db-server-01", "web-server-01"]),
        ("9" * 30, []),
        ("#", []),
    ],
)
def test_a_server_is_found_by_its_name_id_and_address(servers, auditor, text, found):
    assert server_names(auditor, text) == found


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("203.0.113.7", "203.0.113.7: web-server-01 (ID 12345), as last read from the provider"),
        ("203.0.113.77", "203.0.113.77: no server is known at this address"),
    ],
)
def test_the_page_says_which_server_an_address_is(servers, auditor, text, note):
    page = auditor.get(reverse("entry_list"), {"server": text})
    assert text_of(page).count(note) == 2, "on the screen and on paper"
    assert page.context["filters"] == [("Server", note)]


def test_a_server_whose_name_is_its_address_is_found(auditor):
    write_operation("completed", server_id=8, server_name="198.51.100.4")
    assert server_names(auditor, "198.51.100.4") == ["198.51.100.4"]


def test_no_token_is_used_to_find_an_address(servers, auditor, settings):
    settings.SNAPPORTAL_TOKEN_KEYS = {}
    assert server_names(auditor, "203.0.113.7") == ["web-server-01"]


def test_the_filter_is_shown_as_text_in_print_and_before_an_export(namesakes, auditor):
    query = {
        "person": "Mia (mia)",
        "action": "token.check",
        "result": "completed",
        "since": "2026-01-01",
        "text": "e",
        "server": "",
    }
    with time_machine.travel("2026-12-03T12:00:00Z"):
        auditor.force_login(User.objects.get(username="aron"))
        page = auditor.get(reverse("entry_list"), query)
    filters = dict(page.context["filters"])
    assert filters == {
        "Search": "e",
        "Person": "Mia (mia)",
        "What": str(ACTIONS["token.check"][0]),
        "Result": "Completed",
        "From (UTC)": "2026-01-01",
    }
    head = text_of(page)
    assert "Filter: Person Mia (mia)" in head
    assert "As of 3 Dec 2026, 12:00 UTC" in head
    assert "Printed by Aron" in head
    export = auditor.get(reverse("entry_export"), query)
    assert dict(export.context["filters"]) == filters


def test_a_printed_page_says_which_part_of_the_results_it_holds(auditor, monkeypatch, cast):
    monkeypatch.setattr("snapshots.views.audit.PAGE_SIZE", 3)
    for number in range(7):
        write(actor_of(cast.mia), str(number))
    head = text_of(auditor.get(reverse("entry_list"), {"before": "6"}))
    assert "Matching entries 7" in head
    assert "Printed here 3 entries, rows 5 to 3" in head
    assert "Filter none: the whole log" in head


def test_the_page_says_which_rows_it_looked_at_and_leads_on(cast, auditor, monkeypatch):
    monkeypatch.setattr("snapshots.audit.search.criteria.MOST_SCANNED", 4)
    for label in ("qq-1", "b", "c", "d", "e", "f"):
        write(actor_of(cast.mia), label)
    first = auditor.get(reverse("entry_list"), {"text": "qq"})
    assert "Only rows 3 to 6 were looked at." in text_of(first)
    assert "No matching entries in these rows" in text_of(first)
    assert "at least 0" in text_of(first)
    second = auditor.get(f"{reverse('entry_list')}?{first.context['page'].older}")
    assert [headline(line.entry).split()[2] for line in second.context["page"].lines] == ["qq-1"]
    assert "were looked at" not in text_of(second)


def test_a_text_of_three_letters_is_looked_for_in_all_rows(cast, auditor, monkeypatch):
    monkeypatch.setattr("snapshots.audit.search.criteria.MOST_SCANNED", 4)
    for label in ("qqq", "b", "c", "d", "e", "f"):
        write(actor_of(cast.mia), label)
    page = auditor.get(reverse("entry_list"), {"text": "qqq"})
    assert labels(auditor, text="qqq") == ["qqq"]
    assert "were looked at" not in text_of(page)


def test_words_of_a_count_say_whether_there_are_more():
    assert texts.counted_words(Count(1000)) == "1,000"
    assert texts.counted_words(Count(1000, Limit.ENOUGH)) == "more than 1,000"
    assert texts.counted_words(Count(7, Limit.LOOKED)) == "at least 7"


def test_a_period_that_ends_before_it_begins_is_an_error(auditor):
    page = auditor.get(reverse("entry_list"), {"since": "2026-11-30", "until": "2026-11-28"}).text
    assert "The last day is before the first." in page
