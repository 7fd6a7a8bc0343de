"""docs/security.md: every requirement once, counts that are those of its tables, and evidence that exists."""

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text()
REQUIREMENTS = (ROOT / "tests" / "support" / "asvs_requirements.txt").read_text().split("\n")
NUMBERS = [line.split()[0] for line in REQUIREMENTS if line]
VERDICTS = ["holds", "does not", "does not apply"]
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([^|]*) \| (.*) \|$", re.MULTILINE)
ROWS = ROW.findall(TEXT)
SUMMARY = re.compile(
    r"^\| (?:V(\d+) [^|]*|\*\*all\*\*) \| \**(\d+)\** \| \**(\d+)\** \| \**(\d+)\** \|$", re.MULTILINE
)
PLACE = re.compile(r"`((?:tests|snapportal|snapshots|static|templates|deploy)/[\w./-]*\w)(?:::(\w+))?`")
OWN_SECTION = re.compile(r"\(#([a-z-]+)\)")


def anchor_of(title: str) -> str:
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def test_every_requirement_of_levels_1_and_2_stands_in_it_once_and_in_order():
    assert len(NUMBERS) == 253
    assert [number for number, _verdict, _what in ROWS] == NUMBERS


def test_each_verdict_is_one_of_three_and_says_something():
    assert {verdict for _number, verdict, _what in ROWS} == set(VERDICTS)
    assert [number for number, _verdict, what in ROWS if len(what) < 5] == []


def test_the_counts_of_the_summary_are_those_of_the_tables():
    counted = Counter((number.partition(".")[0], verdict) for number, verdict, _what in ROWS)
    chapters = list(dict.fromkeys(number.partition(".")[0] for number in NUMBERS))
    expected = [(one, *(str(counted[one, verdict]) for verdict in VERDICTS)) for one in chapters]
    totals = Counter(verdict for _number, verdict, _what in ROWS)
    assert SUMMARY.findall(TEXT) == [*expected, ("", *(str(totals[verdict]) for verdict in VERDICTS))]


def test_what_holds_names_a_test_or_says_that_the_code_shows_it():
    without = [
        number
        for number, verdict, what in ROWS
        if verdict == "holds" and not ("`tests/" in what or ("by code" in what and has_place(what)))
    ]
    assert without == []


def has_place(what: str) -> bool:
    return bool(PLACE.search(what) or OWN_SECTION.search(what) or "`pyproject.toml`" in what)


def test_the_list_of_what_does_not_hold_is_complete():
    listed = TEXT[TEXT.index("## What does not hold") : TEXT.index("## Chapter by chapter")]
    numbers = re.findall(r"\b\d+\.\d+\.\d+\b", listed)
    assert sorted(numbers) == sorted(number for number, verdict, _what in ROWS if verdict == "does not")


def test_what_applies_to_nothing_names_no_evidence():
    assert [
        number for number, verdict, what in ROWS if verdict == "does not apply" and "`tests/" in what
    ] == []


def test_what_is_named_exists():
    found = {f"{place}::{name}": exists(place, name) for place, name in PLACE.findall(TEXT)}
    assert [one for one, is_there in found.items() if not is_there] == []


def exists(place: str, name: str) -> bool:
    path = ROOT / place
    if not path.exists() or not name:
        return path.exists()
    return bool(re.search(rf"^\s*def {name}\(", path.read_text(), re.MULTILINE))


def test_sections_that_are_referred_to_exist():
    anchors = {anchor_of(title) for title in re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)}
    assert set(OWN_SECTION.findall(TEXT)) <= anchors
