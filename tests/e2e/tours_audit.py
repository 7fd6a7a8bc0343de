"""Tours of the archive of the audit log and of legal holds."""

from pathlib import Path
from tempfile import mkdtemp

import pytest
from django.urls import reverse

from snapshots.audit import holds
from snapshots.audit.archiving import run
from snapshots.audit.hold_models import parse_scope
from snapshots.audit.saved_views.models import SavedView
from tests.e2e.tours import World, tour
from tests.support.archives import archive_all, fill_with_checkpoint
from tests.support.audit_rows import MIA, write_events
from tests.support.looks_at_report import write_something_for_each_section


@tour("archive_list", "archive_detail", "entry_detail", "entry_list")
def archive_pages(world: World) -> None:
    folder = Path(mkdtemp())
    world.settings.SNAPPORTAL_ARCHIVE_DIR = str(folder)
    page = world.site.page(world.cast.aron)
    world.visit(page, reverse("archive_list"), "Nothing is archived")
    fill_with_checkpoint(300)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "ROWS_PER_FILE", 256)
        [archive] = archive_all(folder)
    world.visit(page, reverse("entry_list"), "archived")
    world.visit(page, reverse("archive_list"), archive.file_name)
    world.visit(page, reverse("archive_detail", args=[archive.first]), "visit 255")
    world.visit(page, reverse("entry_detail", args=[7]), "visit 6")
    (folder / archive.file_name).unlink()
    world.visit(page, reverse("archive_detail", args=[archive.first]), "missing")


@tour("hold_list", "hold_place", "hold_lift")
def hold_pages(world: World) -> None:
    page = world.site.page(world.cast.ada)
    world.visit(page, reverse("hold_list"), "No hold was ever placed")
    world.visit(page, reverse("hold_place"), "Place a hold")
    page.get_by_role("button", name="Place").click()
    world.look(page, "Reason")
    hold = holds.place(actor=MIA, scope=parse_scope("server 12345"), name="Case 7", reason="lawsuit " * 30)
    world.visit(page, reverse("hold_list"), "In force")
    world.visit(page, reverse("hold_lift", args=[hold.placed_in]), "server 12345")
    holds.lift(actor=MIA, placed_in=hold.placed_in, reason="settled")
    world.visit(page, reverse("hold_list"), "Lifted")


@tour("entry_list", "log_view_list", "log_view_add", "log_view_edit", "log_view_delete")
def saved_views(world: World) -> None:
    page = world.site.page(world.cast.aron)
    world.visit(page, reverse("log_view_list"), "No view is saved")
    write_events(3)
    for area, text in (
        ("operations", "approvals"),
        ("sign-ins", "Who signed in"),
        ("administration", "People"),
    ):
        world.visit(page, f"{reverse('entry_list')}?area={area}", text)
    world.visit(page, f"{reverse('log_view_add')}?area=sign-ins&since=2026-01-01", "always shows these days")
    page.get_by_role("button", name="Save").click()
    world.look(page, "Give the view a name")
    page.get_by_label("Name", exact=True).fill("Sign-ins " + "x" * 51)
    page.get_by_label("Show it to everybody").check()
    page.get_by_role("button", name="Save").click()
    world.look(page, "is saved")
    view = SavedView.objects.get()
    world.visit(page, reverse("log_view_edit", args=[view.pk]), "It goes for everybody")
    world.visit(page, reverse("log_view_delete", args=[view.pk]), "It goes for everybody")
    SavedView.objects.create(owner_id=world.cast.aron.pk, name="old", chosen={"action": "retired"})
    world.visit(page, reverse("entry_list") + "?action=retired", "not valid any more")
    world.visit(page, reverse("log_view_list"), "Not valid any more")
    world.visit(
        world.site.page(world.cast.ada), reverse("entry_list") + "?person=Mia", "Open the page of this person"
    )


@tour("log_report", "entry_list")
def monthly_report(world: World) -> None:
    page = world.site.page(world.cast.aron)
    world.visit(page, reverse("log_report") + "?month=2001-01", "The log has no row of this period")
    world.visit(page, reverse("log_report") + "?month=2999-01", "This month has not begun")
    write_something_for_each_section()
    world.visit(page, reverse("entry_list"), "Monthly report")
    page.get_by_role("link", name="Monthly report").click()
    world.look(page, "an emergency")
    page.get_by_text("Show as a table").click()
    world.look(page, "Broken glass and overrides")
