"""The tokens by which the audit log can be filtered: chosen and never typed, because a filter is in the page's address."""

import re
from collections import defaultdict
from typing import Final

from snapshots.audit.models import Entry
from snapshots.vault.models import StoredToken

_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
MOST: Final = 500
SHOWN: Final = 12


def is_fingerprint(text: str) -> bool:
    return _FINGERPRINT.fullmatch(text) is not None


def token_choices(wanted: str) -> list[tuple[str, str]]:
    """Fingerprint and label of the stored tokens; and of the `wanted` one, which may be stored no more.

    A token that several people have stored has several labels. The same label may stand for several tokens.
    """
    labels: dict[str, set[str]] = defaultdict(set)
    stored = StoredToken.objects.order_by("label", "pk").values_list("fingerprint", "label")
    for fingerprint, label in stored[:MOST]:
        labels[fingerprint].add(label)
    if wanted and wanted not in labels:
        labels[wanted] = {_label_in_log(wanted)} - {""}
    return [(one, " ".join([", ".join(sorted(found)), one[:SHOWN]]).strip()) for one, found in labels.items()]


def _label_in_log(fingerprint: str) -> str:
    """The newest label of the token in the log; '' if it is in no row there."""
    rows = Entry.objects.numbered().filter(token_fingerprint=fingerprint).exclude(token_fingerprint="")
    return next((entry.token_label for entry in rows.order_by("-sequence").fetch(1)), "")
