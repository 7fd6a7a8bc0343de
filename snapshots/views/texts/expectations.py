"""How long something usually takes, and whether that was learned here or is what the provider documents."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from snapshots.inventory.progress import Expectation


def _learned_range(expected: Expectation) -> str:
    low, high = expected.minutes
    if high <= 1:
        return _("less than a minute")
    if low == 0:
        return _("up to %(high)d minutes") % {"high": high}
    if low == high:
        return ngettext("about %d minute", "about %d minutes", high) % high
    return _("%(low)d to %(high)d minutes") % {"low": low, "high": high}


def _source(expected: Expectation) -> str:
    return ngettext("%d operation", "%d operations", expected.count) % expected.count


def usual_text(expected: Expectation) -> str:
    """Such as 'usually 4 to 6 minutes on this server (12 operations)', or 'VPS.org says 5 to 15 minutes'."""
    if expected.count:
        words = {"range": _learned_range(expected), "source": _source(expected)}
        return _("usually %(range)s on this server (%(source)s)") % words
    low, high = expected.minutes
    return _("VPS.org says %(low)d to %(high)d minutes") % {"low": low, "high": high}


def late_text(expected: Expectation) -> str:
    return _("longer than usual (%(usual)s)") % {"usual": usual_text(expected)}


def usual_sentence(expected: Expectation) -> str:
    """The same as a sentence."""
    if expected.count:
        words = {"range": _learned_range(expected), "source": _source(expected)}
        return _("It usually takes %(range)s on this server (%(source)s).") % words
    low, high = expected.minutes
    return _("VPS.org says that it takes %(low)d to %(high)d minutes.") % {"low": low, "high": high}
