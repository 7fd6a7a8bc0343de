"""The words of the portal that are hard: what each means in a sentence or two, and the section of the help page that says more.

Shown beside the word by `{% explain "name" %}` (templatetags/explain.py), and all together on the help page.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True)
class Term:
    """`section`: the ID of a section of the help page."""

    name: "StrPromise"
    text: "StrPromise"
    section: str


TERMS: Final[dict[str, Term]] = {
    "unknown": Term(
        _("Unknown result"),
        _(
            "A request was sent, and no clear answer came back: it may or may not have happened. The portal keeps looking for "
            "evidence and never sends it again by itself."
        ),
        "unknown",
    ),
    "resolved": Term(
        _("Resolved"),
        _(
            "A result that was unknown is known now: by evidence in the provider's lists, or because a person looked there and "
            "said what was found."
        ),
        "unknown",
    ),
    "observed": Term(
        _("Seen past the portal"),
        _(
            "A snapshot appeared, changed or vanished at the provider, and nothing that was done here explains it. Who did it is "
            "not known."
        ),
        "observed",
    ),
    "protection": Term(
        _("Protection"),
        _(
            "A protected snapshot is deleted by nothing in this portal until a manager lifts the protection, with a reason."
        ),
        "keeping",
    ),
    "keep_until": Term(
        _("Keep until"),
        _(
            "Until that day the portal does not delete the snapshot by itself; after it, it does, unless the date is moved or "
            "removed."
        ),
        "keeping",
    ),
    "grace": Term(
        _("Grace time"),
        _("For how many days a deletion waits and can be called back before it is sent to the provider."),
        "keeping",
    ),
    "safety_snapshot": Term(
        _("Safety snapshot"),
        _(
            "A snapshot of the present state, taken before a restore overwrites it: the way back if the restore was a mistake."
        ),
        "restore",
    ),
    "restore_point": Term(
        _("Restore point"),
        _(
            "Snapshots of several servers that were created together, so that all of them can go back together."
        ),
        "several",
    ),
    "token_limits": Term(
        _("Limits of a token"),
        _(
            "Which servers and rights the portal uses a stored token for. At the provider the token may be able to do more; here "
            "it is not."
        ),
        "access",
    ),
    "key_rights": Term(
        _("Rights of an API key"),
        _(
            "What a script can do with the key: only this, and only on the chosen servers. Whoever has the key can do it too, "
            "so tick no more than the script needs."
        ),
        "scripts",
    ),
    "team_servers": Term(
        _("Servers of a team"),
        _(
            "The team's role holds on these servers only. A member also needs a stored token that reaches them: a team opens "
            "nothing at the provider."
        ),
        "access",
    ),
    "policy": Term(
        _("Approval policy"),
        _(
            "A rule that names servers, what on them needs approval, and who may give it. What it names does not begin before "
            "enough other people have agreed."
        ),
        "guarding",
    ),
    "approval": Term(
        _("Approval"),
        _(
            "Another person's agreement to exactly what was asked: this server, this snapshot, this state. If that changes, the "
            "approval no longer counts."
        ),
        "guarding",
    ),
    "break_glass": Term(
        _("Breaking the glass"),
        _(
            "Doing in an emergency what needs approval, without waiting for it. It takes a reason, everybody who could have "
            "approved is told at once, and the log marks it for ever."
        ),
        "guarding",
    ),
    "freeze": Term(
        _("Freeze"),
        _(
            "A time in which nothing is restored or deleted on some servers or all, through no channel of the portal."
        ),
        "guarding",
    ),
    "lock": Term(
        _("Lock"),
        _(
            "A locked server is not restored over by anybody. To lift a lock takes a second person, or a time in which others "
            "can call that back."
        ),
        "guarding",
    ),
    "fingerprint": Term(
        _("Fingerprint"),
        _(
            "A value computed from a token or a snapshot's state that is the same as long as that is the same. The token cannot "
            "be computed from it."
        ),
        "log",
    ),
    "verification": Term(
        _("Verification"),
        _(
            "The portal computes the seal of every row of the log again. It fails if a row was changed, removed or put between "
            "others in the database."
        ),
        "log",
    ),
    "anchor": Term(
        _("Anchor"),
        _(
            "A signed note of the newest row, kept outside of the database. Without it nobody could see that the newest rows "
            "were cut off."
        ),
        "log",
    ),
    "checkpoint": Term(
        _("Checkpoint"),
        _(
            "A signed summary of the whole log up to a row. Whoever holds one, and the public key, can verify that the log still "
            "continues it."
        ),
        "log",
    ),
    "archive": Term(
        _("Archive"),
        _(
            "Files with old rows that have left the database. They were verified first, and can be read and verified at any time."
        ),
        "log",
    ),
    "hold": Term(
        _("Legal hold"),
        _(
            "Rows under a hold stay in the database and are not erased or archived until it is lifted, with a reason."
        ),
        "log",
    ),
}
