"""What the log says, in the reader's language: the evidence of rows, operations and observations (decision 39)."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth import get_user_model
from django.utils.html import conditional_escape, escape, format_html, strip_tags
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, ngettext, pgettext_lazy

from snapshots import contract
from snapshots.audit.wording import kinds
from snapshots.audit.wording.kinds import Kind
from snapshots.audit.wording.reading import Said, read
from snapshots.audit.wording.statements import Counted
from snapshots.notifications.models import Kind as EventKind
from snapshots.notifications.models import TargetKind
from snapshots.templatetags.formats import date_text, exact_text, number, utc_text, week_time_text
from snapshots.templatetags.portal import as_name, as_written, iso_text, megabyte_text, moment
from snapshots.views.texts.audit_actions import ACTIONS
from snapshots.views.texts.audit_names import CODES, COLUMNS
from snapshots.views.texts.refusals import REFUSAL_WORDS
from snapshots.views.texts.rights import right_words

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

STATUSES: Final[dict[str, "StrPromise"]] = {
    "completed": pgettext_lazy("status of a server or snapshot", "completed"),
    "in_progress": pgettext_lazy("status of a server or snapshot", "in progress"),
    "creating": pgettext_lazy("status of a server or snapshot", "creating"),
    "deleting": pgettext_lazy("status of a server or snapshot", "deleting"),
    "restoring": pgettext_lazy("status of a server or snapshot", "restoring"),
    "failed": pgettext_lazy("status of a server or snapshot", "failed"),
    "active": pgettext_lazy("status of a server or snapshot", "active"),
    "running": pgettext_lazy("status of a server or snapshot", "running"),
    "stopped": pgettext_lazy("status of a server or snapshot", "stopped"),
    "suspended": pgettext_lazy("status of a server or snapshot", "suspended"),
}
"""The provider's words in other languages; any other is shown as received."""


TARGET_KINDS: Final = {str(one.value): one.label for one in TargetKind}


def evidence_html(text: str, action: str = "") -> SafeString:
    """What a text of the log says, as markup. `action`: that of its row.

    What cannot be read without doubt is shown as it is, in English: the signed text alone counts.
    """
    said = read(text, action)
    if not said:
        return signed_html(text) if text else SafeString()
    return SafeString("".join(_html(one) + escape(one.after) for one in said))


def signed_html(text: str) -> SafeString:
    """The English text itself."""
    return format_html('<span lang="en" dir="ltr" translate="no">{}</span>', as_written(text))


def signed_if_other(text: str, shown: str) -> str:
    """The English text, if `shown`, its markup, says it in other words; else ''."""
    return "" if strip_tags(shown) == strip_tags(as_written(text)) else text


def _html(said: Said) -> str:
    values = {name: _value(said.statement.kinds[name], value) for name, value in said.values}
    return str(escape(_translated(said)) % values)


def _translated(said: Said) -> str:
    """The template in the reader's language, in the plural form of its number if it depends on one."""
    statement = said.statement
    if isinstance(statement, Counted):
        one, many = statement.texts
        return ngettext(one, many, dict(said.values)[statement.by])
    return gettext(statement.texts[0])


def _value(kind: Kind, value: Any) -> str:
    if kind.item is not None:
        item = kind.item
        return SafeString(", ".join(_value(item, one) for one in value))
    return conditional_escape(_SHOWN[kind.name](value))


def role_words(role: str) -> str:
    """As the site calls it; an unknown one as recorded."""
    names = dict(get_user_model()._meta.get_field("role").flatchoices)
    return str(names[role]) if role in names else as_name(role)


def _action(action: str) -> str:
    return str(ACTIONS[action][0]) if action in ACTIONS else as_name(action)


def _event(kind: str) -> str:
    return str(EventKind(kind).label) if kind in EventKind.values else as_name(kind)


def _code(code: str) -> str:
    if code in REFUSAL_WORDS:
        return str(REFUSAL_WORDS[code].title)
    words = CODES.get(code) or COLUMNS.get(code) or TARGET_KINDS.get(code)
    return as_name(code) if words is None else str(words)


def _status(status: str) -> str:
    """As received in English, whose words are the provider's."""
    words = STATUSES.get(contract.status_key(status))
    return as_name(status) if words is None or get_language() == "en" else str(words)


def _exact(value: datetime) -> SafeString:
    html = '<time dir="auto" datetime="{}" title="{}">{}</time>'
    return format_html(html, iso_text(value), utc_text(value), exact_text(value))


_SHOWN: Final[dict[str, Callable[[Any], str]]] = {
    kinds.COUNT.name: number,
    kinds.ID.name: as_name,
    kinds.MEGABYTES.name: megabyte_text,
    kinds.MOMENT.name: moment,
    kinds.EXACT_MOMENT.name: _exact,
    kinds.DAY.name: date_text,
    kinds.WEEK_TIME.name: week_time_text,
    kinds.TEXT.name: lambda value: format_html('<span translate="no">{}</span>', as_written(value)),
    kinds.STATUS.name: _status,
    kinds.BARE.name: as_name,
    kinds.ROLE.name: role_words,
    kinds.RIGHT.name: right_words,
    kinds.ACTION.name: _action,
    kinds.EVENT.name: _event,
    kinds.URL.name: as_name,
    kinds.PAIR.name: as_name,
    kinds.NAME.name: lambda value: as_name(f"{kinds.OPEN_QUOTE}{value}{kinds.CLOSE_QUOTE}"),
    kinds.CODE.name: _code,
    kinds.WHOLE.name: as_written,
}
