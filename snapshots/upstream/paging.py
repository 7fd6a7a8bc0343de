"""Reads lists in pages. Only the deadline and the size limit end a list early; the pages read before are returned."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from snapshots import contract
from snapshots.upstream import parsing, responses
from snapshots.upstream.call import Call
from snapshots.upstream.errors import UnreadableError, UpstreamError

COUNT = "count"


class HasId(Protocol):
    @property
    def id(self) -> int: ...


Item = TypeVar("Item", bound=HasId)


@dataclass(frozen=True)
class Listing(Generic[Item]):
    """The items read of a list. `error` ended it after its first page; None if its last page was read.

    `clock_ahead_seconds`: how far the provider's clock is ahead of ours, by its last page; None if that gave no date.
    `is_whole`: the count on every page equals the number of items read. `count` is the provider's, of the last page read.
    """

    items: tuple[Item, ...]
    is_whole: bool
    count: int | None = None
    error: UpstreamError | None = None
    clock_ahead_seconds: float | None = None

    @property
    def cut_by(self) -> str:
        """Why items are known to be missing: an error's code, 'count' if the provider counts more than it lists, or ''."""
        if self.error is not None:
            return self.error.code
        return COUNT if self.count is not None and self.count > len(self.items) else ""

    def all(self) -> tuple[Item, ...]:
        """The items. Raises the error that ended the list."""
        if self.error is not None:
            raise self.error
        return self.items


class _Reader(Generic[Item]):
    """Collects the pages. Of items with the same id the first is used.

    An item that appears twice has moved between pages during the reading: then another may have been missed.
    """

    def __init__(self, call: Call, path: str, convert: Callable[[dict[str, Any]], Item]) -> None:
        self._call = call
        self._path = path
        self._convert = convert
        self._seen: set[tuple[tuple[str, str], ...]] = set()
        self._counts: list[int | None] = []
        self._listed = 0
        self._clock_ahead: float | None = None
        self._found: dict[int, Item] = {}

    def read_page(self, params: responses.Params) -> responses.Params | None:
        """Read one page; return the parameters of the next, or None after the last. Raises UpstreamError."""
        self._seen.add(tuple(params))
        answer = self._call.get(self._path, params)
        self._clock_ahead = answer.clock_ahead_seconds
        try:
            page = parsing.read_page(answer.body)
            items = [self._convert(raw) for raw in page.items]
        except contract.UnreadableAnswerError as error:
            raise UnreadableError(str(error)) from None
        known = len(self._found)
        for item in items:
            self._found.setdefault(item.id, item)
        self._counts.append(page.count)
        self._listed += len(items)
        if not page.next:
            return None
        return self._checked_next(responses.next_params(answer.url, page.next), grew=len(self._found) > known)

    def _checked_next(self, params: responses.Params, *, grew: bool) -> responses.Params:
        """Raises UnreadableError when the link leads to a page read before, or follows a page without new items."""
        if tuple(params) in self._seen or not grew:
            raise UnreadableError("the list leads back to itself")
        return params

    def listing(self, error: UpstreamError | None = None) -> Listing[Item]:
        found = tuple(self._found.values())
        is_whole = error is None and set(self._counts) == {self._listed} and self._listed == len(found)
        return Listing(found, is_whole, self._counts[-1], error, self._clock_ahead)

    @property
    def has_page(self) -> bool:
        return bool(self._counts)


def read_list(
    call: Call, path: str, params: responses.Params, convert: Callable[[dict[str, Any]], Item]
) -> Listing[Item]:
    """Read all pages of a list, or those that can be read. Raises UpstreamError when the first one cannot be read."""
    reader = _Reader(call, path, convert)
    following: responses.Params | None = params
    try:
        while following is not None:
            following = reader.read_page(following)
    except UpstreamError as error:
        if not reader.has_page:
            raise
        return reader.listing(error)
    return reader.listing()
