"""Cards at rest and lines of the log are kept as HTML. Whatever they show changes, the page shows it at once."""

import re
from datetime import timedelta

import pytest
from django.core.cache import caches
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from snapportal.accounts import erasure
from snapportal.accounts.models import Role, User
from snapshots.deletions.grace import set_grace
from snapshots.operations import protection
from snapshots.sandbox.models import Server as SandboxServer
from snapshots.sandbox.models import Snapshot as SandboxSnapshot
from snapshots.templatetags.portal import age_holds, duration
from snapshots.vault.models import StoredToken
from snapshots.views import kept_html
from tests.support.deletions import plan, target_of
from tests.support.desk import Desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def rested(clock, signed_in, desk):
    """A browser that has opened the list after everything that the sandbox began with has ended."""
    clock.shift(7200)
    browser = signed_in(desk.user)
    shown(browser)
    return browser


def shown(browser, path: str = "/") -> str:
    """A page without what differs each time it is made."""
    text = browser.get(path).text
    text = re.sub(r'data-version="[^"]*"', "", text)
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", text)


def made_anew(browser, path: str = "/") -> str:
    caches["html"].clear()
    return shown(browser, path)


def protect(desk, clock):
    protection.protect(actor=desk.actor, target=target_of(desk, desk.server()))


def plan_a_deletion(desk, clock):
    view = desk.server()
    set_grace(actor=desk.actor, server_id=view.server_id, server_name=view.name, days=3)
    plan(desk, view)


def create(desk, clock):
    desk.create(desk.server(), "made-just-now")


def create_to_its_end(desk, clock):
    create(desk, clock)
    clock.shift(7200)


def restore(desk, clock):
    view = desk.server()
    desk.restore(view, desk.snapshot(view))


def rename_the_server(desk, clock):
    SandboxServer.objects.filter(pk=desk.server().server_id).update(name="renamed-there")


def stop_the_server(desk, clock):
    SandboxServer.objects.filter(pk=desk.server().server_id).update(power="stopped")


def describe_the_snapshot(desk, clock):
    snapshot = desk.snapshot(desk.server())
    SandboxSnapshot.objects.filter(pk=snapshot.id).update(description="before the migration")


def take_the_role_away(desk, clock):
    desk.user.role = Role.VIEWER
    desk.user.save()


def let_a_day_pass(desk, clock):
    clock.shift(86400)


CHANGES = [
    protect,
    plan_a_deletion,
    create,
    create_to_its_end,
    restore,
    rename_the_server,
    stop_the_server,
    describe_the_snapshot,
    take_the_role_away,
    let_a_day_pass,
]


@pytest.mark.parametrize("layout", ["", "table"])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_list_shows_every_change_as_one_that_is_made_anew(change, layout, rested, clock, desk):
    User.objects.filter(pk=desk.user.pk).update(server_layout=layout)
    desk.user.server_layout = layout
    before = shown(rested)
    change(desk, clock)
    clock.shift(20)
    desk.views()
    after = shown(rested)
    assert after != before
    assert after == made_anew(rested)


def test_each_layout_gets_an_own_card(rested, desk):
    User.objects.filter(pk=desk.user.pk).update(server_layout="table")
    assert shown(rested) == made_anew(rested)


def test_each_person_and_language_gets_an_own_card(rested, clock, desk, cast, signed_in):
    StoredToken.objects.create(
        **{
            field.attname: getattr(desk.token, field.attname)
            for field in StoredToken._meta.concrete_fields
            if field.name not in {"id", "user"}
        },
        id="veras-copy",
        user=cast.vera,
    )
    viewer = signed_in(cast.vera)
    assert shown(viewer) == made_anew(viewer)
    assert desk.token.pk not in shown(viewer)
    with translation.override("ar"):
        other = kept_html.key_of("card")
    assert other != kept_html.key_of("card")


def test_a_second_token_is_named_on_every_card(rested, desk):
    assert "Token:" not in shown(rested).partition('class="servers"')[2]
    desk.token.pk, desk.token.label = "second-one", "Second token"
    desk.token.save(force_insert=True)
    assert "Token:" in shown(rested).partition('class="servers"')[2]
    assert shown(rested) == made_anew(rested)


def test_a_resting_card_is_not_rendered_again(rested, django_assert_max_num_queries):
    parts = caches["html"]
    kept = dict(parts._cache)
    with django_assert_max_num_queries(14):
        shown(rested)
    assert dict(parts._cache) == kept


@given(
    age=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=4000)),
    share=st.floats(min_value=0, max_value=0.99),
)
def test_an_age_reads_the_same_for_as_long_as_it_holds(age, share):
    holds = age_holds(age)
    assert duration(age + holds * share) == duration(age)
    assert duration(age + holds) != duration(age)


def test_an_erased_name_is_gone_from_the_next_page_of_the_log(cast, signed_in, clock, desk):
    desk.create(desk.server(), "before-change")
    auditor = signed_in(cast.aron)
    assert str(desk.user) in shown(auditor, "/audit/").partition("<tbody>")[2]
    desk.user.is_active = False
    desk.user.save()
    erasure.erase_person(desk.user, actor=Desk(cast.ada, desk.token).actor, reason="has left")
    after = shown(auditor, "/audit/")
    assert f">{desk.user}<" not in after.partition("<tbody>")[2]
    assert after == made_anew(auditor, "/audit/")


def test_a_request_that_is_interrupted_is_shown_as_such_on_a_kept_line(signed_in, cast, desk, clock):
    view = desk.server()
    desk.create(view, "never-answered")
    auditor = signed_in(cast.aron)
    shown(auditor, "/audit/")
    clock.shift(3600)
    assert shown(auditor, "/audit/") == made_anew(auditor, "/audit/")
