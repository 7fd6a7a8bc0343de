"""Why a list may be outdated or incomplete: one text for each error of a reading."""

from dataclasses import replace
from datetime import datetime, timedelta

from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from snapshots.inventory.readings import Reading
from snapshots.templatetags.formats import utc_text
from snapshots.templatetags.portal import ago, moment
from snapshots.views.texts.base import Words

_OLD = lazy("The list below may be outdated, so its actions are disabled. This page keeps retrying.")
READING_WORDS = {
    "unreachable": Words("warn", lazy("The provider cannot be reached"), _OLD),
    "deadline": Words("warn", lazy("The provider does not answer in time"), _OLD),
    "broken": Words("warn", lazy("The connection to the provider was lost"), _OLD),
    "unreadable": Words("warn", lazy("The provider's answer cannot be read"), _OLD),
    "server_fault": Words("warn", lazy("The provider has an internal error"), _OLD),
    "too_large": Words("warn", lazy("The provider's list is too large to be read"), _OLD),
    "busy": Words("warn", lazy("The portal is busy"), _OLD),
    "no_time": Words(
        "warn", lazy("There was no time left to read with this token"), lazy("Other tokens took too long.")
    ),
    "rate_limited": Words(
        "warn",
        lazy("The provider limits the rate of requests"),
        lazy("The portal waits as long as required, then tries again."),
    ),
    "token_refused": Words(
        "bad",
        lazy("The provider refuses this token"),
        lazy("It may have been revoked or may have expired. Nothing can be seen or done with it."),
        lazy("Create a new token at the provider's site, and replace the old one here."),
    ),
    "sealed": Words(
        "bad",
        lazy("The stored token cannot be decrypted"),
        lazy(
            "Its encryption key is missing or a different one, or its row was changed. "
            "Nothing can be seen or done with it."
        ),
        lazy("Tell your admin. If that cannot be corrected, store the token again."),
    ),
    "forbidden": Words(
        "bad",
        lazy("This token may not see snapshots"),
        lazy("The provider knows the token but does not allow it to read snapshots."),
        lazy("Give it that permission at the provider's site, or replace it here with one that has it."),
    ),
}
_OLD_WORDS = Words("warn", lazy("This list has not been confirmed for a while"), _OLD)
_UNREADABLE_WORDS = Words("warn", lazy("The provider sent an unexpected answer"), _OLD)
CUT_WORDS = {
    "deadline": lazy("The provider did not send all of it in time."),
    "too_large": lazy("It is longer than the portal can read at once."),
    "unreadable": lazy("A part of the provider's answer cannot be read."),
    "rate_limited": lazy("The provider limited the rate of requests before the whole list was read."),
    "count": lazy("The provider lists fewer snapshots than it counts."),
}
_CUT = lazy("The provider returned an error before the whole list was read.")
_PART = lazy("What is shown exists; what is not shown may exist as well.")


def reading_words(reading: Reading) -> Words:
    """The text for a reading that is stale, incomplete or both."""
    words = _error_words(reading) if reading.error or reading.is_stale else None
    if reading.is_complete:
        return words or _OLD_WORDS
    why = CUT_WORDS.get(reading.cut_by, _CUT)
    title = _("This list is not complete")
    if words is None:
        return Words("warn", title, f"{why} {_PART}", _("This page keeps retrying."))
    return replace(words, meaning=f"{words.meaning} {title}: {why} {_PART}")


def _error_words(reading: Reading) -> Words:
    if reading.wait_until:
        return replace(READING_WORDS["rate_limited"], title=wait_title(reading.wait_until))
    return READING_WORDS.get(reading.error, _UNREADABLE_WORDS) if reading.error else _OLD_WORDS


def _whole_minute(until: datetime) -> datetime:
    """Rounded up to a minute, because pages show no seconds."""
    return until.replace(second=0, microsecond=0) + timedelta(minutes=bool(until.second or until.microsecond))


def wait_title(until: datetime) -> str:
    return format_html(_("VPS.org asked us to wait until {}"), moment(_whole_minute(until)))


def wait_text(until: datetime) -> str:
    """Like `wait_title`, without markup."""
    return _("VPS.org asked us to wait until %(time)s.") % {"time": utc_text(_whole_minute(until))}


def servers_text(reading: Reading) -> str:
    """The text for a list of servers that is missing, stale or incomplete; '' if it is fine or hidden from this token."""
    if not reading.is_known or reading.hides_servers:
        return ""
    if reading.servers is None:
        text = _("The list of servers could not be read, so servers without a snapshot are missing here.")
    elif not reading.servers_are_fresh:
        text = format_html(
            _("The list of servers could not be read: their status was last confirmed {}."),
            ago(reading.servers_confirmed_at),
        )
    elif reading.servers_cut_by:
        text = _("The list of servers is not complete: servers without a snapshot may be missing here.")
    else:
        return ""
    until = reading.servers_wait_until
    return format_html("{} {}.", text, wait_title(until)) if until else text
