"""What pages show where a name or an address stood that was erased: the row of the log that says when, why and by whom."""

from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from snapshots.audit.erasure_rows import row_that_erased
from snapshots.templatetags.portal import as_name

register = template.Library()


def erased_text(row: int | None) -> str:
    """'Erased (row 12)'; 'Erased' when the row is not known."""
    return _("Erased") if row is None else _("Erased (row %(row)s)") % {"row": row}


def erased_link(row: int | None) -> SafeString | str:
    """`erased_text` as a link to the row."""
    if row is None:
        return erased_text(row)
    return format_html('<a href="{}">{}</a>', reverse("entry_detail", args=[row]), erased_text(row))


@register.simple_tag(takes_context=True)
def person_name(context: dict[str, Any], name: str, person_id: int | None) -> SafeString | str:
    """The name; where it was erased, that, with a link for those who may read the log."""
    if name:
        return as_name(name)
    row = row_that_erased(person_id) if person_id is not None else None
    user = context.get("user")
    return erased_link(row) if user is not None and user.has_perm("audit.read") else erased_text(row)
