"""Pages of a person's own tokens, and of tokens that an admin stores for a colleague. No page shows a stored token in clear."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from snapshots import connection
from snapshots.operations.attention import count_left_open
from snapshots.templatetags.portal import as_name, with_names
from snapshots.vault import service
from snapshots.vault.models import StoredToken
from snapshots.vault.service import TokenNotStoredError
from snapshots.vault.tokens import DuplicateLabelError, TokenChangedError
from snapshots.views.access import requires
from snapshots.views.actor import actor_of
from snapshots.views.forms.tokens import ColleagueTokenForm, NewTokenForm, TokenForm
from snapshots.views.live_pages import live
from snapshots.views.stored_tokens import home_of, report_changed, token_line, token_or_404
from snapshots.views.texts.tokens import left_off_text, token_check_text


@live()
@requires("snapshots.keep_token", "GET", "HEAD")
def token_list(request: HttpRequest) -> HttpResponse:
    lines = [token_line(request.user, one) for one in connection.own_tokens(request.user)]
    return render(request, "tokens/list.html", {"lines": lines})


def _report_left_off(request: HttpRequest, form: TokenForm) -> None:
    """Say what was pasted around the token, whether or not the token is stored."""
    if form.left_off:
        messages.info(request, left_off_text(form.left_off))


def _report_duplicates(request: HttpRequest, stored: StoredToken) -> None:
    """Warn when the same token is stored twice for one person."""
    same = StoredToken.objects.filter(user_id=stored.user_id, fingerprint=stored.fingerprint)
    for duplicate in same.exclude(pk=stored.pk):
        messages.warning(
            request,
            with_names(
                _("“%(label)s” and “%(duplicate)s” are the same token: one of them can be removed."),
                label=stored.label,
                duplicate=duplicate.label,
            ),
        )


def _report_stored(request: HttpRequest, stored: StoredToken) -> None:
    _report_duplicates(request, stored)
    if stored.checked_at:
        messages.success(
            request, with_names(_("The token “%(label)s” is stored: VPS.org accepts it."), label=stored.label)
        )
    else:
        messages.warning(
            request,
            with_names(
                _("The token “%(label)s” is stored, but not checked: VPS.org did not answer."),
                label=stored.label,
            ),
        )


def _submit(request: HttpRequest, form: TokenForm, save: Callable[..., StoredToken]) -> StoredToken | None:
    """Store a submitted token with `save`. Returns None if there is nothing to store or the form now has an error.

    Where the provider could not be asked, the form then offers to store the token unchecked.
    """
    if request.method != "POST" or not form.is_valid():
        return None
    _report_left_off(request, form)
    try:
        stored = save(actor=actor_of(request), **form.cleaned_data)
    except DuplicateLabelError:
        form.add_error("label", _("There is a token with this label already: choose another one."))
    except TokenNotStoredError as error:
        form.add_error("token", token_check_text(error.check))
        form.offers_unchecked = error.may_store_unchecked
    else:
        _report_stored(request, stored)
        return stored
    return None


def _show_form(request: HttpRequest, form: TokenForm, owner: AbstractBaseUser, **texts: Any) -> HttpResponse:
    """`texts`: title, heading (the title if missing), lede and button; and `stored`, the token to be replaced."""
    is_own = owner.pk == request.user.pk
    context = {
        "form": form,
        "parent": _("Your tokens") if is_own else as_name(owner),
        "back": home_of(request, owner),
    }
    return render(request, "tokens/form.html", context | texts)


def _add(
    request: HttpRequest, owner: AbstractBaseUser, form_class: type[NewTokenForm], **texts: str
) -> HttpResponse:
    form = form_class(request.POST or None)
    stored = _submit(request, form, partial(service.store_token, owner=owner))
    if stored:
        return (
            redirect("token_limits", stored.pk) if stored.limits.exist else redirect(home_of(request, owner))
        )
    return _show_form(request, form, owner, button=_("Check and store"), **texts)


@requires("snapshots.keep_token", "GET", "HEAD", "POST", proof="page")
def token_add(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, AbstractBaseUser)
    lede = _("The portal checks the token with VPS.org before storing it.")
    return _add(request, request.user, NewTokenForm, title=_("Add a token"), lede=lede)


@requires("tokens.manage", "GET", "HEAD", "POST", proof="page")
def person_token_add(request: HttpRequest, pk: int) -> HttpResponse:
    """An admin stores a token for a colleague."""
    owner = get_object_or_404(get_user_model(), pk=pk)
    if not service.may_keep_tokens(owner):
        messages.error(
            request, with_names(_("%(name)s could not use a token: the role has no servers."), name=owner)
        )
        return redirect("person_edit", pk)
    return _add(
        request,
        owner,
        ColleagueTokenForm,
        title=_("Store a token"),
        heading=with_names(_("Store a token for %(name)s"), name=owner),
        lede=_("Its API keys use it. Whoever makes or sees these keys sees the names of its servers.")
        if owner.service_owner_id
        else _("Only this person will use its servers. Admins see its label and the names of its servers."),
    )


@requires("snapshots.keep_token", "GET", "HEAD", "POST", proof="page")
def token_replace(request: HttpRequest, token_id: str) -> HttpResponse:
    stored = token_or_404(request, token_id)
    form = TokenForm(request.POST or None)
    try:
        if _submit(request, form, partial(service.replace_token, stored=stored)):
            return redirect(home_of(request, stored.user))
    except TokenChangedError:
        return report_changed(request, stored)
    return _show_form(
        request,
        form,
        stored.user,
        title=_("Replace a token"),
        heading=with_names(_("Replace “%(label)s”"), label=stored.label),
        lede=_(
            "Enter a new token to replace the stored one. The old one is deleted here; revoke it at VPS.org too."
        ),
        button=_("Check and replace"),
        stored=stored,
    )


@requires("snapshots.keep_token", "GET", "HEAD", "POST", proof="form")
def token_remove(request: HttpRequest, token_id: str) -> HttpResponse:
    stored = token_or_404(request, token_id)
    back = home_of(request, stored.user)
    if request.method == "POST":
        try:
            service.remove_token(actor=actor_of(request), stored=stored)
        except TokenChangedError:
            return report_changed(request, stored)
        messages.success(request, with_names(_("The token “%(label)s” is removed."), label=stored.label))
        return redirect(back)
    context = {"stored": stored, "left_open": count_left_open(stored), "back": back}
    return render(request, "tokens/remove.html", context)


@requires("snapshots.keep_token", "POST", page="token_list")
def token_check(request: HttpRequest, token_id: str) -> HttpResponse:
    stored = token_or_404(request, token_id)
    try:
        check = service.check_stored(actor=actor_of(request), stored=stored)
    except TokenChangedError:
        return report_changed(request, stored)
    if check.ok:
        messages.success(request, with_names(_("VPS.org accepts the token “%(label)s”."), label=stored.label))
    else:
        messages.error(request, token_check_text(check))
    return redirect(home_of(request, stored.user))
