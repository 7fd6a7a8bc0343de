"""The row of what is refused has the reason that was given, and the name that was tried if a snapshot can have it."""

import json

import pytest
from django.apps import apps
from django.urls import reverse

from snapportal.accounts.temporary_roles import service as temporary_roles
from snapshots.audit.models import Entry
from snapshots.deletions import due
from snapshots.jobs import engine, plans
from snapshots.operations import freezes, server_locks, service
from snapshots.operations.models import Action
from snapshots.operations.protection import protect
from snapshots.views.texts.audit import headline
from tests.support.api import script_of
from tests.support.batches import NAME, create_many, roomy, sign_servers, take_last_places
from tests.support.deletions import plan, put_grace, request, target_of
from tests.support.freezes import freeze
from tests.support.jobs import full_server, start_safe_restore
from tests.support.pages import text_of
from tests.support.policies import actor
from tests.support.refusals import refused
from tests.support.temporary_roles import ask_for

pytestmark = pytest.mark.django_db(transaction=True)
REASON = "before the upgrade"
FULL = "db-server-01"
SECRET = "Tr0ub4dor&3"
"""No snapshot can have this name."""


def refused_row(**filters) -> Entry:
    return Entry.objects.filter(result="refused", **filters).latest("sequence")


class TestOneOperation:
    def test_a_create_has_its_reason_and_its_name(self, desk):
        view = desk.server(FULL)
        assert refused(lambda: desk.create(view, "mail-fix", reason=f" {REASON}\x00 ")) == "limit_reached"
        row = refused_row()
        assert (row.reason, row.snapshot_name) == (f"{REASON}\N{REPLACEMENT CHARACTER}", "mail-fix")
        assert headline(row) == f"Create snapshot mail-fix of {FULL}"

    def test_a_restore_and_a_deletion_too(self, desk):
        view = desk.server()
        protect(actor=desk.actor, target=target_of(desk, view))
        snapshot = desk.snapshot(view)
        assert refused(lambda: desk.restore(view, snapshot, typed_name="x", reason=REASON)) == "name_mismatch"
        assert refused_row().reason == REASON
        assert refused(lambda: desk.delete(view, snapshot, reason=REASON)) == "protected"
        assert refused_row().reason == REASON
        put_grace(view, 3)
        assert refused(lambda: request(desk, view, snapshot, reason=REASON)) == "protected"
        assert refused_row().reason == REASON

    def test_the_line_about_a_restore_that_holds_the_server_is_in_it_too(self, desk):
        view = desk.server(FULL)
        more = {"reason": REASON, "override_reason": "the provider said so"}
        refused(lambda: desk.create(view, "x", **more))
        assert refused_row().reason == f"{REASON}\nOverride: the provider said so"

    def test_a_reason_is_as_long_as_that_of_what_is_done(self, desk):
        refused(lambda: desk.create(desk.server(FULL), "x", reason="x" * 5000))
        assert len(refused_row().reason) == 2000

    @pytest.mark.parametrize("name", [SECRET, "x" * 101, "two words", ""])
    def test_a_name_that_no_snapshot_can_have_is_nowhere(self, desk, name):
        view = desk.server()
        assert refused(lambda: desk.create(view, name, reason=REASON)) == "bad_name"
        row = refused_row()
        assert (row.snapshot_name, row.reason) == ("", REASON)
        assert headline(row) == f"Create a snapshot of {view.name}"
        if name:
            stored = [list(model.objects.values()) for model in apps.get_models()]
            assert name not in json.dumps(stored, default=str)

    @pytest.mark.parametrize(
        ("action", "expected"),
        [(Action.CREATE, "Create a snapshot"), (Action.DELETE, "Delete a snapshot")],
    )
    def test_a_headline_is_a_sentence_if_nothing_is_known(self, desk, action, expected):
        run = service.create_snapshot if action == Action.CREATE else service.delete_snapshot
        name = {"name": SECRET} if action == Action.CREATE else {}
        call = {"actor": desk.actor, "token": desk.token, "confirmation": "nothing", **name}
        assert refused(lambda: run(**call)) == "confirmation_invalid"
        assert headline(refused_row()) == expected


class TestOtherWays:
    def test_a_form(self, desk, signed_in):
        view = desk.server()
        browser = signed_in(desk.user)
        page = reverse("snapshot_create", args=[desk.token.pk, view.server_id])
        form = {"confirmation": desk.confirm(Action.CREATE, view), "name": "mail-fix", "reason": REASON}
        take_last_places(view)
        browser.post(page, form)
        assert (refused_row().reason, refused_row().snapshot_name) == (REASON, "mail-fix")

    def test_the_entry_page_marks_the_server(self, desk, cast, signed_in):
        view = desk.server()
        refused(lambda: desk.create(view, "two words", reason=REASON))
        page = signed_in(cast.aron).get(reverse("entry_detail", args=[refused_row().sequence]))
        assert f"Create a snapshot of {view.name}" in text_of(page)
        assert REASON in text_of(page)

    def test_the_api(self, desk):
        body = {"server_id": desk.server(FULL).server_id, "name": "by-a-script"}
        assert script_of(desk).post("snapshots/", body, X_Reason=REASON).status_code == 400
        assert (refused_row().reason, refused_row().snapshot_name) == (REASON, "by-a-script")

    def test_a_job_that_does_not_begin(self, desk, clock):
        view = full_server(desk)
        assert refused(lambda: start_safe_restore(desk, view)) == "room_missing"
        assert refused_row().reason == "the upgrade went wrong"
        replace = {"actor": desk.actor, "token": desk.token, "name": "new", "make_room": "", "reason": REASON}
        confirmation = desk.confirm(Action.CREATE, view)
        assert refused(lambda: plans.replace_snapshot(confirmation=confirmation, **replace)) == "room_missing"
        assert (refused_row().reason, refused_row().snapshot_name) == (REASON, "new")

    def test_a_step_of_a_job(self, desk, clock):
        views = roomy(desk)
        job = create_many(desk, views, reason=REASON)
        take_last_places(views[0])
        engine.advance(job.pk)
        row = refused_row()
        assert (row.code, row.reason, row.snapshot_name) == ("limit_reached", REASON, NAME)

    def test_an_item_of_a_batch_and_a_whole_batch(self, desk, clock):
        views = roomy(desk)
        confirmation = sign_servers(desk, views)
        take_last_places(views[0])
        create_many(desk, [], confirmation, reason=REASON)
        assert (refused_row().code, refused_row().reason) == ("limit_reached", REASON)
        assert refused(lambda: create_many(desk, [], "nothing", reason=REASON, name="m")) != ""
        assert (refused_row().reason, refused_row().snapshot_name) == (REASON, "m")
        assert refused(lambda: create_many(desk, views, reason=REASON, name=SECRET)) == "bad_name"
        assert (refused_row().reason, refused_row().snapshot_name) == (REASON, "")
        assert headline(refused_row()) == "Create a snapshot"

    def test_a_planned_deletion_that_is_refused_when_it_is_due(self, desk, clock):
        view = desk.server()
        put_grace(view, 1)
        plan(desk, view, reason=REASON)
        protect(actor=desk.actor, target=target_of(desk, view))
        clock.shift(2 * 86400)
        due.run_due()
        rows = Entry.objects.filter(result="refused")
        assert {(row.action, row.reason) for row in rows} == {
            ("snapshot.delete", REASON),
            ("deletion.refuse", REASON),
        }

    def test_who_asks_to_lift_a_lock_or_a_freeze(self, desk):
        view = desk.server()
        about = {"actor": desk.actor, "server_id": view.server_id}
        server_locks.place(server_name=view.name, reason="forensics", **about)
        server_locks.ask_to_lift(reason="it is over", **about)
        assert refused(lambda: server_locks.ask_to_lift(reason=REASON, **about)) == "lift_asked"
        assert refused_row(action="server.ask_unlock").reason == REASON
        held = freeze(desk, view)
        freezes.LIFTING.ask(actor=desk.actor, pk=held.pk, reason="it is over")
        ask = {"actor": desk.actor, "pk": held.pk, "reason": REASON}
        assert refused(lambda: freezes.LIFTING.ask(**ask)) == "lift_asked"
        assert refused_row(action="freeze.ask_lift").reason == REASON

    def test_who_denies_or_ends_a_temporary_role(self, desk, cast):
        asked = ask_for(cast.vera, desk.server())()
        about = {"actor": actor(cast.omar), "pk": asked.pk, "reason": REASON}
        for name, run in (("deny", temporary_roles.deny), ("end", temporary_roles.end_now)):
            refused(lambda run=run: run(**about))
            assert refused_row(action=f"temporary_role.{name}").reason == REASON
