"""Texts of schedules: when they run and what they keep, in words; what their state and the result of a run mean."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from snapshots.contract import MAX_SNAPSHOTS_PER_SERVER
from snapshots.schedules.models import Cause, Run, RunState, Schedule, State
from snapshots.schedules.preview import ServerPreview
from snapshots.schedules.recurrence import LAST_DAY, Preset
from snapshots.schedules.retention import Keep
from snapshots.templatetags import formats
from snapshots.templatetags.portal import as_name, moment, with_names
from snapshots.views.texts.audit_names import CODES
from snapshots.views.texts.base import Badge, Words
from snapshots.views.texts.refusals import REFUSAL_WORDS

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

STATE_BADGES = {
    State.ACTIVE: Badge("ok", State.ACTIVE.label),
    State.PAUSED: Badge("neutral", State.PAUSED.label),
    State.STOPPED: Badge("bad", State.STOPPED.label),
}
RUN_BADGES = {
    RunState.WAITING: Badge("moving", RunState.WAITING.label),
    RunState.RUNNING: Badge("moving", RunState.RUNNING.label),
    RunState.COMPLETED: Badge("ok", RunState.COMPLETED.label),
    RunState.PARTLY: Badge("warn", RunState.PARTLY.label),
    RunState.FAILED: Badge("bad", RunState.FAILED.label),
    RunState.CANCELLED: Badge("neutral", RunState.CANCELLED.label),
    RunState.SKIPPED: Badge("neutral", RunState.SKIPPED.label),
}
_BY_OTHERS = lazy("If somebody else should be its owner: change it, and it runs in your name from then on.")
_STATE_WORDS = {
    "": Words("good", lazy("It is active"), lazy("It runs when it is due, in its owner's name.")),
    "paused": Words(
        "info",
        lazy("A person has paused it"),
        lazy("Nothing is due until it is resumed. What it missed meanwhile is not caught up."),
    ),
    "five_failures": Words(
        "bad",
        lazy("The portal has paused it after five failures in a row"),
        lazy("None of the last five runs made a snapshot. Nothing is due until it is resumed."),
        lazy("Read below why they failed and mend that. Then its owner resumes it, or you change it."),
    ),
    "owner_gone": Words(
        "bad",
        lazy("It is stopped: its owner's account is no longer active"),
        lazy("A schedule runs in its owner's name, so nothing runs."),
        lazy("Change it to run it in your name: with the same token, stored by you."),
    ),
    "owner_lacks_right": Words(
        "bad",
        lazy("It is stopped: its owner may no longer do what it does"),
        lazy("Its owner's role does not allow to create snapshots, or to delete the ones it replaces."),
        lazy("Change it to run it in your name, or ask an admin to correct the owner's role."),
    ),
    "token_gone": Words(
        "bad",
        lazy("It is stopped: its owner's token was removed or replaced"),
        lazy("Its runs cannot reach the provider without that token."),
        lazy(
            "If you have stored the same token, change the schedule to run it in your name. If a new token has taken its place, "
            "make a new schedule like this one and remove this one; what this one made stays."
        ),
    ),
    "token_limited": Words(
        "bad",
        lazy("It is stopped: the limits of its token do not allow what it does"),
        lazy("The token was limited to fewer rights since, so nothing runs."),
        lazy("Resume it when the limits are lifted, or change it to run in your name with a token of yours."),
    ),
    "token_refused": Words(
        "bad",
        lazy("It is stopped: the provider refuses its token"),
        lazy("The token may have been revoked or may have expired. Nothing can be done with it."),
        lazy(
            "Store a new token, make a new schedule like this one, and remove this one. What this one made stays."
        ),
    ),
}


def state_badge(schedule: Schedule) -> Badge:
    return STATE_BADGES[State(schedule.state)]


def state_words(schedule: Schedule) -> Words:
    """What its state means, why it has it, and what to do."""
    if schedule.is_active:
        return _STATE_WORDS[""]
    known = _STATE_WORDS.get(schedule.code or "paused")
    return known or Words("bad", state_badge(schedule).text, code_words(schedule.code), _BY_OTHERS)


def code_words(code: str) -> "StrPromise | str":
    """A reason as text; '' if there is none."""
    if code in REFUSAL_WORDS:
        return REFUSAL_WORDS[code].title
    return CODES.get(code, code)


def run_words(run: Run, servers: Sequence[str] = ()) -> SafeString:
    """Why it ended so, on which servers, and which earlier due times it stands for; '' if there is nothing to say."""
    sentences: list[SafeString | str] = []
    if run.code:
        names = format_html_join(", ", "{}", ([as_name(name)] for name in servers))
        why = f"{code_words(run.code)}."
        sentences = [format_html("{}: {}", names, why) if servers else why]
    if run.cause == Cause.CATCH_UP and run.missed:
        text = ngettext(
            "It stands for %d earlier due time, at which no worker ran.",
            "It stands for %d earlier due times, at which no worker ran.",
            run.missed,
        )
        sentences.append(text % run.missed)
    if run.state == RunState.WAITING and run.tries:
        sentences.append(_("It waits until the provider can be read, and tries again."))
    return format_html_join(" ", "{}", ([one] for one in sentences))


def rule_words(preset: str, cron: str, zone: str) -> SafeString:
    """When it is due, such as 'Every day at 02:30, Europe/Berlin'."""
    minute, hour, day, _month, weekday = (cron.split() + [""] * 5)[:5]
    at = f"{hour.zfill(2)}:{minute.zfill(2)}"
    if preset == Preset.HOURLY:
        sentence, names = _("Every hour at minute %(at)s"), {"at": minute}
    elif preset == Preset.SIX_HOURS:
        times = [f"{each:02}:{minute.zfill(2)}" for each in range(int(hour.partition("-")[0]), 24, 6)]
        sentence, names = _("Every 6 hours, at %(at)s"), {"at": ", ".join(times)}
    elif preset == Preset.DAILY:
        sentence, names = _("Every day at %(at)s"), {"at": at}
    elif preset == Preset.WEEKLY:
        sentence, names = (
            _("Every %(day)s at %(at)s") % {"day": weekday_name(weekday), "at": "%(at)s"},
            {"at": at},
        )
    elif preset == Preset.MONTHLY and day == LAST_DAY:
        sentence, names = _("On the last day of every month at %(at)s"), {"at": at}
    elif preset == Preset.MONTHLY:
        sentence, names = _("On day %(day)s of every month at %(at)s"), {"day": day, "at": at}
    else:
        sentence, names = _("As the cron expression %(cron)s says"), {"cron": cron}
    return format_html("{}, {}", with_names(sentence, **names), as_name(zone))


def weekday_name(cron_day: str) -> str:
    """Of cron's number, in which 0 is Sunday."""
    return formats.weekday_name((int(cron_day) - 1) % 7)


def keep_words(keep: Keep) -> str:
    """What it keeps of what it made."""
    if keep.is_everything:
        return _("It keeps everything that it made, and deletes nothing.")
    rules = [
        (keep.last, ngettext("the newest one", "the newest %d", keep.last)),
        (keep.daily, ngettext("the newest of %d day", "the newest of each of %d days", keep.daily)),
        (keep.weekly, ngettext("the newest of %d week", "the newest of each of %d weeks", keep.weekly)),
        (keep.monthly, ngettext("the newest of %d month", "the newest of each of %d months", keep.monthly)),
    ]
    kept = [words % number if "%d" in words else words for number, words in rules if number]
    return _(
        "Of what it made it keeps %s. It deletes the others that it made, and nothing else."
    ) % "; ".join(kept)


def zone_text(at: datetime, zone: str) -> SafeString:
    """A moment in the schedule's own time zone, such as 'Mon 30 Nov 2026, 02:30'."""
    return format_html('<span class="num">{}</span>', formats.day_text(at, ZoneInfo(zone)))


def collision_words(found: ServerPreview, keep: Keep) -> SafeString | None:
    """When the server would be full and what to do about it; None if that does not happen."""
    if found.first_collision is None:
        return None
    if keep.is_everything:
        advice = _("Choose below how many to keep, or delete snapshots by hand in time.")
    elif found.grace_days:
        advice = _(
            "Deletions wait on this server, so they make room too late: keep fewer, or shorten its grace time."
        )
    else:
        advice = (
            _(
                "A server holds at most %d: keep fewer, or delete some that it did not make. The newest one never makes room."
            )
            % MAX_SNAPSHOTS_PER_SERVER
        )
    first = _("All places are taken from {at} on: no snapshot is made then. {advice}")
    return format_html(first, at=moment(found.first_collision), advice=advice)
