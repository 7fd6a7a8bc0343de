"""Writes long valid logs fast: rows, tiles and subjects as journal.py would write them, in statements of thousands of rows."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from snapshots.audit import chain, sealing, subjects, tiles
from snapshots.audit.models import Entry
from snapshots.audit.subjects import Kind, Named
from snapshots.audit.tree_models import Tile

ROWS_PER_STATEMENT = 256 * 20
ROWS_A_DAY = 5000
PEOPLE = 20
COLUMNS = [field.attname for field in Entry._meta.concrete_fields]
FIRST_TIME = datetime(2026, 1, 1, 8, tzinfo=UTC)
BLANK = dict.fromkeys(COLUMNS, "") | dict.fromkeys(
    ("operation_id", "actor_id", "server_id", "snapshot_id", "provider_status", "duration_ms")
)
SIGN_IN = {
    "phase": "event",
    "action": "person.sign_in",
    "result": "completed",
    "reason": "from the login page",
}
TARGET = {
    "action": "snapshot.restore",
    "server_id": 12345,
    "server_name": "web-server-01",
    "snapshot_id": 801,
    "snapshot_name": "before the update of Tuesday",
    "reason": "Rückkehr zu „gestern“ nach dem Update",
    "token_label": "Shop, production",
    "token_fingerprint": "9f86d081884c7d65" * 4,
}
INTENT = TARGET | {"phase": "intent", "result": "pending"}
OUTCOME = TARGET | {
    "phase": "outcome",
    "result": "completed",
    "provider_status": 202,
    "provider_message": "Restore of the snapshot was started",
    "duration_ms": 812,
}
FULL = OUTCOME | {"target": "web-server-01 / before the update", "evidence": "the list shows it as restored"}
MIXED_KINDS = (SIGN_IN, INTENT, OUTCOME)
"""4.7 salted columns a row: the rows of a portal in which each person restores one snapshot after each sign-in."""
FULL_KINDS = (FULL,)
"""All nine salted columns in every row: the slowest log."""


@dataclass(frozen=True)
class Position:
    """The head of the log while it is written: the last row's sequence and hash."""

    sequence: int = 0
    hash: str = chain.GENESIS


def time_of(sequence: int) -> datetime:
    return FIRST_TIME + timedelta(seconds=sequence * 86400 / ROWS_A_DAY)


def _people_of(day: datetime) -> list[dict[str, Any]]:
    """The columns that name each person on this day; the subjects are created."""
    found = []
    for number in range(PEOPLE):
        named = {
            "actor_subject": Named(Kind.PERSON, 1000 + number, f"Person {number}"),
            "address_subject": Named(Kind.ADDRESS, 1000 + number, f"203.0.113.{number}", day.date()),
        }
        found.append(subjects.commit(named) | {"actor_id": 1000 + number, "actor_role": "manager"})
    return found


def make_rows(start: Position, count: int, kinds: tuple[dict[str, Any], ...]) -> Iterator[dict[str, Any]]:
    """The next `count` rows, sealed with the first key. Creates the subjects that they need."""
    key_id, key = next(iter(settings.SNAPPORTAL_AUDIT_KEYS.items()))
    previous, people = start.hash, []
    for sequence in range(start.sequence + 1, start.sequence + count + 1):
        at = time_of(sequence)
        if not people or sequence % ROWS_A_DAY == 0:
            people = _people_of(at)
        row = BLANK | kinds[sequence % len(kinds)] | people[sequence // 3 % PEOPLE]
        row |= {
            "sequence": sequence,
            "at": at,
            "clock_was_behind": False,
            "previous_hash": previous,
            "key_id": key_id,
            "channel": "browser",
            "request_id": f"{sequence // 2:032x}",
            "salt": sealing.new_salt(),
        }
        if row["phase"] != "event":
            row["operation_id"] = UUID(int=(sequence // 3) * 0x9E3779B97F4A7C15 << 60 & (1 << 128) - 1)
        row["leaf"] = sealing.leaf_of(row)
        row["hash"] = previous = chain.seal_leaf(row["leaf"], key)
        yield row


def _insert_on_sqlite(rows: list[dict[str, Any]]) -> None:
    """The values in the form in which Django stores them."""
    marks = ", ".join("?" * len(COLUMNS))
    for row in rows:
        row["at"] = str(row["at"].replace(tzinfo=None))
        row["operation_id"] = row["operation_id"] and row["operation_id"].hex
    connection.connection.executemany(
        f"INSERT INTO audit_entry ({', '.join(COLUMNS)}) VALUES ({marks})",
        map(itemgetter(*COLUMNS), rows),
    )


def _insert_on_postgresql(rows: list[dict[str, Any]]) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY audit_entry ({', '.join(COLUMNS)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row([row[name] for name in COLUMNS])


INSERTS: dict[str, Callable[[list[dict[str, Any]]], None]] = {
    "sqlite": _insert_on_sqlite,
    "postgresql": _insert_on_postgresql,
}


class TileWriter:
    """Stores a tile for each 256 leaves, and those above them."""

    def __init__(self) -> None:
        self._levels: list[list[bytes]] = [[]]
        self._counts = [0]

    def add(self, leaf: bytes, level: int = 0) -> None:
        if level == len(self._levels):
            self._levels.append([])
            self._counts.append(0)
        hashes = self._levels[level]
        hashes.append(leaf)
        if len(hashes) == tiles.WIDTH:
            root = tiles.build_pyramid(hashes)[-1][0]
            tile = Tile(level=level, index=self._counts[level], root=root, hashes=b"".join(hashes))
            tile.save(force_insert=True)
            self._counts[level] += 1
            self._levels[level] = []
            self.add(root, level + 1)


class Writer:
    """Appends to an empty log, and goes on where it stopped."""

    def __init__(self, kinds: tuple[dict[str, Any], ...]) -> None:
        self._kinds = kinds
        self._position = Position()
        self._tiles = TileWriter()

    def append(self, count: int) -> None:
        rows = make_rows(self._position, count, self._kinds)
        insert = INSERTS[connection.vendor]
        while True:
            with transaction.atomic():
                batch = list(itertools.islice(rows, ROWS_PER_STATEMENT))
                if not batch:
                    return
                insert(batch)
                for row in batch:
                    self._tiles.add(row["leaf"])
            self._position = replace(self._position, sequence=batch[-1]["sequence"], hash=batch[-1]["hash"])
