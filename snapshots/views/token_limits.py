"""The page that limits a stored token to some of its servers, and to rights below those of its owner's role."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from snapshots.inventory.shown_servers import all_names_shown_with
from snapshots.operations.reconciliation import read_and_reconcile
from snapshots.templatetags.portal import with_names
from snapshots.vault import limiting
from snapshots.vault.limiting import LimitsRefusedError
from snapshots.vault.limits import UNLIMITED
from snapshots.vault.models import StoredToken
from snapshots.vault.tokens import TokenChangedError
from snapshots.views.access import requires
from snapshots.views.actor import actor_of
from snapshots.views.forms.token_limits import TokenLimitsForm
from snapshots.views.refused_forms import UNPROCESSABLE
from snapshots.views.stored_tokens import home_of, limits_shown, report_changed, token_or_404
from snapshots.views.texts.token_limits import REFUSED


def _names(stored: StoredToken) -> dict[int, str]:
    """ID → name of each server that the token shows, and of those that its limits name. It is read with if it never was."""
    if all_names_shown_with(stored) is None:
        read_and_reconcile(stored)
    return dict(stored.limits.servers or {}) | (all_names_shown_with(stored) or {})


def _may_widen(request: HttpRequest, stored: StoredToken) -> bool:
    return request.user.has_perm(limiting.MANAGE) or stored.limited_by_id is None


def _form(request: HttpRequest, stored: StoredToken) -> TokenLimitsForm:
    """An owner to whom an admin set limits can choose from what these leave."""
    may_widen = _may_widen(request, stored)
    return TokenLimitsForm(
        request.POST if request.method == "POST" else None,
        now=stored.limits,
        widest=UNLIMITED if may_widen else stored.limits,
        names=_names(stored) if may_widen else {},
        needs_reason=stored.user_id != request.user.pk,
    )


@requires("snapshots.keep_token", "GET", "HEAD", "POST", proof="form")
def token_limits(request: HttpRequest, token_id: str) -> HttpResponse:
    stored = token_or_404(request, token_id)
    form = _form(request, stored)
    if request.method == "POST" and form.is_valid():
        try:
            limiting.set_limits(
                actor=actor_of(request),
                stored=stored,
                limits=form.limits,
                reason=form.cleaned_data["reason"],
            )
        except TokenChangedError:
            return report_changed(request, stored)
        except LimitsRefusedError as error:
            form.add_error(None, str(REFUSED[error.code]))
        else:
            said = _("The limits of “%(label)s” are saved.")
            messages.success(request, with_names(said, label=stored.label))
            return redirect(home_of(request, stored.user))
    context = {
        "form": form,
        "stored": stored,
        "back": home_of(request, stored.user),
        "is_own": stored.user_id == request.user.pk,
        "shown": limits_shown(stored),
        "may_widen": _may_widen(request, stored),
    }
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "tokens/limits.html", context, status=status)
