"""What the pages of stored tokens share: which ones a person may open, and what limits them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from snapshots.connection import Person
from snapshots.templatetags.portal import with_names
from snapshots.vault.models import StoredToken
from snapshots.views.log_links import token_log_url
from snapshots.views.marks import names_of_people
from snapshots.views.texts.token_limits import rights_text, servers_text


def token_or_404(request: HttpRequest, token_id: str) -> StoredToken:
    """A token of one's own, or any token for people who manage tokens. Any other raises 404, so its existence is not revealed."""
    stored = get_object_or_404(StoredToken.objects.select_related("user"), pk=token_id)
    if stored.user_id != request.user.pk and not request.user.has_perm("tokens.manage"):
        raise Http404
    return stored


def home_of(request: HttpRequest, owner: Any) -> str:
    """Where a token of `owner` is listed."""
    return reverse("token_list") if owner.pk == request.user.pk else reverse("person_edit", args=[owner.pk])


def report_changed(request: HttpRequest, stored: StoredToken) -> HttpResponse:
    """Redirect with an error: another request changed the token first, and nothing was done."""
    messages.error(
        request,
        with_names(
            _(
                "The token “%(label)s” was removed or replaced in the meantime: nothing was changed. Check it again."
            ),
            label=stored.label,
        ),
    )
    return redirect(home_of(request, stored.user))


@dataclass(frozen=True)
class LimitsShown:
    """What limits a token, for pages. `by`: the admin who set them, '' for its owner, None for one who was erased."""

    servers: str
    rights: Any
    by: str | None
    is_by_admin: bool
    at: datetime | None
    reason: str


def limits_shown(stored: StoredToken) -> LimitsShown | None:
    """None for a token without limits."""
    limits = stored.limits
    if not limits.exist:
        return None
    by_id = stored.limited_by_id
    return LimitsShown(
        servers=servers_text(limits),
        rights=rights_text(limits),
        by="" if by_id is None else names_of_people([by_id]).get(by_id) or None,
        is_by_admin=by_id is not None,
        at=stored.limited_at,
        reason=stored.limit_reason,
    )


def limited_by(stored: StoredToken) -> str:
    """In a few words, who limited it."""
    shown = limits_shown(stored)
    if shown is None or not shown.is_by_admin:
        return _("Limits of the token, set by its owner")
    if not shown.by:
        return _("Limits of the token, set by an admin who was erased")
    return with_names(_("Limits of the token, set by %(name)s"), name=shown.by)


@dataclass(frozen=True)
class TokenLine:
    """A stored token as listed. `log_url`: all that was done with it, '' for who may not read the log."""

    stored: StoredToken
    limits: LimitsShown | None
    log_url: str


def token_line(person: Person, stored: StoredToken) -> TokenLine:
    reads_log = person.has_perm("audit.read")  # type: ignore[union-attr]
    return TokenLine(stored, limits_shown(stored), token_log_url(stored.fingerprint) if reads_log else "")
