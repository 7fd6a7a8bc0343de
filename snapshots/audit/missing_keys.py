"""Finds audit keys that sealed rows of this log and that SNAPPORTAL_AUDIT_KEYS lacks, so that nobody takes the log for broken.

The ID in a row or an anchor proves nothing: whoever forges one can write any. So a key counts as missing only where the
log tells of it: in a row that changed from it to another key, or because all rows at the end are sealed with it.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.conf import settings

from snapshots.audit import chain
from snapshots.audit.chain import Anchor
from snapshots.audit.models import Entry
from snapshots.audit.queries import EntryQuerySet

_KEY_CHANGE: Final = re.compile(r"([a-z0-9-]{1,16}) → ([a-z0-9-]{1,16})")
"""The `evidence` of a row whose action is chain.KEY_CHANGE."""


def find(anchors: Iterable[Anchor] = ()) -> list[str]:
    """The IDs of the keys that are missing and that rows in the database, or `anchors`, need; the newest first."""
    ring = settings.SNAPPORTAL_AUDIT_KEYS
    missing = _at_the_end()
    changes = Entry.objects.numbered().filter(action=chain.KEY_CHANGE)
    for row in reversed(list(changes.rows())):
        named = None if chain.UNREADABLE in row else _KEY_CHANGE.fullmatch(str(row["evidence"]))
        if not named or named[2] != row["key_id"] or named[1] in {*ring, *missing}:
            continue
        if row["key_id"] in missing or not chain.check_seal(row, ring):
            missing.append(named[1])
    signers = {anchor.key_id for anchor in anchors}
    return [key_id for key_id in missing if key_id in signers or _rows_of(key_id).exists()]


def _rows_of(key_id: str) -> EntryQuerySet:
    return Entry.objects.numbered().filter(key_id=key_id)


def _at_the_end() -> list[str]:
    """The key of the newest row if the ring lacks it, and its rows begin and go on as the portal would have written them."""
    last = Entry.objects.all().last_sequence()
    newest = next(Entry.objects.numbered().filter(sequence=last).rows(), None) if last else None
    if newest is None or chain.UNREADABLE in newest or newest["key_id"] in settings.SNAPPORTAL_AUDIT_KEYS:
        return []
    key_id = newest["key_id"]
    first = next(_rows_of(key_id).rows(), newest)
    return [key_id] if _begins(first, key_id) and not _is_interrupted(first, key_id) else []


def _begins(first: Mapping[str, Any], key_id: str) -> bool:
    """Whether the log begins with this row, or changes to the key in it."""
    if chain.UNREADABLE in first:
        return False
    if not Entry.objects.numbered().filter(sequence__lt=first["sequence"]).exists():
        return True
    named = _KEY_CHANGE.fullmatch(str(first["evidence"]))
    return bool(first["action"] == chain.KEY_CHANGE and named and named[2] == key_id)


def _is_interrupted(first: Mapping[str, Any], key_id: str) -> bool:
    later = Entry.objects.numbered().filter(sequence__gt=first["sequence"])
    return bool(later.exclude(key_id=key_id).exists())
