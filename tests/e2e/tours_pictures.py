"""Tours of the pages with pictures."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page

from snapshots.deletions import keeping
from snapshots.operations.models import Action, State
from snapshots.schedules.retention import Keep
from tests.e2e.tours import World, tour
from tests.support.audit_rows import ARON, MIA, write_events, write_operation
from tests.support.deletions import target_of
from tests.support.pictures import history_url, known, operated
from tests.support.schedules import define

DAY = timedelta(days=1)


def _show_tables(page: Page) -> None:
    for summary in page.get_by_text("Show as a table").all():
        summary.click()


@tour("server_history")
def pictures_of_a_server(world: World) -> None:
    desk = world.desk()
    page = world.site.page(world.cast.mia)
    empty, view = desk.server("vpn-gateway"), desk.server("web-server-01")
    world.visit(page, history_url(desk, empty.server_id), "Nothing yet")
    now = timezone.now()
    known(empty, 7001, now - 9 * DAY, now - 5 * DAY, size_mb=None)
    world.visit(page, history_url(desk, empty.server_id), "No size is known yet")
    for number, state in enumerate((State.COMPLETED, State.FAILED, State.UNKNOWN), 1):
        known(
            view,
            number,
            now - 12 * number * DAY,
            now - 8 * number * DAY,
            name="before-the-update-of-" + "x" * 40,
        )
        for action in Action:
            operated(desk, view, action, now - 9 * number * DAY, state=state)
    until = (now + 9 * DAY).date()
    keeping.set_keep_until(actor=desk.actor, target=target_of(desk, view), until=until)
    define(desk, cron="0 3 * * 1", keep=Keep(last=1), servers=((view.server_id, view.name),))
    world.visit(page, history_url(desk, view.server_id), "How long creates took")
    _show_tables(page)
    world.look(page, "Kept until then")
    world.provider_down()
    world.visit(page, history_url(desk, view.server_id), "may be outdated")


@tour("log_activity", "entry_list")
def pictures_of_the_log(world: World) -> None:
    page = world.site.page(world.cast.aron)
    world.visit(page, reverse("log_activity") + "?until=2001-01-01", "No entry in this time")
    world.visit(page, reverse("log_activity") + "?since=never", "not valid")
    write_operation("accepted", "unknown", "reconciled")
    write_operation("failed", actor=ARON)
    write_operation("refused", "sometime", actor=MIA)
    write_events(3)
    world.visit(page, reverse("entry_list") + "?person=Mia", "Activity")
    page.get_by_role("link", name="Activity").click()
    world.look(page, "Entries by person")
    _show_tables(page)
    world.look(page, "Something else")
