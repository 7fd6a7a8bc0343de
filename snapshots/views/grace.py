"""What the delete page says of the grace time, of a deletion that waits already, and of a protection."""

from datetime import timedelta
from typing import Any

from django.forms import Form
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from snapshots.contract import Snapshot
from snapshots.deletions.grace import grace_days
from snapshots.deletions.models import Kind
from snapshots.deletions.plans import waiting_of
from snapshots.operations.models import Protection
from snapshots.operations.server_views import ServerView
from snapshots.views.forms.deletions import days_text


def offer_grace(form: Form, view: ServerView, snapshot: Snapshot) -> dict[str, Any]:
    """The page's context. Takes "delete now" off the form where there is no grace time."""
    ids = {"server_id": view.server_id, "snapshot_id": snapshot.id}
    days = grace_days(view.server_id)
    waiting = waiting_of(**ids).first()
    if not days:
        del form.fields["delete_now"]
    else:
        form.fields["understood"].label = _(
            "I understand that this snapshot cannot be recovered once it is deleted"
        )
        if waiting is not None and waiting.kind == Kind.GRACE:
            form.initial["delete_now"] = True
    return {
        "grace_days": days,
        "grace_text": days_text(days),
        "due_at": timezone.now() + timedelta(days=days),
        "planned": waiting,
        "protection": Protection.objects.filter(**ids).first(),
        "keeping_url": reverse("snapshot_keeping", args=[view.token.pk, snapshot.id]),
    }
