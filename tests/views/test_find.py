"""The search over everything: what it finds for whom, and that it asks nobody but the portal."""

import re
from html import unescape

import httpx
import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.urls import reverse
from django.utils import translation

from snapportal.accounts.models import Role, User
from snapshots.approvals.models import ApprovalRequest
from snapshots.sandbox.models import Snapshot
from snapshots.vault import tokens
from snapshots.views.find_results import SOURCES, find_groups
from snapshots.views.find_search import SHOWN, Search
from snapshots.views.texts.help_sections import SECTIONS
from snapshots.views.texts.pages import PAGES
from tests.support.batches import NAME, create_many, roomy
from tests.support.desk import make_desk
from tests.support.double import ask_sandbox, double
from tests.support.finding import ask, found
from tests.support.limits import SEE, limit
from tests.support.pages import text_of
from tests.support.policies import place, wish
from tests.support.probes import PROBES
from tests.support.schedules import define
from tests.views.test_access_matrix import MATRIX

__all__ = ["double"]
pytestmark = pytest.mark.django_db
SERVER = "web-server-01"
FRAGMENT = {"HX-Request": "true"}
NOT_FOUND_BY_NAME = {
    "log_view_add",  # it saves a filter that is chosen before
    *("find_page", "batch_create", "batch_delete", "notification_bell", "sign_in", "sso_start", "sso_return"),
    *(
        "second_factor",
        "factor_confirm",
        "authenticator_set_up",
        "authenticator_remove",
        "passkey_add",
        "recovery_codes",
    ),
}
"""Pages that nobody looks for: they need something that was chosen before, or are steps of another page."""


def test_servers_and_snapshots_are_found_as_last_read_and_the_provider_is_not_asked(desk, mia, double):
    double.answer = ask_sandbox
    view = desk.server(SERVER)
    snapshot = desk.snapshot(view)
    calls: list[httpx.Request] = []
    double.answer = lambda request: calls.append(request) or httpx.Response(500)
    url = reverse("server_detail", args=[desk.token.pk, view.server_id])
    assert (url, SERVER) in found(mia, "WEB-server")["Servers"]
    assert found(mia, str(view.server_id))["Servers"] == [(url, SERVER)]
    assert (f"{url}#snapshot-{snapshot.id}-status", snapshot.name) in found(mia, snapshot.name)["Snapshots"]
    assert f'id="snapshot-{snapshot.id}-status"' in mia.get(url).text
    calls.clear()
    text = text_of(mia.get(reverse("find_page"), {"q": "web-server"}))
    assert "as last read: just now" in text
    assert calls == []


def test_lists_that_were_never_read_are_not_read_for_it(desk, mia):
    cache.clear()
    assert "Servers" not in found(mia, SERVER)


def test_a_limited_token_finds_nothing_that_it_does_not_reach(desk, mia):
    others = [one.server_id for one in desk.views() if one.name != SERVER]
    limit(desk, servers=others, rights=SEE)
    assert SERVER not in str(found(mia, "web"))
    assert "No results" in ask(mia, SERVER)


def test_nobody_finds_what_only_the_tokens_of_others_show(desk, cast, signed_in):
    view = desk.server()
    define(desk, name="night watch")
    create_many(desk, roomy(desk))
    place(cast.ada, view)
    wish(desk, view)()
    for name in ("night watch", NAME, view.name):
        assert found(signed_in(cast.vera), name) == {}
    tokens.store(user_id=cast.vera.pk, label="Other", token="sbx_other", stored_by_name="Vera")
    assert "Servers" not in found(signed_in(cast.vera), SERVER)


def test_schedules_jobs_and_requests_are_found_by_their_names(desk, mia, cast):
    schedule = define(desk, name="Nächtlich")
    job = create_many(desk, roomy(desk))
    assert found(mia, "NÄCHT")["Schedules"] == [(reverse("schedule_detail", args=[schedule.pk]), "Nächtlich")]
    assert (reverse("job_detail", args=[job.pk]), NAME) in found(mia, NAME)["Jobs"]
    view = desk.server()
    place(cast.ada, view)
    wish(desk, view)()
    asked = ApprovalRequest.objects.get()
    assert found(mia, view.name)["Approvals"] == [(reverse("request_detail", args=[asked.pk]), view.name)]


def test_people_and_the_log_are_found_by_those_who_may_see_them(desk, cast, signed_in, ada):
    desk.create(desk.server(SERVER), "before-friday", reason="Ticket 4711")
    omar = reverse("person_edit", args=[cast.omar.pk])
    assert found(ada, "omar@example")["People"] == [(omar, "Omar")]
    assert [name for _url, name in found(ada, "Ticket 4711")["Audit log"]]
    aron = found(signed_in(cast.aron), "before-friday")
    assert list(aron) == ["Audit log"]
    assert "before-friday" in aron["Audit log"][0][1]
    for person in (cast.vera, cast.omar, cast.mia):
        assert not {"People", "Audit log"} & set(found(signed_in(person), "omar"))


@pytest.mark.parametrize("role", Role.values)
def test_each_role_finds_exactly_the_pages_that_it_may_open(role, cast, signed_in, sandbox):
    person = next(one for one in vars(cast).values() if one.role == role)
    tokens.store(user_id=person.pk, label="Team", token=sandbox.token, stored_by_name=person.name)
    browser = signed_in(person)
    for number, (name, title) in enumerate(PAGES.items()):
        groups = find_groups(Search(person, str(title)), only="pages")
        urls = [hit.url for group in groups for hit in group.hits]
        openers = [one for one in Role.values if one in MATRIX[name][2]]
        assert (reverse(name) in urls) == (role in openers), name
        if role == openers[number % len(openers)]:  # its title is that for everybody
            page = browser.get(reverse(name))
            assert f"<title>{title} · SnapPortal</title>" in unescape(page.text), name


def test_every_page_that_needs_no_argument_is_found_by_its_title():
    plain = {
        name
        for name, (arguments, methods, _who) in MATRIX.items()
        if not arguments and "GET" in methods.split()
    }
    assert plain - PROBES - NOT_FOUND_BY_NAME == set(PAGES)


def test_pages_and_help_are_found_in_the_language_of_the_page(cast, mia):
    User.objects.filter(pk=cast.mia.pk).update(language="de")
    with translation.override("de"):
        title, section = str(PAGES["look_edit"]), str(SECTIONS["what"].title)
    assert title != "Appearance and language"
    assert (reverse("look_edit"), title) in [hit for hits in found(mia, title).values() for hit in hits]
    assert (reverse("help_page") + "#what", section) in [
        hit for hits in found(mia, section).values() for hit in hits
    ]
    translation.activate("en")


def test_every_section_of_the_help_page_is_listed_under_its_heading(mia):
    page = mia.get(reverse("help_page")).text
    headings = dict(re.findall(r'aria-labelledby="[\w-]+">\s*<h2 id="([\w-]+)">([^<]*)</h2>', page))
    headings.pop("contents")
    headings.pop("shortcuts-title", None)
    assert {anchor: unescape(title) for anchor, title in headings.items()} == {
        anchor: str(section.title) for anchor, section in SECTIONS.items()
    }


def test_of_each_group_ten_are_shown_and_a_link_leads_to_all_of_them(desk, mia):
    server = Snapshot.objects.first().server
    for number in range(SHOWN + 2):
        define(desk, name=f"rota {number:02}", servers=((server.pk, server.name),))
    page = ask(mia, "rota")
    assert "More than 10 results" in page
    url = unescape(re.search(r'<a href="([^"]*only=[^"]*)"', page).group(1))
    assert len(found(mia, "rota")["Schedules"]) == SHOWN
    assert mia.get(url).text.count(">rota ") == SHOWN + 2
    assert {"Pages", "Help"} <= set(found(mia, "schedules"))
    assert list(found(mia, "schedules", only="help")) == ["Help"]


@pytest.mark.parametrize("source", SOURCES, ids=[one.key for one in SOURCES])
def test_the_link_to_all_leads_to_a_page_with_the_text(source, ada):
    url = source.all_url("a & <b>")
    page = ada.get(url, follow=True)
    assert page.status_code == 200
    if source.key not in {"servers", "snapshots"}:  # without a token there is no filter
        assert 'value="a &amp; &lt;b&gt;"' in page.text


@pytest.mark.parametrize(
    "text", ["", " ", "\u200b", "%", "_", "'", "<b>", "ſ" * 200, "a" * 201, "%(name)s", "{{ x }}"]
)
@pytest.mark.parametrize("headers", [{}, FRAGMENT], ids=["page", "fragment"])
def test_any_text_is_looked_for_as_it_is(text, headers, desk, ada, cast):
    make_desk(cast.ada, desk.token.label + "x")
    desk.create(desk.server(SERVER), "before-friday", reason="<b>50%</b>")
    response = ada.get(reverse("find_page"), {"q": text, "only": "nonsense"}, headers=headers)
    assert response.status_code == 200
    assert "<b>" not in response.text
    if not text.strip(" \u200b"):
        assert 'class="found"' not in response.text


def test_short_texts_are_not_looked_for_in_the_log_and_the_page_says_so(desk, mia, cast, signed_in):
    desk.create(desk.server(SERVER), "before-friday", reason="xyz")
    aron = signed_in(cast.aron)
    assert list(found(aron, "xyz")) == ["Audit log"]
    assert found(aron, "xy") == {}
    assert "three letters or more" in ask(aron, "xy")
    assert "three letters or more" not in ask(aron, "xyz") + ask(mia, "xy")


def test_a_fragment_holds_the_results_and_their_number(desk, mia):
    desk.views()
    response = mia.get(reverse("find_page"), {"q": SERVER}, headers=FRAGMENT)
    assert "<html" not in response.text
    assert re.search(r'hx-swap-oob="innerHTML:#finder-count">\d+ results?<', response.text)


def test_every_page_leads_to_it_and_holds_the_dialogs_but_not_before_the_sign_in(cast, mia, client):
    page = mia.get(reverse("help_page")).text
    assert f'href="{reverse("find_page")}" data-opens-finder' in page
    assert 'id="finder"' in page
    assert "<dialog" not in client.get(reverse("sign_in")).text


@pytest.mark.parametrize("headers", [{}, FRAGMENT], ids=["page", "fragment"])
def test_nothing_found_says_what_is_searched_and_where_to_go_on(headers, cast, mia, signed_in):
    pages = [
        browser.get(reverse("find_page"), {"q": "nonsense &"}, headers=headers).text
        for browser in (mia, signed_in(cast.aron))
    ]
    for page in pages:
        assert "are found by a part of their names or by their ID" in page
        assert f'href="{reverse("help_page")}?q=nonsense%20%26"' in page
    log = f'href="{reverse("entry_list")}?text=nonsense+%26"'
    assert [log in page for page in pages] == [False, True]
    assert "are found by" not in ask(mia, "servers")


def test_nobody_finds_anything_without_a_sign_in(desk):
    desk.views()
    assert [one.key for one in find_groups(Search(AnonymousUser(), SERVER))] == []


def test_shortcuts_can_be_switched_off(cast, mia):
    assert "data-shortcuts" not in mia.get(reverse("help_page")).text
    mia.post(reverse("look_edit"), {"shortcuts": "off"})
    assert 'data-shortcuts="off"' in mia.get(reverse("help_page")).text
