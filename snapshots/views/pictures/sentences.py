"""Texts of pictures: the sentences that describe them, what marks mean, and the titles of marks."""

import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from snapshots.contract import CREATE_MINUTES
from snapshots.operations.models import Action, Operation, State
from snapshots.templatetags.formats import date_text, isolated, utc_text
from snapshots.templatetags.portal import ago_text, duration, megabytes, named
from snapshots.views.pictures.server_facts import Due, ServerFacts, Stay, has_happened
from snapshots.views.texts.base import Badge
from snapshots.views.texts.operations import operation_badge

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

MARKS: Final[tuple[tuple[str, str, "StrPromise"], ...]] = (
    ("dot", "bad", lazy("Create, failed")),
    ("dot", "moving", lazy("Create, in progress")),
    ("dot", "warn", lazy("Create, for far too long")),
    ("dot", "neutral", lazy("Create, resolved")),
    ("diamond", "ok", lazy("Restore")),
    ("diamond", "bad", lazy("Restore, failed")),
    ("diamond", "moving", lazy("Restore, in progress")),
    ("diamond", "warn", lazy("Restore, for far too long")),
    ("diamond", "neutral", lazy("Restore, resolved")),
    ("cross", "ok", lazy("Deletion")),
    ("cross", "bad", lazy("Deletion, failed")),
    ("cross", "moving", lazy("Deletion, in progress")),
    ("cross", "warn", lazy("Deletion, for far too long")),
    ("cross", "neutral", lazy("Deletion, planned or resolved")),
    ("unknown", "warn", lazy("Result unknown")),
    ("ring", "moving", lazy("A schedule takes one")),
    ("ring", "warn", lazy("A schedule finds no place")),
)
"""Shape and kind of a mark → what it means."""
EXISTS: Final = Badge("ok", lazy("Exists"))
GONE: Final = Badge("neutral", lazy("Is gone"))
PROTECTED: Final = lazy("Protected")
PLANNED: Final = Badge("warn", lazy("Planned"))
PLANS: Final[dict[str, "StrPromise"]] = {
    "grace": lazy("Deleted after its grace time"),
    "keep_until": lazy("Kept until then"),
    "retention": lazy("Deleted by a schedule"),
}


def day_text(at: datetime) -> str:
    return date_text(at)


def minutes_text(value: float) -> str:
    return _("%s min") % number_format(round(value))


def stay_badge(stay: Stay) -> Badge:
    return EXISTS if stay.is_listed else GONE


def plan_words(stay: Stay) -> "StrPromise | str":
    return PLANS[stay.plan]


def labelled(label: "StrPromise | str", value: object) -> str:
    return _("%(label)s: %(value)s") % {"label": label, "value": value}


def labelled_snapshot(name: str, value: object) -> str:
    return labelled(isolated(named(name)), value)


def stay_title(stay: Stay) -> str:
    since = utc_text(stay.start) if stay.start else ""
    until = utc_text(stay.end) if stay.end else ""
    return labelled_snapshot(stay.name, f"{since} – {until}" if until else since)


def plan_title(stay: Stay) -> str:
    return labelled_snapshot(stay.name, _on(plan_words(stay), stay.planned_end))


def protected_title(stay: Stay) -> str:
    return labelled_snapshot(stay.name, PROTECTED)


def operation_title(operation: Operation, at: datetime) -> str:
    label, state = Action(operation.action).label, operation_badge(operation).text
    what = _("%(action)s %(name)s") % {"action": label, "name": isolated(named(operation.snapshot_name))}
    return labelled(what, _on(state, at))


def _on(what: "StrPromise | str", at: datetime | None) -> str:
    return _("%(what)s, %(time)s") % {"what": what, "time": utc_text(at) if at else ""}


def due_badge(due: Due) -> Badge:
    return Badge("moving", _("To come")) if due.makes else Badge("warn", _("No place"))


def due_title(due: Due) -> str:
    return labelled(isolated(due.schedule.name), _on(due.makes or due_badge(due).text, due.at))


def timeline_sentence(facts: ServerFacts) -> str:
    return " ".join(_timeline_sentences(facts))


def _timeline_sentences(facts: ServerFacts) -> Iterator[str]:
    count, day = len(facts.stays), day_text(facts.since)
    yield ngettext("%(count)d snapshot since %(day)s.", "%(count)d snapshots since %(day)s.", count) % {
        "count": count,
        "day": day,
    }
    listed = [one for one in facts.stays if one.is_listed]
    if count and all(one.end for one in facts.stays):
        yield _("None exists any more.")
    yield from _listed_sentences(facts, listed)
    leaving = sum(one.planned_end is not None and one.planned_end <= facts.until for one in listed)
    if leaving:
        yield ngettext(
            "%(count)d will be deleted until %(day)s.", "%(count)d will be deleted until %(day)s.", leaving
        ) % {"count": leaving, "day": day_text(facts.until)}
    yield from _operation_sentences(facts)
    timeless = sum(one.start is None for one in facts.stays)
    if timeless:
        yield (
            ngettext(
                "The time of %d snapshot is not known: it is in the table alone.",
                "The times of %d snapshots are not known: they are in the table alone.",
                timeless,
            )
            % timeless
        )


def _listed_sentences(facts: ServerFacts, listed: Sequence[Stay]) -> Iterator[str]:
    if not listed:
        return
    yield ngettext("%d of them exists.", "%d of them exist.", len(listed)) % len(listed)
    protected = sum(one.is_protected for one in listed)
    if protected:
        yield ngettext("%d of them is protected.", "%d of them are protected.", protected) % protected
    newest = listed[0].start
    if newest and not facts.clocks_differ:
        yield _("The newest was made %(ago)s.") % {"ago": ago_text(newest)}


def _operation_sentences(facts: ServerFacts) -> Iterator[str]:
    deletions = sum(one.action == Action.DELETE and has_happened(one) for one in facts.operations)
    if deletions:
        yield ngettext("%d deletion.", "%d deletions.", deletions) % deletions
    restores = sum(one.action == Action.RESTORE for one in facts.operations)
    if restores:
        yield ngettext("%d restore.", "%d restores.", restores) % restores
    unknown = sum(one.state == State.UNKNOWN for one in facts.operations)
    if unknown:
        yield (
            ngettext(
                "Of %d operation the result is unknown.", "Of %d operations the result is unknown.", unknown
            )
            % unknown
        )
    yield from _due_sentences(facts)


def _due_sentences(facts: ServerFacts) -> Iterator[str]:
    made = sum(bool(one.makes) for one in facts.dues)
    until = utc_text(facts.dues_until) if facts.dues_until else day_text(facts.until)
    if made:
        yield ngettext(
            "Schedules take %(count)d more until %(day)s.",
            "Schedules take %(count)d more until %(day)s.",
            made,
        ) % {"count": made, "day": until}
    left_out = len(facts.dues) - made
    if left_out:
        yield ngettext(
            "%(count)d due time of a schedule until %(time)s finds no place.",
            "%(count)d due times of schedules until %(time)s find no place.",
            left_out,
        ) % {"count": left_out, "time": until}


def dues_note(facts: ServerFacts, drawn: int) -> str:
    """Which due times are left out, and which have no mark of their own. '' if neither."""
    return " ".join(_dues_notes(facts, drawn))


def _dues_notes(facts: ServerFacts, drawn: int) -> Iterator[str]:
    count = len(facts.dues)
    if facts.dues_until:
        yield ngettext(
            "Of the due times of schedules only the next one is shown, %(time)s.",
            "Of the due times of schedules only the next %(count)d are shown, until %(time)s.",
            count,
        ) % {"count": count, "time": utc_text(facts.dues_until)}
    if drawn < count:
        yield _("Due times that are close together share a mark; the table has each of them.")


def sizes_sentence(facts: ServerFacts, totals: Sequence[int]) -> str:
    """`totals`: the space of all after each change, the oldest first."""
    return " ".join(_size_sentences(facts, totals))


def _size_sentences(facts: ServerFacts, totals: Sequence[int]) -> Iterator[str]:
    yield _("All together take %(now)s now, and took %(most)s at most.") % {
        "now": megabytes(totals[-1]),
        "most": megabytes(max(totals)),
    }
    unknown = sum(one.size_mb is None for one in facts.stays)
    if unknown:
        yield (
            ngettext(
                "The size of %d snapshot is not known.", "The sizes of %d snapshots are not known.", unknown
            )
            % unknown
        )
    first = facts.first_listed_at
    if first and first > facts.since:
        yield _("What was deleted before %(day)s, when the portal saw this server first, is not counted.") % {
            "day": day_text(first)
        }


def durations_sentence(took: Sequence[timedelta], unseen: int) -> str:
    """`unseen`: of how many more the end was seen too late."""
    return " ".join(_duration_sentences(took, unseen))


def _duration_sentences(took: Sequence[timedelta], unseen: int) -> Iterator[str]:
    low, high = CREATE_MINUTES
    late = sum(one > timedelta(minutes=high) for one in took)
    yield ngettext(
        "%(count)d create took %(middle)s.",
        "Of %(count)d creates half took %(middle)s or less.",
        len(took),
    ) % {"count": len(took), "middle": duration(statistics.median_low(took))}
    yield _("Documented are %(low)d to %(high)d minutes.") % {"low": low, "high": high}
    if late:
        yield ngettext("%d took longer than that.", "%d took longer than that.", late) % late
    if unseen:
        yield _unseen_text(unseen)


def no_durations_sentence(unseen: int) -> str:
    if unseen:
        return _unseen_text(unseen)
    return _("No snapshot was created through this portal in this time.")


def _unseen_text(unseen: int) -> str:
    return (
        ngettext(
            "Of %d create the end was seen too late to say how long it took.",
            "Of %d creates the end was seen too late to say how long they took.",
            unseen,
        )
        % unseen
    )


def days_sentence(by_day: Mapping[date, Counter[str]]) -> str:
    total = sum(one.total() for one in by_day.values())
    busiest = max(sorted(by_day), key=lambda day: by_day[day].total())
    entries = ngettext("%(count)s entry.", "%(count)s entries.", total) % {"count": number_format(total)}
    most = _("The most on one day were %(most)s, on %(day)s.") % {
        "most": number_format(by_day[busiest].total()),
        "day": date_text(busiest),
    }
    return f"{entries} {most}"


def people_sentence(count: int, most: int, of_nobody: int) -> str:
    people = ngettext("%d person has entries.", "%d people have entries.", count) % count
    shown = _("Shown are the %d with the most.") % most if count > most else ""
    return " ".join(filter(None, (people, shown, nobody_sentence(of_nobody) if of_nobody else "")))


def nobody_sentence(of_nobody: int) -> str:
    """Of entries that no person with an account made."""
    if not of_nobody:
        return _("No person has an entry in this time.")
    return ngettext(
        "%(count)s entry is of the portal itself, or of nobody who has an account.",
        "%(count)s entries are of the portal itself, or of nobody who has an account.",
        of_nobody,
    ) % {"count": number_format(of_nobody)}
