"""IDs, names, paths, statuses and texts of the provider: the values at the edge of each rule, and those beyond it."""

import pytest

from snapshots import contract
from snapshots.contract import Server, ServerRef, Snapshot, UnreadableAnswerError

MAX_ID = 2**63 - 1


@pytest.mark.parametrize("value", [1, 2, MAX_ID])
def test_a_positive_integer_of_63_bits_is_an_id(value):
    assert contract.check_id(value) == value


@pytest.mark.parametrize("value", [0, -1, MAX_ID + 1, True, False, "12", 1.0, None])
def test_anything_else_is_no_id(value):
    with pytest.raises(UnreadableAnswerError, match=r"\Aan id is not a positive integer\Z"):
        contract.check_id(value)


def test_paths_name_the_snapshot_and_nothing_else():
    assert contract.snapshot_path(12345) == "/api/v1/snapshots/12345/"
    assert contract.restore_path(12345) == "/api/v1/snapshots/12345/restore/"


@pytest.mark.parametrize("path", [contract.snapshot_path, contract.restore_path])
def test_no_path_is_made_for_what_is_no_id(path):
    with pytest.raises(UnreadableAnswerError):
        path("1/../../account")


@pytest.mark.parametrize("name", ["a", "A-Z_09", "x" * 100])
def test_letters_digits_hyphens_and_underscores_are_a_valid_name(name):
    assert contract.is_valid_name(name)


@pytest.mark.parametrize("name", ["", "x" * 101, "a b", "a\n", "ä", "a/b", " a"])
def test_any_other_name_is_invalid(name):
    assert not contract.is_valid_name(name)


@pytest.mark.parametrize(
    "status", ["in_progress", "In Progress", " IN-PROGRESS ", "in\t_progress", "in--progress"]
)
def test_statuses_are_compared_without_case_and_separators(status):
    assert contract.status_key(status) == "in_progress"
    assert contract.is_moving(status)


def test_statuses_of_one_meaning_do_not_count_as_another():
    for status, meanings in {
        "restoring": (True, False, True),
        "Failed": (False, True, False),
        "error": (False, True, False),
        "completed": (False, False, False),
        "": (False, False, False),
    }.items():
        functions = (contract.is_moving, contract.is_failed, contract.is_restoring)
        assert tuple(function(status) for function in functions) == meanings


def test_a_snapshot_and_a_server_are_described_by_their_status():
    snapshot = Snapshot(id=1, server=ServerRef(7), status="READY")
    assert (snapshot.is_completed, snapshot.is_moving, snapshot.is_failed) == (True, False, False)
    assert Server(id=7, status="Running").is_running
    assert not Server(id=7, status="stopped").is_running


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is\n\tindented", "as it is\n\tindented"),
        ("one\r\ntwo\rthree\x0bfour\x0cfive\x85six", "one\ntwo\nthree\nfour\nfive\nsix"),
        (
            "a\x00b\x1bc\x7fd",
            "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c\N{REPLACEMENT CHARACTER}d",
        ),
        ("\u202eabc\ud800", "\N{REPLACEMENT CHARACTER}abc\N{REPLACEMENT CHARACTER}"),
        (12, "12"),
        (1.5, "1.5"),
        (None, ""),
        ([1], ""),
        ({"a": 1}, ""),
    ],
)
def test_a_text_from_outside_is_safe_to_store_and_show(value, text):
    assert contract.clean_text(value) == text


def test_a_text_is_cut_at_its_limit():
    assert contract.clean_text("x" * 2001) == "x" * 2000
    assert contract.clean_text("x" * 2000) == "x" * 2000
    assert contract.clean_text("abcdef", 3) == "abc"


def test_a_json_object_is_read():
    assert contract.read_json(b'{"id": 1, "name": "a"}') == {"id": 1, "name": "a"}


@pytest.mark.parametrize("body", [b"", b"[1]", b"1", b"{", b"\xff", b'{"a": "\xff"}', b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_unreadable(body):
    with pytest.raises(UnreadableAnswerError, match=r"\Anot a JSON object: .+") as error:
        contract.read_json(body)
    assert "None" not in str(error.value)
