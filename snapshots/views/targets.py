"""The team's targets of notifications: the list, one target with its deliveries, and what an admin does with them."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from snapshots.notifications import channels, delivery, targets
from snapshots.notifications.models import Delivery, DeliveryState, Target
from snapshots.templatetags.portal import with_names
from snapshots.vault.crypto import SealError
from snapshots.views.access import requires
from snapshots.views.actor import actor_of
from snapshots.views.forms.notifications import TargetForm, WishesForm
from snapshots.views.live_pages import live
from snapshots.views.refused_forms import UNPROCESSABLE
from snapshots.views.texts.base import Badge

DELIVERIES_SHOWN = 50
BADGES = {DeliveryState.WAITING: "moving", DeliveryState.SENT: "ok", DeliveryState.GIVEN_UP: "bad"}


@dataclass(frozen=True)
class DeliveryLine:
    """One message of a target's or the mail server's log."""

    one: Delivery
    subject: str
    badge: Badge
    can_be_retried: bool


@dataclass(frozen=True)
class TargetLine:
    """A target, and how its last message went."""

    target: Target
    last: Delivery | None
    badge: Badge | None


def _badge(one: Delivery) -> Badge:
    if one.state == DeliveryState.WAITING and one.attempts:
        return Badge("warn", _("Failed, tried again"))
    return Badge(BADGES[DeliveryState(one.state)], DeliveryState(one.state).label)


def _lines(found: Iterable[Delivery]) -> list[DeliveryLine]:
    events = delivery.events_by_delivery(shown := list(found))
    return [
        DeliveryLine(one, channels.subject(events[one.pk]), _badge(one), one.state == DeliveryState.GIVEN_UP)
        for one in shown
    ]


def _last_deliveries() -> dict[UUID | None, Delivery]:
    """Target → its newest message."""
    newest = Delivery.objects.filter(target=OuterRef("pk")).values("pk")[:1]
    pks = Target.objects.annotate(last=Subquery(newest)).values("last")
    return {one.target_id: one for one in Delivery.objects.filter(pk__in=pks)}


@live(max_age=10)
@requires("notifications.manage", "GET", "HEAD")
def target_list(request: HttpRequest) -> HttpResponse:
    last = _last_deliveries()
    lines = [
        TargetLine(one, found := last.get(one.pk), _badge(found) if found else None)
        for one in Target.objects.all()
    ]
    context = {"lines": lines, "mails": _lines(Delivery.objects.filter(target=None)[:DELIVERIES_SHOWN])}
    return render(request, "notifications/target_list.html", context)


@requires("notifications.manage", "GET", "HEAD", "POST", proof="page")
def target_add(request: HttpRequest) -> HttpResponse:
    """Add a target. A secret that the portal made is shown in the answer, and never again."""
    form = TargetForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        fields = form.target
        try:
            target = targets.add(actor=actor_of(request), **fields)
        except targets.DuplicateTargetError:
            form.add_error("label", _("There is a target with this label already: choose another one."))
        except SealError:
            form.add_error(
                "address", _("The portal's encryption key is missing or wrong, so nothing was stored.")
            )
        else:
            if form.is_new_secret:
                context = {"target": target, "secret": fields["address"].secret}
                return render(request, "notifications/target_secret.html", context)
            return redirect("target_detail", target.pk)
    status = UNPROCESSABLE if form.is_bound else 200
    return render(request, "notifications/target_add.html", {"form": form}, status=status)


@live(max_age=10)
@requires("notifications.manage", "GET", "HEAD", "POST")
def target_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What a target is told, which can be changed, and the log of its messages."""
    target = get_object_or_404(Target, pk=pk)
    servers = ", ".join(map(str, target.server_ids))
    form = WishesForm(
        request.POST if request.method == "POST" else None,
        initial={"kinds": target.kinds, "servers": servers},
    )
    if request.method == "POST" and form.is_valid():
        targets.change(actor=actor_of(request), target=target, wishes=form.wishes)
        messages.success(request, _("The choices are stored."))
        return redirect("target_detail", pk)
    found = target.deliveries.all()[:DELIVERIES_SHOWN]
    context = {"target": target, "form": form, "lines": _lines(found)}
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "notifications/target_detail.html", context, status=status)


@requires("notifications.manage", "POST", page="target_detail")
def target_test(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Send a test message now, and say whether it was taken."""
    target = get_object_or_404(Target, pk=pk)
    sent = targets.send_test(actor=actor_of(request), target=target)
    delivery.deliver(sent)
    sent.refresh_from_db()
    if sent.state == DeliveryState.SENT:
        messages.success(request, with_names(_("%(label)s has taken the test message."), label=target.label))
    else:
        messages.error(
            request,
            with_names(
                _("%(label)s has not taken the test message: %(error)s."),
                label=target.label,
                error=sent.last_error,
            ),
        )
    return redirect("target_detail", pk)


@requires("notifications.manage", "GET", "HEAD", "POST", proof="form")
def target_remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    target = get_object_or_404(Target, pk=pk)
    if request.method == "POST":
        targets.remove(actor=actor_of(request), target=target)
        messages.success(request, with_names(_("The target %(label)s is removed."), label=target.label))
        return redirect("target_list")
    return render(request, "notifications/target_remove.html", {"target": target})


@requires("notifications.manage", "POST", page="target_list")
def delivery_retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Try a message again that was given up."""
    one = get_object_or_404(Delivery.objects.select_related("target"), pk=pk)
    if targets.retry(actor=actor_of(request), delivery=one):
        messages.success(request, _("The message is sent again by the worker."))
    return redirect("target_detail", one.target_id) if one.target_id else redirect("target_list")
