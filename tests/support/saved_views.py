"""Saves, changes and lists views of the audit log through its pages."""

from urllib.parse import urlencode

from django.urls import reverse

from snapportal.accounts import erasure
from snapshots.audit.models import Entry
from snapshots.audit.saved_views.models import SavedView
from tests.support.actors import actor_of

LIST, VIEWS, ADD = "/audit/", "/audit/views/", "/audit/views/add/"
REFUSED = {"area": "sign-ins", "result": "refused"}


def save(client, name: str = "Refusals", *, shared: bool = False, filters=REFUSED):
    return client.post(
        f"{ADD}?{urlencode(filters)}", {"name": name} | ({"is_shared": "on"} if shared else {})
    )


def saved(client) -> dict[str, tuple[str, str]]:
    """Name → address and whose, of the views above the log."""
    return {line.view.name: (line.url, str(line.whose)) for line in client.get(LIST).context["saved"]}


def recorded() -> list[tuple[str, str, str]]:
    rows = Entry.objects.filter(action__startswith="log_view.").order_by("sequence")
    return [(row.action, row.target, row.evidence) for row in rows]


def edit(client, view: SavedView, **fields):
    return client.post(reverse("log_view_edit", args=[view.pk]), fields)


def remove(client, view: SavedView):
    return client.post(reverse("log_view_delete", args=[view.pk]))


def erase(person, admin) -> None:
    person.is_active = False
    person.save()
    erasure.erase_person(person, reason="left", actor=actor_of(admin))
