"""What the log says about itself. Programs read the forms of anchors, archives, acceptances and erasures (docs/log-format.md)."""

from typing import Final

from snapshots.audit import chain
from snapshots.audit.wording.kinds import BARE, CODE, COUNT, DAY, ID, PAIR, TEXT, WHOLE, list_of
from snapshots.audit.wording.statements import Counted, Statement

# --- Anchors, archives, keys ----------------------------------------------------------------------------------------------

ANCHORED: Final = Statement("audit.anchored", "row %(row)s, hash %(hash)s", row=ID, hash=BARE)
NOTED_BY: Final = Statement("audit.noted_by", "noted by %(places)s", places=list_of(CODE))
NOT_ANCHORED: Final = Statement("audit.not_anchored", "not anchored:")
ARCHIVED: Final = Statement(
    "audit.archived",
    "rows %(first)s to %(last)s in %(file)s, %(size)s bytes, SHA-256 %(sha256)s, "
    "last hash %(hash)s, sealed at %(at)s with key %(key)s",
    first=ID,
    last=ID,
    file=BARE,
    size=COUNT,
    sha256=BARE,
    hash=BARE,
    at=BARE,
    key=BARE,
)
KEY_CHANGED: Final = Statement(
    "audit.key_changed", "%(before)s → %(after)s", only=(chain.KEY_CHANGE,), before=BARE, after=BARE
)

# --- Exports, streams, holds, erasures ------------------------------------------------------------------------------------

EXPORTED: Final = Counted(
    "audit.exported",
    "%(count)s row, up to row %(last)s",
    "%(count)s rows, up to row %(last)s",
    by="count",
    count=COUNT,
    last=ID,
)
AFTER_ARCHIVE: Final = Statement("audit.after_archive", "all of them from row %(row)s on", row=ID)
NO_FILTERS: Final = Statement("audit.no_filters", "filters: none")
FILTERS: Final = Statement("audit.filters", "filters: “%(filters)s”", filters=TEXT)
NO_COLUMNS: Final = Statement("audit.no_columns", "columns: none")
COLUMNS: Final = Statement("audit.columns", "columns: %(columns)s", columns=list_of(CODE))
GOES_ON: Final = Statement("stream.goes_on", "goes on after row %(row)s", row=ID)
CURSOR: Final = Statement("stream.cursor", "the cursor was at row %(row)s", row=ID)
CURSOR_HASH: Final = Statement("stream.hash", "hash %(hash)s", hash=BARE)
NOT_SENT: Final = Statement("stream.not_sent", "rows %(first)s to %(last)s were not sent", first=ID, last=ID)
STOPPED: Final = Statement("stream.stopped", "stopped: “%(error)s”", error=TEXT)
VIEW_FILTER: Final = Statement("log_view.filter", "%(filter)s", only=("log_view.share",), filter=WHOLE)
NAMED_BEFORE: Final = Statement("log_view.named_before", "before: “%(name)s”", name=TEXT)
MADE_BY: Final = Statement("log_view.made_by", "made by person %(person)s", person=ID)
HOLD_NAME: Final = Statement("hold.name", "%(name)s", only=("audit.hold",), name=WHOLE)
PLACED_IN: Final = Statement("hold.placed_in", "placed in row %(row)s", row=ID)
ERASED: Final = Statement("erased", "%(count)s erased, digest %(digest)s", count=COUNT, digest=BARE)
BEFORE_DAY: Final = Statement("erased.before", "before %(day)s", day=DAY)

# --- Accepted damage ------------------------------------------------------------------------------------------------------

ROW_CHANGED: Final = Statement(
    "accepted.row_changed",
    "row %(row)s was changed in the database: what is said there proves nothing",
    row=ID,
)
ROWS_CHANGED: Final = Statement(
    "accepted.rows_changed",
    "rows %(rows)s were changed in the database: what is said there proves nothing",
    rows=list_of(ID),
)
RANGE_CHANGED: Final = Statement(
    "accepted.range_changed",
    "rows %(first)s to %(last)s were changed in the database: what is said there proves nothing",
    first=ID,
    last=ID,
)
ROW_LOST: Final = Statement(
    "accepted.row_lost",
    "row %(row)s was lost when a backup was put back, with whatever came behind",
    row=ID,
)
RANGE_LOST: Final = Statement(
    "accepted.range_lost",
    "rows %(first)s to %(last)s were lost when a backup was put back, with whatever came behind",
    first=ID,
    last=ID,
)
ANCHOR_LOST: Final = Counted(
    "accepted.anchor_lost",
    "%(count)s anchor, of row %(row)s, was lost from the file of anchors",
    "%(count)s anchors, of row %(row)s, were lost from the file of anchors",
    by="count",
    count=COUNT,
    row=ID,
)
ANCHORS_LOST: Final = Statement(
    "accepted.anchors_lost",
    "%(count)s anchors, of rows %(rows)s, were lost from the file of anchors",
    count=COUNT,
    rows=list_of(ID),
)
ANCHOR_RANGE_LOST: Final = Statement(
    "accepted.anchor_range_lost",
    "%(count)s anchors, of rows %(first)s to %(last)s, were lost from the file of anchors",
    count=COUNT,
    first=ID,
    last=ID,
)
ACCEPTED: Final = Statement("accepted", "accepted: %(pairs)s", pairs=list_of(PAIR))

# --- Verification ---------------------------------------------------------------------------------------------------------

HOLDS: Final = Counted(
    "verified.holds",
    "%(count)s row holds, up to row %(row)s",
    "%(count)s rows hold, up to row %(row)s",
    by="count",
    count=COUNT,
    row=ID,
)
ARCHIVED_UP_TO: Final = Statement("verified.archived", "(archived up to row: %(row)s)", row=ID)
ARCHIVED_UNCHECKED: Final = Statement(
    "verified.archived_unchecked", "(archived and not checked up to row: %(row)s)", row=ID
)
ANCHORS_AGREE: Final = Statement("verified.anchors", "(anchors that agree: %(count)s)", count=COUNT)
GIVEN_UP: Final = Statement("verified.given_up", "(given up: %(count)s)", count=COUNT)
BROKEN_AT: Final = Statement("verified.broken_at", "row %(row)s:", row=ID)
HOLD_BEFORE: Final = Counted(
    "verified.before",
    "(%(count)s row before it holds)",
    "(%(count)s rows before it hold)",
    by="count",
    count=COUNT,
)
CHAIN_HOLDS: Final = Counted(
    "verified.chain",
    "(the chain of %(count)s row up to row %(row)s holds)",
    "(the chain of %(count)s rows up to row %(row)s holds)",
    by="count",
    count=COUNT,
    row=ID,
)

# What is wrong with a row: code of a verdict → statement.
PROBLEMS: Final[dict[str, Statement]] = {
    "before": Statement("broken.before", "no row stands before row 1: it was put in"),
    "unreadable": Statement(
        "broken.unreadable", "it holds what the portal never wrote, and cannot be read: it was changed"
    ),
    "gap": Statement("broken.gap", "the row is missing"),
    "order": Statement("broken.order", "the row stands twice or out of order"),
    "key": Statement("broken.key", "it is sealed with a key that is not in SNAPPORTAL_AUDIT_KEYS"),
    "hash": Statement(
        "broken.hash",
        "its signature is not valid: it was changed, or the key is a wrong one under the right ID",
    ),
    "link": Statement(
        "broken.link", "it does not follow from the row before it: rows were put in, taken out or moved"
    ),
    "key_change": Statement(
        "broken.key_change", "the key changes without a row that says so, or goes back to an older key"
    ),
    "time": Statement("broken.time", "its time is not after the time of the row before it"),
    "anchor": Statement(
        "broken.anchor", "it is not what the anchor noted, or the anchor itself is not signed with this key"
    ),
    "cut": Statement("broken.cut", "an anchor names rows that are not there: the newest rows were cut off"),
    "leaf": Statement(
        "broken.leaf", "it is not the row that the tree holds: it was rewritten by somebody who has the key"
    ),
    "tile": Statement(
        "broken.tile", "the part of the tree that begins with it is missing or was changed (table audit_tile)"
    ),
    "checkpoint": Statement(
        "broken.checkpoint", "the checkpoint of the rows up to it was signed for another tree, or was changed"
    ),
    "cut_tree": Statement(
        "broken.cut_tree", "tiles or checkpoints were made when it was there: the newest rows were cut off"
    ),
    "lost": Statement(
        "broken.lost",
        "it tells of an anchor that the file of anchors lacks: lines were taken out of the file",
    ),
    "subject": Statement("broken.subject", "a name or an address to which it refers was changed"),
    "subject_missing": Statement(
        "broken.subject_missing",
        "a name or an address to which it refers is gone, and was not erased: it was deleted",
    ),
    "erasure": Statement(
        "broken.erasure", "names or addresses were erased, or brought back, other than the log says"
    ),
    "archive": Statement(
        "broken.archive", "it is archived, and its file is missing or is not what the log says"
    ),
    "gone": Statement(
        "broken.gone",
        "it is archived, but must stay in the database too, and is gone from there: it was deleted",
    ),
    "hold": Statement(
        "broken.hold", "the table of holds does not have what it says: a hold was changed or taken out"
    ),
}
