"""A name counts as erased only as far as the row that erased it proves it: nobody hides a name by saying so."""

import json

import pytest

from tests.support.log_files import Json, erase, erasure_of, file_lines, hide, person, row_line
from tests.support.log_verifier import verify

ADA, MIA, MAX = person("Ada", 1001), person("Mia"), person("Max", 1004)
SUBJECTS = [person("Mia"), person("Mia Example"), person("203.0.113.9") | {"kind": "address"}]
COLUMNS = ["actor_subject", "target_subject", "address_subject"]


def rows(eraser: Json | None = None, **fields: object) -> list[Json]:
    """Two rows in which Mia has three names, two by Ada, the row that erased Mia's, and one after it."""
    hers = [
        row_line(1, **dict(zip(COLUMNS, SUBJECTS, strict=True))),
        row_line(2, actor_subject=SUBJECTS[0], reason="again"),
    ]
    commitments = [hers[0]["row"][column] for column in COLUMNS]
    evidence = f"{erasure_of(*commitments)}; before 2026-11-01"
    eraser = eraser or row_line(5, action="person.erase", **{"evidence": evidence, "target": "1003"} | fields)
    for column in COLUMNS:
        hers[0] = erase_one(hers[0], column)
    hers[1] = erase_one(hers[1], "actor_subject")
    return [*hers, *(row_line(n, actor_subject=ADA) for n in (3, 4)), eraser, row_line(6, actor_subject=ADA)]


def erase_one(line: Json, column: str, eraser: int = 5) -> Json:
    return hide(line, column) | {"erased": line.get("erased", {}) | {column: eraser}}


def test_the_row_that_erased_names_proves_which(tmp_path):
    code, output = verify(tmp_path, file_lines(rows()))
    assert (code, output.splitlines()[1:]) == (0, ["Erased by row 5: 3 names."])


@pytest.mark.parametrize("hidden", [{3}, {4}, {3, 4}])
def test_a_name_more_than_the_row_erased_is_refused(tmp_path, hidden):
    log = rows()
    for number in hidden:
        log[number - 1] = erase_one(log[number - 1], "actor_subject")
    code, output = verify(tmp_path, file_lines(log))
    assert (code, "after row 4: it did not erase the names of which rows say so" in output) == (1, True), (
        output
    )


def test_another_name_in_place_of_one_that_the_row_erased_is_refused(tmp_path):
    log = rows()
    log[2] = erase_one(log[2], "actor_subject")
    code, output = verify(tmp_path, file_lines([*log[:2], *log[2:]], {2, 3, 4, 5, 6}, filters="some"))
    assert (code, "Erased by row 5: 2 names: claimed, not proven." in output) == (0, True)
    log[1] = erase_one(row_line(2, actor_subject=MAX), "actor_subject")
    code, output = verify(tmp_path, file_lines(log, {2, 3, 4, 5, 6}, filters="some"))
    assert (code, "Erased by row 5: 2 names: claimed, not proven." in output) == (0, True)
    log[3] = erase_one(row_line(4, actor_subject=person("Aron", 1005)), "actor_subject")
    code, output = verify(tmp_path, file_lines(log, {2, 3, 4, 5, 6}, filters="some"))
    assert (code, "it did not erase the names of which rows say so" in output) == (1, True)


@pytest.mark.parametrize("shown", [{1, 2}, {1, 2, 3, 4, 6}, {2, 5}])
def test_without_the_row_or_all_its_names_an_erasure_is_a_claim(tmp_path, shown):
    code, output = verify(tmp_path, file_lines(rows(), shown, filters="some"))
    assert (code, "names: claimed, not proven." in output) == (0, True)


def test_without_the_evidence_of_the_row_an_erasure_is_a_claim(tmp_path):
    log = [hide(line, "evidence", "target", "reason") for line in rows()]
    code, output = verify(tmp_path, file_lines(log, columns=COLUMNS))
    assert (code, "Erased by row 5: 3 names: claimed, not proven." in output) == (0, True)


def test_a_row_that_was_damaged_proves_no_erasure(tmp_path):
    lines = file_lines(rows())
    accept = row_line(7, action="audit.accept_changed_rows", evidence=f"row 5; accepted: 5 {'0' * 64}")
    whole, without = file_lines([*rows(), accept]), file_lines([*rows(), accept], {1, 2, 3, 4, 6, 7})
    skip = next(line for line in without if line["type"] == "skip")
    whole[5], whole[-1] = skip | {"damaged": True}, {"type": "end", "rows": 6}
    code, output = verify(tmp_path, whole)
    assert (code, "Erased by row 5: 3 names: claimed, not proven." in output) == (0, True), output
    assert verify(tmp_path, lines)[0] == 0


@pytest.mark.parametrize("beyond", [7, 1_000_000_000])
def test_a_row_beyond_the_checkpoint_can_have_erased_nothing_that_the_file_proves(tmp_path, beyond):
    log = rows()
    log[2] = erase_one(log[2], "actor_subject", beyond)
    code, output = verify(tmp_path, file_lines(log))
    said = f"Not proven: row {beyond}, which is said to have erased names, is beyond the checkpoint.\n"
    assert (code, said in output) == (2, True), output


@pytest.mark.parametrize(
    ("eraser", "finding"),
    [
        (row_line(5), "it is no erasure, but a row says so"),
        (row_line(5, action="person.erase", result="refused"), "it is no erasure, but a row says so"),
        (row_line(5, action="person.erase", evidence=erasure_of(count=0)), "it did not erase the names"),
        (row_line(5, action="address.erase", evidence=erasure_of("0" * 64, count=2)), "it did not erase"),
        (row_line(5, action="address.erase", evidence=erasure_of("0" * 64, count=3)), "it did not erase"),
    ],
)
def test_a_row_that_erased_nothing_or_less_is_refused(tmp_path, eraser, finding):
    code, output = verify(tmp_path, file_lines(rows(eraser)))
    assert (code, finding in output) == (1, True), output


@pytest.mark.parametrize("eraser", [2, 1, True, "5", 5.5])
def test_a_name_is_erased_by_the_number_of_a_later_row(tmp_path, eraser):
    log = rows()
    log[1] = erase(log[1], "actor_subject", eraser)
    code, output = verify(tmp_path, json.loads(json.dumps(file_lines(log))))
    assert (code, "actor_subject is not erased by a later row" in output) == (1, True), output
