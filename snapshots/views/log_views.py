"""Pages of the saved views of the audit log: the list, saving the filter of the log's page, renaming, sharing and deleting."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from snapshots.audit.saved_views import service
from snapshots.audit.saved_views.models import SavedView
from snapshots.audit.saved_views.service import SavedViewError
from snapshots.templatetags.portal import with_names
from snapshots.views.access import record_refusal, requires
from snapshots.views.actor import actor_of
from snapshots.views.forms.audit import EntryFilterForm
from snapshots.views.forms.log_views import SavedViewForm
from snapshots.views.log_links import log_url
from snapshots.views.refused_forms import UNPROCESSABLE
from snapshots.views.roster import Roster
from snapshots.views.saved_views import MANAGE, may_change_view, saved_lines, to_fields, to_stored


@requires("audit.read", "GET", "HEAD")
def log_view_list(request: HttpRequest) -> HttpResponse:
    return render(request, "audit/log_view_list.html", {"lines": saved_lines(request, Roster.load())})


@requires("audit.read", "GET", "HEAD", "POST")
def log_view_add(request: HttpRequest) -> HttpResponse:
    """Save the filter that is in the query string. Without a valid one the log's page says what is wrong."""
    chosen = EntryFilterForm(request.GET, Roster.load())
    if not chosen.is_valid() or not chosen.chosen():
        return redirect(log_url(**chosen.given()))
    form = SavedViewForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _save(request, form, chosen):
        return redirect(log_url(**chosen.chosen()))
    context = {
        "form": form,
        "filters": chosen.in_words(),
        "has_fixed_days": bool(chosen.cleaned_data["since"] or chosen.cleaned_data["until"]),
        "back_url": log_url(**chosen.chosen()),
    }
    return render(request, "audit/log_view_add.html", context, status=UNPROCESSABLE if form.is_bound else 200)


def _save(request: HttpRequest, form: SavedViewForm, chosen: EntryFilterForm) -> bool:
    name = form.cleaned_data["name"]
    try:
        service.save(
            actor=actor_of(request),
            name=name,
            chosen=to_stored(chosen),
            is_shared=form.shares,
            described=chosen.filters_text(),
        )
    except SavedViewError as error:
        form.refuse(error.code)
        return False
    messages.success(request, with_names(_("The view %(name)s is saved."), name=name))
    return True


def _view_to_change(request: HttpRequest, pk: int) -> SavedView:
    """One that the person may change. Of a view that is not shown to the person it is not even said that there is one."""
    view = SavedView.objects.all().visible_to(int(request.user.pk or 0)).filter(pk=pk).first()
    if view is None:
        raise Http404
    if not may_change_view(request.user, view):
        record_refusal(request, MANAGE)
        raise PermissionDenied(MANAGE)
    return view


@requires("audit.read", "GET", "HEAD", "POST")
def log_view_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename it, and share it if it is one's own."""
    view = _view_to_change(request, pk)
    roster = Roster.load()
    may_share = not view.is_shared
    form = SavedViewForm(
        request.POST if request.method == "POST" else None, initial={"name": view.name}, may_share=may_share
    )
    chosen = EntryFilterForm.of(to_fields(view.chosen, roster), roster)
    if request.method == "POST" and form.is_valid() and _change(request, view, form, chosen):
        return redirect("log_view_list")
    context = {"view": view, "form": form, "filters": chosen.in_words() if chosen.is_valid() else []}
    return render(
        request, "audit/log_view_edit.html", context, status=UNPROCESSABLE if form.is_bound else 200
    )


def _change(request: HttpRequest, view: SavedView, form: SavedViewForm, chosen: EntryFilterForm) -> bool:
    name = form.cleaned_data["name"]
    described = chosen.filters_text() if chosen.is_valid() else ""
    try:
        service.change(actor=actor_of(request), view=view, name=name, shares=form.shares, described=described)
    except SavedViewError as error:
        if error.code == "gone":
            _report_gone(request, view)
            return True
        form.refuse(error.code)
        return False
    messages.success(request, with_names(_("The view %(name)s is saved."), name=name))
    return True


@requires("audit.read", "GET", "HEAD", "POST")
def log_view_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """It asks first: a shared view is gone for everybody."""
    view = _view_to_change(request, pk)
    if request.method != "POST":
        return render(request, "audit/log_view_delete.html", {"view": view})
    try:
        service.delete(actor=actor_of(request), view=view)
    except SavedViewError:
        _report_gone(request, view)
    else:
        messages.success(request, with_names(_("The view %(name)s is deleted."), name=view.name))
    return redirect("log_view_list")


def _report_gone(request: HttpRequest, view: SavedView) -> None:
    messages.warning(request, with_names(_("The view %(name)s was deleted meanwhile."), name=view.name))
