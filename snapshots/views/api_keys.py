"""Pages of API keys: the list, a new key, which is shown once, and revoking. No other page can show a key."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from snapshots.api import keys
from snapshots.api.keys import MANAGE, DuplicateKeyNameError, KeyNotMadeError
from snapshots.api.models import ApiKey
from snapshots.connection import own_tokens
from snapshots.contract import MAX_ID
from snapshots.inventory.shown_servers import names_shown_with
from snapshots.operations.reconciliation import read_and_reconcile_all
from snapshots.templatetags.portal import with_names
from snapshots.vault.models import StoredToken
from snapshots.vault.service import may_keep_tokens
from snapshots.views.access import requires
from snapshots.views.actor import actor_of
from snapshots.views.api_key_lines import key_lines
from snapshots.views.forms.api_keys import SEE, ApiKeyForm, RevokeKeyForm
from snapshots.views.forms.schedule_values import ServerChoice, TokenChoice, server_value
from snapshots.views.live_pages import live
from snapshots.views.refused_forms import UNPROCESSABLE

ENDED_SHOWN = 50
"""Revoked and expired keys that are listed, the newest first."""


@live()
@requires("signed_in", "GET", "HEAD")
def api_key_list(request: HttpRequest) -> HttpResponse:
    """One's own keys and those of service accounts that one looks after; for admins all."""
    ended = Q(revoked_at__isnull=False) | Q(expires_at__lte=timezone.now())
    found = keys.visible_to(request.user)
    lines = key_lines(found.alive())
    ended_lines = key_lines(found.filter(ended)[:ENDED_SHOWN])
    context = {
        "lines": lines,
        "ended": ended_lines,
        "shows_owners": any(one.key.owner_id != request.user.pk for one in (*lines, *ended_lines)),
        "accounts": _service_accounts(request),
    }
    return render(request, "api_keys/api_key_list.html", context)


def _service_accounts(request: HttpRequest) -> list[AbstractBaseUser]:
    """For which the person may make keys."""
    found = get_user_model().objects.filter(service_owner__is_active=True, is_active=True)
    if not request.user.has_perm(MANAGE):
        found = found.filter(service_owner_id=request.user.pk)
    return list(found)


def _owner_or_404(request: HttpRequest) -> AbstractBaseUser:
    """Whose key it is to be: the person's own, or that of the service account in the address."""
    wanted = request.GET.get("owner", "")
    if not wanted or wanted == str(request.user.pk):
        assert isinstance(request.user, AbstractBaseUser)
        return request.user
    found = next((one for one in _service_accounts(request) if str(one.pk) == wanted), None)
    if found is None:
        raise Http404
    return found


def _token_choices(tokens: list[StoredToken]) -> list[TokenChoice]:
    """With their servers as last read; a token that was never read with is read with now."""
    unread = [one for one in tokens if names_shown_with(one) is None]
    if unread:
        read_and_reconcile_all(unread)
    return [
        TokenChoice(
            token.pk,
            token.label,
            tuple(
                ServerChoice(server_value(token.pk, server_id), name, server_id)
                for server_id, name in (names_shown_with(token) or {}).items()
                if 0 < server_id <= MAX_ID
            ),
        )
        for token in tokens
    ]


@requires("signed_in", "GET", "HEAD", "POST", proof="form")
def api_key_add(request: HttpRequest) -> HttpResponse:
    """Make a key. The answer to the POST shows it, and nothing shows it again."""
    owner = _owner_or_404(request)
    tokens = own_tokens(owner) if may_keep_tokens(owner) else []
    data = request.POST if request.method == "POST" else None
    form = ApiKeyForm(data, owner=owner, tokens=_token_choices(tokens))
    made = _make(request, form, owner, tokens)
    if made:
        return _show_once(request, *made)
    context = {
        "form": form,
        "owner": owner,
        "is_own": owner.pk == request.user.pk,
        "lacks_token": may_keep_tokens(owner) and not tokens,
        "may_store_tokens": request.user.has_perm("tokens.manage"),
    }
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "api_keys/api_key_add.html", context, status=status)


def _make(
    request: HttpRequest, form: ApiKeyForm, owner: AbstractBaseUser, tokens: list[StoredToken]
) -> tuple[ApiKey, str] | None:
    """The key and its text. None if nothing was sent, or the form now has an error."""
    if request.method != "POST" or not form.is_valid():
        return None
    try:
        return keys.create(actor=actor_of(request), owner=owner, wish=form.wish(tokens))
    except DuplicateKeyNameError:
        form.add_error(
            "name",
            _("There is a key with this name already: choose another name, or revoke that key first."),
        )
    except KeyNotMadeError as error:
        form.refuse(error)
    return None


def _try_url(request: HttpRequest, key: ApiKey) -> str:
    """An address that the key may read."""
    if SEE in key.rights:
        name = "api_snapshots"
    else:
        name = "api_audit" if "audit.read" in key.rights else "api_account"
    return request.build_absolute_uri(reverse(name))


def _show_once(request: HttpRequest, key: ApiKey, secret: str) -> HttpResponse:
    context: dict[str, Any] = {"key": key, "secret": secret, "try_url": _try_url(request, key)}
    return render(request, "api_keys/api_key_made.html", context)


@requires("signed_in", "GET", "HEAD", "POST", proof="form")
def api_key_revoke(request: HttpRequest, key_id: str) -> HttpResponse:
    """By its owner, the person who looks after its owner, and admins. Other keys raise 404."""
    key = get_object_or_404(keys.visible_to(request.user), pk=key_id)
    if key.revoked_at is not None:
        messages.info(request, with_names(_("The key %(name)s is revoked already."), name=key.name))
        return redirect("api_key_list")
    form = RevokeKeyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        keys.revoke(actor=actor_of(request), key=key, reason=form.cleaned_data["reason"])
        messages.success(request, with_names(_("The key %(name)s is revoked."), name=key.name))
        return redirect("api_key_list")
    (line,) = key_lines([key])
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "api_keys/api_key_revoke.html", {"line": line, "form": form}, status=status)
