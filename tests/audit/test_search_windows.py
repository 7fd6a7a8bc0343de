"""The windows in which rows are looked for cover a range once, nearest first, and each is one block of the index."""

import pytest

from snapshots.audit.search.windows import LARGEST, SHIFTS, SMALLEST, Window, parts, windows


def numbers(found, *, newest_first: bool) -> list[int]:
    """The sequences of the windows, in the order in which they are looked at."""
    ranges = (range(one.start, one.end) for one in found)
    return [number for one in ranges for number in (reversed(one) if newest_first else one)]


def check_blocks(found: list[Window]) -> None:
    for window in found:
        assert window.start < window.end
        assert window.start >> SHIFTS[window.level] == (window.end - 1) >> SHIFTS[window.level]
        assert window.key == ((window.end - 1) >> SHIFTS[window.level]) * 4 + window.level


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize(
    ("first", "end"), [(1, 1), (1, 2), (1, 1024), (1, 1025), (1024, 2048), (700, 70_000), (5, 3_000_000)]
)
def test_windows_cover_the_range_once_from_the_nearest_row_on(first, end, newest_first):
    found = list(windows(first, end, newest_first=newest_first))
    expected = list(range(first, end))
    assert numbers(found, newest_first=newest_first) == (expected[::-1] if newest_first else expected)
    check_blocks(found)


@pytest.mark.parametrize("newest_first", [True, False])
def test_windows_become_larger_so_that_there_are_few(newest_first):
    found = [one.level for one in windows(1, 5_000_001, newest_first=newest_first)]
    assert found[: LARGEST + 1] == [*range(SMALLEST, LARGEST + 1)]
    assert set(found[LARGEST:]) == {LARGEST}
    assert len(found) <= LARGEST + 6


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize(("start", "end"), [(8192, 16_384), (9000, 16_000), (8192, 8193)])
def test_the_parts_of_a_window_are_the_blocks_of_the_next_level(start, end, newest_first):
    found = list(parts(Window(1, start, end), newest_first=newest_first))
    expected = list(range(start, end))
    assert numbers(found, newest_first=newest_first) == (expected[::-1] if newest_first else expected)
    assert {one.level for one in found} == {0}
    check_blocks(found)
