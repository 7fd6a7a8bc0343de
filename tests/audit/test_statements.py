"""Statements of the log: what is written is read again, with the same code and values, and nothing else is read."""

from datetime import UTC, date, datetime

import pytest
from django.apps import apps
from hypothesis import example, given, settings
from hypothesis import strategies as st

from snapportal.accounts.models import Role
from snapshots import contract
from snapshots.audit.wording import kinds
from snapshots.audit.wording.kinds import Kind, list_of
from snapshots.audit.wording.reading import read
from snapshots.audit.wording.shared import DUE, ROLE_ONLY
from snapshots.audit.wording.statements import (
    LONGEST,
    MORE,
    PLACE,
    Counted,
    Statement,
    joined,
    registered,
)
from snapshots.jobs.statements import STEP
from snapshots.operations.statements import ASKED_FOR_BY, LISTED_AS
from tests.support.deep import TIMES

STATEMENTS = sorted(registered.values(), key=lambda one: one.code)
HOSTILE = [
    "”",
    "“",
    "””",
    "x”. The provider lists snapshot 3 as “y",
    "%(name)s",
    "“; until ”",
    " → ",
    "a\nb",
    "…",
    "",
]
TEXTS = st.one_of(
    st.sampled_from(HOSTILE), st.text(max_size=40), st.text(alphabet="“”; ,.→+a1%()", max_size=20)
).map(contract.clean_text)
MINUTES = st.datetimes(
    datetime(2000, 1, 1),
    datetime(2100, 1, 1),
    timezones=st.just(UTC),
)
WORDS = st.text(alphabet="abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12).filter(
    lambda one: one != "none"
)
DIGITS = st.text(alphabet="0123456789abcdef", min_size=64, max_size=64)
NUMBERS = st.integers(0, 10**12)
VALUES: dict[str, st.SearchStrategy] = {
    kinds.COUNT.name: st.one_of(st.just(1), NUMBERS),
    kinds.ID.name: NUMBERS,
    kinds.MEGABYTES.name: NUMBERS,
    kinds.MOMENT.name: MINUTES.map(lambda one: one.replace(second=0, microsecond=0)),
    kinds.EXACT_MOMENT.name: MINUTES.map(lambda one: one.replace(microsecond=0)),
    kinds.DAY.name: st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    kinds.WEEK_TIME.name: st.integers(0, 7 * 24 * 60 - 1),
    kinds.TEXT.name: TEXTS,
    kinds.NAME.name: TEXTS,
    kinds.STATUS.name: TEXTS,
    kinds.BARE.name: st.one_of(DIGITS, WORDS, st.uuids().map(str)),
    kinds.URL.name: st.just("https://id.example.com/realm?x=1"),
    kinds.PAIR.name: st.tuples(NUMBERS, DIGITS).map(lambda pair: f"{pair[0]} {pair[1]}"),
    kinds.ROLE.name: st.sampled_from(kinds.ROLES),
    kinds.RIGHT.name: st.sampled_from(["snapshots.see", "snapshots.create", "schedules.manage"]),
    kinds.ACTION.name: st.sampled_from(["snapshot.create", "snapshot.delete"]),
    kinds.EVENT.name: st.sampled_from(["operation.failed", "freeze"]),
    kinds.CODE.name: WORDS,
    kinds.WHOLE.name: st.text(min_size=1, max_size=40),
}


def value_of(kind: Kind) -> st.SearchStrategy:
    if kind.item is not None:
        return st.lists(value_of(kind.item), min_size=1, max_size=4).map(tuple)
    return VALUES[kind.name]


def values_of(statement: Statement) -> st.SearchStrategy:
    return st.fixed_dictionaries({name: value_of(kind) for name, kind in statement.kinds.items()})


def action_of(statement: Statement) -> str:
    """An action of a row in which it stands."""
    first = next(iter(statement.only), "")
    return f"{first}x" if first.endswith(".") else first


def test_every_app_has_its_statements_registered():
    beginnings = {one.code.partition(".")[0] for one in STATEMENTS}
    assert {
        "operation",
        "observed",
        "schedule",
        "job",
        "deletion",
        "approval",
        "target",
        "person",
    } <= beginnings
    assert apps.get_app_config("audit").name == "snapshots.audit"


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda one: one.code)
@given(data=st.data())
@settings(max_examples=3 * TIMES, deadline=None)
def test_what_is_said_is_read_again_with_the_same_values(statement, data):
    values = data.draw(values_of(statement))
    (said,) = read(statement.said(**values), action_of(statement))
    assert (said.statement, dict(said.values)) == (statement, values)


@given(data=st.data())
@settings(max_examples=30 * TIMES, deadline=None)
def test_several_in_a_row_are_read_one_by_one(data):
    some = [one for one in STATEMENTS if not one.only]
    chosen = data.draw(st.lists(st.sampled_from(some), min_size=2, max_size=4))
    between = data.draw(st.sampled_from(["; ", ", ", " → ", " + ", " "]))
    values = [data.draw(values_of(one)) for one in chosen]
    text = between.join(one.said(**known) for one, known in zip(chosen, values, strict=True))
    found = read(text)
    if len(text) <= LONGEST:
        assert [(one.statement, dict(one.values)) for one in found] == list(zip(chosen, values, strict=True))
    assert "".join(map(str, found)) in {text, ""}


@given(text=st.text(alphabet="“”; ,.→Due 2026-:UTC1", max_size=60))
@example("Due 2026-02-31 10:00 UTC.")
def test_what_is_read_says_exactly_the_stored_text(text):
    assert "".join(map(str, read(text))) in {text, ""}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The provider lists snapshot 3 as ready.",
        "the provider lists snapshot 3 as “ready”.",
        "The provider lists snapshot 3 as “re”ady”.",
        "The provider lists snapshot 03 as “ready”.",
        "Due 2026-02-31 10:00 UTC.",
        "It is told after 1 days.",
        "The snapshot was protected. And more.",
        "The snapshot was protected.The snapshot was protected.",
    ],
)
def test_what_no_statement_says_is_not_read(text):
    assert read(text, "snapshot.create") == ()


def test_a_text_of_some_rows_is_read_in_those_alone():
    text = ROLE_ONLY.said(role="manager")
    assert [one.code for one in read(text, "person.add")] == ["role"]
    assert read(text, "snapshot.create") == ()


def test_a_name_cannot_pretend_to_be_a_statement():
    name = f"x”; {LISTED_AS.said(id=3, status='failed')}; “"
    (said,) = read(ASKED_FOR_BY.said(person=7, reason=name))
    assert dict(said.values) == {"person": 7, "reason": name}


@pytest.fixture
def two_alike():
    """Two statements that say the same with some values."""
    made = [Statement("test.one", "alike %(word)s", word=kinds.CODE), Statement("test.two", "alike twice")]
    read.cache_clear()
    yield
    for one in made:
        del registered[one.code]
    read.cache_clear()


def test_what_can_be_read_in_two_ways_is_not_read(two_alike):
    assert [one.code for one in read("alike once")] == ["test.one"]
    assert read("alike twice") == ()
    assert read("alike once; alike twice") == ()


def test_what_does_not_fit_is_counted_and_not_cut():
    steps = [STEP.said(action="snapshot.create", snapshot=f"snapshot-{n}", server="web") for n in range(100)]
    text = joined(steps)
    found = read(text)
    assert len(text) <= LONGEST
    assert [one.code for one in found[-2:]] == ["job.step", "more"]
    assert dict(found[-1].values)["count"] == 100 - (len(found) - 1)
    assert joined(["", DUE.said(at=datetime(2026, 1, 1, tzinfo=UTC)), ""]) == "Due 2026-01-01 00:00 UTC."


def _shape(statement: Statement, text: str) -> str:
    return PLACE.sub(lambda place: f"%{statement.kinds[place[1]].name}", text)


def test_a_long_reason_is_not_left_out():
    said = ASKED_FOR_BY.said(person=7, reason="x" * LONGEST)
    assert joined([said]) == said
    assert joined([said, LISTED_AS.said(id=1, status="a")]) == f"{said}; and 1 more"


def test_no_two_statements_say_the_same_in_the_same_rows():
    seen: dict[str, list[Statement]] = {}
    for one in STATEMENTS:
        for text in one.texts:
            seen.setdefault(_shape(one, text), []).append(one)
    for same in seen.values():
        rows = [action for one in same for action in (one.only or ("",))]
        assert len(same) == 1 or (len(set(rows)) == len(rows) and "" not in rows), [one.code for one in same]


def test_the_roles_are_those_of_the_site():
    assert set(kinds.ROLES) == set(Role.values)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: Statement("due", "Once more"), "two statements due"),
        (lambda: Statement("test.unnamed", "Of %(name)s"), "not those of its text"),
        (lambda: Statement("test.sign", "100% of it"), "not those of its text"),
        (lambda: Statement("test.bare", "Of %(name)s", name=kinds.TEXT), "stand in quotes"),
        (lambda: Statement("test.whole", "%(name)s", name=kinds.WHOLE), "belongs to certain actions"),
        (
            lambda: Statement("test.part", "Of %(name)s", only=("x",), name=kinds.WHOLE),
            "belongs to certain actions",
        ),
    ],
)
def test_a_statement_that_could_not_be_read_again_is_refused(make, problem):
    with pytest.raises(ValueError, match=problem):
        make()


def test_numbers_choose_the_text():
    assert isinstance(registered["schedule.made"], Counted)
    assert registered["schedule.made"].said(count=1) == "1 snapshot made"
    assert registered["schedule.made"].said(count=0) == "0 snapshots made"


def test_a_list_is_read_item_by_item():
    names = list_of(kinds.NAME)
    assert names.read(names.write(["a, b", "c”", ""])) == ("a, b", "c”", "")
    assert MORE.said(count=3) == "and 3 more"
