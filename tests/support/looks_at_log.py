"""Looks at the pages of the audit log and of its saved views for names that a browser would translate."""

from urllib.parse import urlencode

from django.test import Client
from django.urls import reverse

from snapshots.audit.models import Entry
from snapshots.audit.saved_views.models import SavedView
from tests.support.desk import Desk
from tests.support.looks_at_report import look_at_the_report
from tests.support.translated_texts import Inspector

NEW_NAME = "before-sunday-mail"


def look_at_the_log(inspector: Inspector, desk: Desk, auditor: Client) -> None:
    desk.create(desk.server("web-server-01"), NEW_NAME, reason="Ticket 4711")
    Client().post("/sign-in/", {"username": "mia", "password": "wrong"})
    auditor.get("/people/")
    inspector.visit(auditor, "/audit/", shows=NEW_NAME)
    inspector.visit(auditor, "/audit/", server="web-server-01", person="Mia", shows=NEW_NAME)
    inspector.visit(auditor, reverse("find_page"), q=NEW_NAME, shows=NEW_NAME)
    inspector.visit(auditor, "/audit/export/", server="web-server-01", person="Mia", shows="web-server-01")
    for entry in Entry.objects.all():
        inspector.visit(auditor, reverse("entry_detail", args=[entry.sequence]), shows=str(entry.hash))
    look_at_the_report(inspector, auditor)


def look_at_saved_views(inspector: Inspector, desk: Desk, reader: Client, admin: Client) -> None:
    """A name of a server stands in the filter and is the name of the view."""
    query = {"server": "web-server-01", "person": desk.user.name, "token": desk.token.fingerprint}
    add = f"{reverse('log_view_add')}?{urlencode(query)}"
    inspector.visit(reader, add, shows=desk.token.label)
    inspector.look(reader.post(add, {"name": ""}), shows="web-server-01")
    saved = reader.post(add, {"name": "web-server-01", "is_shared": "on"}, follow=True)
    inspector.look(saved, shows="web-server-01")
    inspector.visit(admin, reverse("log_view_list"), shows=desk.user.name)
    view = SavedView.objects.get().pk
    edit = reverse("log_view_edit", args=[view])
    inspector.visit(admin, edit, shows="web-server-01")
    inspector.look(admin.post(edit, {"name": "web-server-01"}, follow=True), shows="web-server-01")
    inspector.visit(admin, reverse("log_view_delete", args=[view]), shows="web-server-01")
    deleted = admin.post(reverse("log_view_delete", args=[view]), follow=True)
    inspector.look(deleted, shows="web-server-01")
