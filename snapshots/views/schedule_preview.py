"""The preview of a schedule as its form shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import Final

from django.utils import timezone
from django.utils.safestring import SafeString

from snapshots.inventory.readings import Reading
from snapshots.operations.server_views import ServerView
from snapshots.schedules.definition import Definition
from snapshots.schedules.models import Schedule
from snapshots.schedules.naming import DEFAULT_PATTERN, fill, is_valid_pattern
from snapshots.schedules.preview import ServerPreview, Turn, preview
from snapshots.templatetags.portal import as_name
from snapshots.views.forms.schedules import ScheduleForm
from snapshots.views.schedule_lines import DueTime, next_times
from snapshots.views.texts.readings import reading_words, servers_text
from snapshots.views.texts.schedules import collision_words, keep_words, rule_words

TURNS_SHOWN: Final = 60
TURNS_UNFOLDED: Final = 12


@dataclass(frozen=True)
class ServerLine:
    """`collision` says from when on the server is full; None if it is not."""

    found: ServerPreview
    collision: SafeString | None


@dataclass(frozen=True)
class TurnLine:
    server_name: str
    turn: Turn


@dataclass(frozen=True, kw_only=True)
class ShownPreview:
    """`trouble` says why it may lack something; then it cannot be saved."""

    rule: SafeString
    keep: str
    times: list[DueTime]
    servers: list[ServerLine]
    turns: list[TurnLine]
    folded_turns: list[TurnLine]
    more_turns: int
    cut_after: int
    """How many runs on each server are counted, 0 if all."""
    trouble: str

    @property
    def can_be_saved(self) -> bool:
        return not self.trouble


def make_preview(
    definition: Definition, views: Sequence[ServerView], reading: Reading, schedule: Schedule | None
) -> ShownPreview:
    found = preview(definition, views, timezone.now(), schedule)
    turns = [_turn_lines(one) for one in found]
    shown = list(islice(merge(*turns, key=lambda line: line.turn.at), TURNS_SHOWN))
    return ShownPreview(
        rule=rule_words(definition.preset, definition.cron, definition.time_zone),
        keep=keep_words(definition.keep),
        times=next_times(definition.recurrence),
        servers=[ServerLine(one, collision_words(one, definition.keep)) for one in found],
        turns=shown[:TURNS_UNFOLDED],
        folded_turns=shown[TURNS_UNFOLDED:],
        more_turns=max(0, sum(map(len, turns)) - TURNS_SHOWN),
        cut_after=next((len(one.turns) for one in found if one.is_cut), 0),
        trouble=_trouble(definition, reading),
    )


def _turn_lines(found: ServerPreview) -> list[TurnLine]:
    """Of several turns in a row that find the server full, only the first."""
    before = [None, *found.turns]
    return [
        TurnLine(found.server_name, turn)
        for earlier, turn in zip(before, found.turns, strict=False)
        if not (turn.collides and earlier and earlier.collides)
    ]


def _trouble(definition: Definition, reading: Reading) -> str:
    """'' if the lists show all that the preview needs."""
    trouble = list_trouble(reading)
    if not trouble and definition.covers_all and reading.may_lack_servers:
        trouble = servers_text(reading)
    return trouble


def list_trouble(reading: Reading) -> str:
    """Why the lists of a token are not those of now; '' if they are."""
    return str(reading_words(reading).title) if reading.is_stale or not reading.is_complete else ""


def name_example(form: ScheduleForm) -> SafeString | str:
    """A name that the pattern in the form would give now; '' if it is not valid."""
    pattern = form.shown("name_pattern") or DEFAULT_PATTERN
    if not is_valid_pattern(pattern):
        return ""
    name = form.shown("name") or "nightly"
    return as_name(fill(pattern, schedule=name, server="web-server", at=timezone.now()))
