"""What was refused, and why."""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from snapshots.audit.reporting.listed import REFUSED
from snapshots.audit.reporting.tally import Tally
from snapshots.views.reports.figures import Figure, LogLinks, figure
from snapshots.views.texts import report as texts

SIGN_INS = ("person.sign_in", "person.prove", "factor.use_recovery_code")


@dataclass(frozen=True)
class Refusal:
    """What was asked for, how often, and why it was refused, the most frequent reason first."""

    asked: Figure
    reasons: tuple[Figure, ...]


def make_refusals(
    tally: Tally, links: LogLinks, *, only: Collection[str] = (), but: Collection[str] = ()
) -> tuple[Refusal, ...]:
    """The most frequent ones first. `only`: of these actions, `but`: of all but these."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for one in tally.groups:
        if one.result == REFUSED and one.action not in but and (not only or one.action in only):
            found[one.action][one.code] += one.number
    ordered = sorted(found.items(), key=lambda one: (-one[1].total(), one[0]))
    return tuple(_refusal(action, codes, links) for action, codes in ordered)


def _refusal(action: str, codes: Counter[str], links: LogLinks) -> Refusal:
    return Refusal(
        figure(texts.action_text(action), codes.total(), links.to(action=action, result=REFUSED)),
        tuple(figure(texts.why_text(action, code), number) for code, number in codes.most_common()),
    )
