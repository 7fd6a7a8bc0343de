"""What somebody can do to the log who owns the database and the HMAC key: rewrite rows and tree, and seal everything again."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection

from snapshots.audit import chain, tiles
from snapshots.audit.models import Entry
from snapshots.audit.tree_models import Checkpoint, Tile
from tests.support.audit_triggers import without_triggers

Row = dict[str, Any]


def read_rows() -> list[Row]:
    return list(Entry.objects.order_by("sequence").values())


def reseal(rows: list[Row]) -> None:
    """Store these rows instead of the log, numbered and sealed anew, so that the chain is valid."""
    previous = chain.GENESIS
    for number, row in enumerate(rows, 1):
        row |= {"sequence": number, "previous_hash": previous}
        row["hash"] = previous = chain.seal(row, settings.SNAPPORTAL_AUDIT_KEYS[row["key_id"]])
    with without_triggers():
        Entry.objects.all().delete()
        Entry.objects.bulk_create([Entry(**row) for row in rows], batch_size=100)


def rewrite(change: Callable[[list[Row]], object]) -> None:
    """Change the rows, and seal all of them again."""
    rows = read_rows()
    change(rows)
    reseal(rows)


def rebuild_tree() -> None:
    """Make the tiles those of the present rows."""
    with without_triggers():
        Tile.objects.all().delete()
    tiles.complete_tiles(Entry.objects.count())


def forget_checkpoints() -> None:
    with without_triggers():
        Checkpoint.objects.all().delete()


def execute(statement: str, *values: object) -> None:
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute(statement, values)
