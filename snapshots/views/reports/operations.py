"""The table of operations, by kind and result."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from snapshots.audit.reporting.operations import ACTIONS, Standing, requested_by_origin
from snapshots.audit.reporting.tally import Tally
from snapshots.views.reports.figures import Figure, LogLinks, figure
from snapshots.views.texts import report as texts

RESULTS = ("completed", "failed", "reconciled", "refused", "unknown")
"""The columns that are always there; others are there if something stands in them."""


@dataclass(frozen=True)
class KindRow:
    name: str
    requested: Figure
    cells: tuple[Figure, ...]
    total: Figure


@dataclass(frozen=True)
class OperationTable:
    """`heads`: of the columns with results. `origins`: through what the operations were requested."""

    heads: tuple[str, ...]
    rows: tuple[KindRow, ...]
    total: KindRow
    origins: tuple[Figure, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.total.total.count or self.total.requested.count)


def make_operations(tally: Tally, standings: Sequence[Standing], links: LogLinks) -> OperationTable:
    others = sorted({one.result for one in standings} - {*RESULTS})
    results = [*RESULTS, *others]
    rows = [_row(texts.OPERATION_NAMES[one], one, tally, standings, results, links) for one in ACTIONS]
    return OperationTable(
        heads=tuple(texts.result_text("", one) for one in results),
        rows=tuple(rows),
        total=_total(rows),
        origins=tuple(
            figure(texts.origin_text(origin), number) for origin, number in requested_by_origin(tally).items()
        ),
    )


def _row(
    name: object,
    action: str,
    tally: Tally,
    standings: Iterable[Standing],
    results: Sequence[str],
    links: LogLinks,
) -> KindRow:
    found = Counter[str]()
    for one in standings:
        if one.action == action:
            found[one.result] += one.number
    return KindRow(
        name=str(name),
        requested=figure("", sum(requested_by_origin(tally, action).values())),
        cells=tuple(
            figure(texts.result_text("", one), found[one], links.to(action=action, result=one))
            for one in results
        ),
        total=figure("", found.total(), links.to(action=action)),
    )


def _total(rows: Sequence[KindRow]) -> KindRow:
    columns = zip(*(one.cells for one in rows), strict=True)
    return KindRow(
        name="",
        requested=figure("", sum(one.requested.count for one in rows)),
        cells=tuple(figure(column[0].text, sum(one.count for one in column)) for column in columns),
        total=figure("", sum(one.total.count for one in rows)),
    )
