"""A person's own tokens, and those that an admin stores for a colleague. Nobody ever sees a stored token in clear."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from snapshots import connection
from snapshots.operations.attention import count_left_open
from snapshots.templatetags.portal import with_names
from snapshots.vault import service
from snapshots.vault.models import StoredToken
from snapshots.vault.service import TokenNotStoredError
from snapshots.vault.tokens import DuplicateLabelError, TokenChangedError
from snapshots.views.access import requires
from snapshots.views.actor import actor_of
from snapshots.views.forms.tokens import NewTokenForm, TokenForm
from snapshots.views.texts.tokens import left_off_text, token_check_text


def _token_or_404(request: HttpRequest, token_id: str) -> StoredToken:
    """One's own token, or anybody's for those who manage tokens. Another's is not found: that it exists is not told."""
    stored = get_object_or_404(StoredToken.objects.select_related("user"), pk=token_id)
    if stored.user_id != request.user.pk and not request.user.has_perm("tokens.manage"):
        raise Http404
    return stored


def _home_of(request: HttpRequest, owner: Any) -> str:
    """Where a token of `owner` is listed."""
    return reverse("token_list") if owner.pk == request.user.pk else reverse("person_edit", args=[owner.pk])


@requires("snapshots.keep_token", "GET", "HEAD")
def token_list(request: HttpRequest) -> HttpResponse:
    return render(request, "tokens/list.html", {"tokens": connection.own_tokens(request.user)})


def _offer(form: TokenForm, error: TokenNotStoredError) -> bool:
    """Say why the token was not stored; True if it may be stored unchecked, which the page then offers."""
    form.add_error("token", token_check_text(error.check))
    return error.may_store_unchecked


def _tell_left_off(request: HttpRequest, form: TokenForm) -> None:
    """Say what was pasted around the token, whatever becomes of it."""
    if form.left_off:
        messages.info(request, left_off_text(form.left_off))


def _tell(request: HttpRequest, stored: StoredToken) -> None:
    same = StoredToken.objects.filter(user_id=stored.user_id, fingerprint=stored.fingerprint).exclude(
        pk=stored.pk
    )
    for twin in same:
        messages.warning(
            request,
            with_names(
                _("“%(label)s” and “%(twin)s” are the same token: one of them can be removed."),
                label=stored.label,
                twin=twin.label,
            ),
        )
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


def _tell_changed(request: HttpRequest, stored: StoredToken) -> HttpResponse:
    """Nothing was done, because somebody else was quicker."""
    messages.error(
        request,
        with_names(
            _(
                "The token “%(label)s” was removed or replaced in the meantime: nothing was changed. Check it again."
            ),
            label=stored.label,
        ),
    )
    return redirect(_home_of(request, stored.user))


def _add(request: HttpRequest, owner: AbstractBaseUser) -> HttpResponse:
    form = NewTokenForm(request.POST or None)
    offers_unchecked = False
    if request.method == "POST" and form.is_valid():
        _tell_left_off(request, form)
        try:
            stored = service.store_token(actor=actor_of(request), owner=owner, **form.cleaned_data)
        except DuplicateLabelError:
            form.add_error("label", _("There is a token with this label already: choose another one."))
        except TokenNotStoredError as error:
            offers_unchecked = _offer(form, error)
        else:
            _tell(request, stored)
            return redirect(_home_of(request, owner))
    context = {
        "form": form,
        "owner": owner,
        "is_own": owner.pk == request.user.pk,
        "offers_unchecked": offers_unchecked,
        "back": _home_of(request, owner),
    }
    return render(request, "tokens/add.html", context)


@requires("snapshots.keep_token", "GET", "HEAD", "POST")
def token_add(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, AbstractBaseUser)
    return _add(request, request.user)


@requires("tokens.manage", "GET", "HEAD", "POST")
def person_token_add(request: HttpRequest, pk: int) -> HttpResponse:
    """An admin puts in a token for a colleague."""
    owner = get_object_or_404(get_user_model(), pk=pk)
    if not service.may_keep_tokens(owner):
        messages.error(
            request, with_names(_("%(name)s could not use a token: the role has no servers."), name=owner)
        )
        return redirect("person_edit", pk)
    return _add(request, owner)


@requires("snapshots.keep_token", "GET", "HEAD", "POST")
def token_replace(request: HttpRequest, token_id: str) -> HttpResponse:
    stored = _token_or_404(request, token_id)
    form = TokenForm(request.POST or None)
    offers_unchecked = False
    if request.method == "POST" and form.is_valid():
        _tell_left_off(request, form)
        try:
            service.replace_token(actor=actor_of(request), stored=stored, **form.cleaned_data)
        except TokenNotStoredError as error:
            offers_unchecked = _offer(form, error)
        except TokenChangedError:
            return _tell_changed(request, stored)
        else:
            _tell(request, stored)
            return redirect(_home_of(request, stored.user))
    context = {
        "form": form,
        "stored": stored,
        "offers_unchecked": offers_unchecked,
        "back": _home_of(request, stored.user),
    }
    return render(request, "tokens/replace.html", context)


@requires("snapshots.keep_token", "GET", "HEAD", "POST")
def token_remove(request: HttpRequest, token_id: str) -> HttpResponse:
    stored = _token_or_404(request, token_id)
    back = _home_of(request, stored.user)
    if request.method == "POST":
        try:
            service.remove_token(actor=actor_of(request), stored=stored)
        except TokenChangedError:
            return _tell_changed(request, stored)
        messages.success(request, with_names(_("The token “%(label)s” is removed."), label=stored.label))
        return redirect(back)
    context = {"stored": stored, "left_open": count_left_open(stored), "back": back}
    return render(request, "tokens/remove.html", context)


@requires("snapshots.keep_token", "POST")
def token_check(request: HttpRequest, token_id: str) -> HttpResponse:
    stored = _token_or_404(request, token_id)
    try:
        check = service.check_stored(actor=actor_of(request), stored=stored)
    except TokenChangedError:
        return _tell_changed(request, stored)
    if check.ok:
        messages.success(request, with_names(_("VPS.org accepts the token “%(label)s”."), label=stored.label))
    else:
        messages.error(request, token_check_text(check))
    return redirect(_home_of(request, stored.user))
