"""A browser that translates a page leaves names, IDs and codes as they are: each stands in an element with translate="no"."""

from datetime import timedelta
from itertools import cycle
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from snapportal.accounts.models import Role
from snapshots.audit.archiving import run
from snapshots.audit.hold_models import Hold
from snapshots.audit.models import Entry
from snapshots.audit.wording.reading import read
from snapshots.inventory.reader import expire
from snapshots.operations.models import Action, Finding, Operation, State
from snapshots.operations.statements import LISTED_AS
from snapshots.sandbox.models import Server, Snapshot
from snapshots.templatetags.portal import as_name, with_names
from tests.support.archives import archive_all, fill_with_checkpoint
from tests.support.batches import NAME as BATCH_NAME
from tests.support.database_text import database_text
from tests.support.desk import Desk, make_desk
from tests.support.looks_at_access import look_at_access
from tests.support.looks_at_log import NEW_NAME, look_at_saved_views, look_at_the_log
from tests.support.looks_at_sign_on import look_at_coming_in, look_at_single_sign_on
from tests.support.looks_at_work import (
    look_at_api_keys,
    look_at_batches,
    look_at_deletions,
    look_at_jobs,
    look_at_notifications,
    look_at_observations,
    look_at_schedules,
    look_at_the_system,
    url_of,
)
from tests.support.pages import hidden
from tests.support.probes import PROBES
from tests.support.translated_texts import Inspector
from tests.views.test_access_matrix import MATRIX


@pytest.fixture
def names(cast, desk) -> set[str]:
    """What stands for one thing and must not be changed."""
    found = {desk.token.label, NEW_NAME, BATCH_NAME, "Second token", "nora", "norbert", "Nora Neu"}
    for person in vars(cast).values():
        found |= {person.name, person.username, person.email}
    for server in Server.objects.all():
        found |= {server.name, server.hostname, server.ip_address, str(server.pk)}
    found |= {snapshot.name for snapshot in Snapshot.objects.all()}
    return {name for name in found if name}


@pytest.fixture
def inspector(names) -> Inspector:
    return Inspector(names)


@pytest.fixture
def mia(cast, signed_in) -> Client:
    return signed_in(cast.mia)


def look_at_servers(inspector: Inspector, desk: Desk, mia: Client) -> None:
    full, roomy = desk.server("db-server-01"), desk.server("web-server-01")
    snapshot = desk.snapshot(roomy)
    make_desk(desk.user, "sbx_unknown-to-the-provider", "Second token")
    inspector.visit(mia, "/", shows=roomy.name)
    inspector.visit(mia, "/", q="weekly", shows=full.name)
    inspector.visit(mia, reverse("find_page"), q="server", shows=roomy.name)
    for view in (full, roomy):
        inspector.visit(mia, url_of("server_detail", desk, view.server_id), shows=view.name)
        inspector.visit(mia, url_of("server_status", desk, view.server_id), shows="snap-name")
        inspector.visit(mia, url_of("snapshot_create", desk, view.server_id), shows=view.name)
    inspector.visit(mia, url_of("snapshot_name_check", desk, roomy.server_id), name=snapshot.name)
    inspector.visit(mia, url_of("snapshot_restore", desk, snapshot.id), shows=snapshot.name)
    inspector.visit(mia, url_of("snapshot_delete", desk, snapshot.id), shows=snapshot.name)
    wrong = mia.post(url_of("snapshot_restore", desk, snapshot.id), {"typed_name": "another", "reason": "x"})
    inspector.look(wrong, shows=snapshot.name)


def test_servers_whose_provider_cannot_be_reached(inspector, desk, mia, settings):
    view = desk.server("web-server-01")
    settings.SNAPPORTAL_API_URL = "http://127.0.0.1:9"
    expire(desk.token)
    inspector.visit(mia, "/", shows="cannot be reached")
    inspector.visit(mia, url_of("server_detail", desk, view.server_id), shows="cannot be reached")
    inspector.visit(mia, url_of("snapshot_create", desk, view.server_id), shows=view.name)
    assert inspector.found == []


def look_at_operations(inspector: Inspector, desk: Desk, mia: Client) -> None:
    operation = desk.create(desk.server("web-server-01"), NEW_NAME, reason="Ticket 4711")
    inspector.visit(mia, "/", shows=NEW_NAME)
    url = reverse("operation_detail", args=[operation.pk])
    inspector.visit(mia, url, shows=NEW_NAME)
    inspector.visit(mia, reverse("operation_status", args=[operation.pk]), shows=NEW_NAME)
    findings = cycle(Finding.values)
    for state in State:
        Operation.objects.filter(pk=operation.pk).update(
            state=state,
            action=Action.RESTORE,
            finding=next(findings),
            settled_by="Mia",
            evidence=LISTED_AS.said(id=801, status=NEW_NAME),
            created_at=timezone.now() - timedelta(hours=3),
        )
        inspector.visit(mia, url, shows=NEW_NAME)
    Operation.objects.filter(pk=operation.pk).update(state=State.UNKNOWN)
    inspector.visit(mia, reverse("operation_attention"), shows=NEW_NAME)
    inspector.visit(mia, reverse("operation_close", args=[operation.pk]), shows=NEW_NAME)
    inspector.visit(mia, "/", shows="We do not know")


def look_at_archive_and_holds(inspector: Inspector, reader: Client, admin: Client, folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "ROWS_PER_FILE", 256)
        fill_with_checkpoint(300)
        [archive] = archive_all(folder)
    inspector.visit(reader, "/audit/archive/", shows=archive.file_name)
    inspector.visit(reader, reverse("archive_detail", args=[archive.first]), shows=archive.file_name)
    inspector.visit(admin, "/audit/holds/place/")
    placed = admin.post(
        "/audit/holds/place/",
        {"kind": "server", "value": "12345", "name": "web-server-01", "reason": "lawsuit"},
        follow=True,
    )
    inspector.look(placed, shows="web-server-01")
    row = Hold.objects.get().placed_in
    inspector.visit(admin, reverse("hold_lift", args=[row]), shows="12345")
    inspector.visit(admin, "/audit/holds/", shows="web-server-01")


def look_at_tokens(inspector: Inspector, desk: Desk, mia: Client) -> None:
    inspector.visit(mia, "/tokens/add/")
    added = mia.post("/tokens/add/", {"label": "Second token", "token": "sbx_unknown"}, follow=True)
    inspector.look(added, shows="Second token")
    for name in ("token_replace", "token_remove"):
        inspector.visit(mia, reverse(name, args=[desk.token.pk]), shows=desk.token.label)
    checked = mia.post(reverse("token_check", args=[desk.token.pk]), follow=True)
    inspector.look(checked, shows="VPS.org accepts the token")
    removed = mia.post(reverse("token_remove", args=[desk.token.pk]), follow=True)
    inspector.look(removed, shows="is removed")


def look_at_people(inspector: Inspector, desk: Desk, ada: Client) -> None:
    inspector.visit(ada, "/people/", shows="Vera")
    inspector.visit(ada, "/people/", q="web-server-01", shows="web-server-01")
    inspector.visit(ada, reverse("find_page"), q="vera", shows="Vera")
    inspector.visit(ada, "/people/add/")
    nora = {"username": "norbert", "name": "Nora Neu", "role": Role.VIEWER}
    inspector.look(ada.post("/people/add/", nora), shows="Nora Neu")
    edit = reverse("person_edit", args=[desk.user.pk])
    inspector.visit(ada, edit, shows=desk.token.label)
    details = {
        "seen": hidden(ada.get(edit), "seen"),
        "name": desk.user.name,
        "email": desk.user.email,
        "role": Role.VIEWER,
        "is_active": "on",
    }
    inspector.look(ada.post(edit, details, follow=True), shows="is saved")
    inspector.visit(ada, reverse("person_token_add", args=[desk.user.pk]), shows=desk.user.name)
    del details["is_active"]
    ada.post(edit, details | {"seen": hidden(ada.get(edit), "seen")})
    inspector.visit(ada, reverse("person_erase", args=[desk.user.pk]), shows=desk.user.name)
    inspector.visit(ada, "/account/", shows="ada@example.com")
    inspector.visit(ada, reverse("look_edit"), shows="Time zone")
    inspector.visit(ada, reverse("session_list"), shows="This one")
    inspector.visit(ada, reverse("security_detail"), shows="What is required")
    inspector.visit(ada, "/help/")
    inspector.visit(ada, "/api-reference/")


def test_on_every_page_names_are_marked_and_all_other_texts_are_translated(
    inspector, desk, mia, cast, signed_in, tmp_path, settings, sandbox, strange_portal
):
    settings.SNAPPORTAL_ARCHIVE_DIR = str(tmp_path / "archive")
    look_at_servers(inspector, desk, mia)
    look_at_the_log(inspector, desk, signed_in(cast.aron))
    look_at_saved_views(inspector, desk, signed_in(cast.aron), signed_in(cast.ada))
    look_at_archive_and_holds(inspector, signed_in(cast.aron), signed_in(cast.ada), tmp_path)
    look_at_operations(inspector, desk, mia)
    look_at_schedules(inspector, desk, mia, signed_in(cast.ada))
    look_at_jobs(inspector, desk, mia)
    look_at_batches(inspector, desk, mia)
    look_at_deletions(inspector, desk, mia)
    look_at_observations(inspector, desk, mia)
    look_at_the_system(inspector, signed_in(cast.ada))
    look_at_notifications(inspector, desk, mia, signed_in(cast.ada))
    look_at_api_keys(inspector, desk, mia, signed_in(cast.ada))
    look_at_coming_in(inspector)
    look_at_single_sign_on(inspector, cast, settings)
    look_at_tokens(inspector, desk, mia)
    look_at_people(inspector, make_desk(cast.vera, "sbx_unknown"), signed_in(cast.ada))
    look_at_access(inspector, make_desk(cast.omar, sandbox.token), cast, sandbox.token, signed_in(cast.ada))
    pages = {name for name, (_arguments, methods, _who) in MATRIX.items() if "GET" in methods.split()}
    assert pages - PROBES - inspector.seen == set()
    assert inspector.found == []
    assert inspector.unmarked == {}
    assert inspector.unread == {}
    written = [(one.full_evidence, one.action) for one in Entry.objects.all() if one.full_evidence]
    assert [one for one in written if not read(*one)] == []
    assert "⟦" not in database_text()  # what is stored, as the log, is in English, whoever acts


def test_markup_in_a_name_stays_text():
    assert as_name("<b>x</b>") == '<bdi translate="no">&lt;b&gt;x&lt;/b&gt;</bdi>'
    sentence = with_names("Less < more: %(name)s", name="<i>%(name)s")
    assert sentence == 'Less &lt; more: <bdi translate="no">&lt;i&gt;%(name)s</bdi>'
