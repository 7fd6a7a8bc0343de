"""The list of servers as cards or as a table, in groups, and in the order of its columns."""

import re

import pytest
from django.urls import reverse

from snapportal.accounts.models import User
from snapshots.audit.models import Entry
from snapshots.sandbox import demo_data
from snapshots.views.look import HEADER, Look
from tests.support.desk import make_desk
from tests.support.pages import hidden, ids_of, text_of

pytestmark = pytest.mark.django_db
CHOOSE = reverse("server_layout_choose")


@pytest.fixture
def mia(desk, signed_in):
    return signed_in(desk.user)


@pytest.fixture
def table(mia, desk):
    """A function that opens the table, with a query."""
    User.objects.filter(pk=desk.user.pk).update(server_layout="table")
    return lambda query="", **more: mia.get(f"/{query}", **more)


def names_in_order(response) -> list[str]:
    return re.findall(r'id="server-\d+-link"[^>]*>([^<]*)<', response.text)


def snapshots_in_order(response) -> list[str]:
    return re.findall(r'class="snap-name" translate="no">([^<]*)<', response.text)


def groups_of(response) -> list[str]:
    found = re.findall(r'class="group-name"[^>]*>(.*?)</(?:h2|th)>', response.text)
    return [re.sub("<[^>]*>", "", one) for one in found]


def head(response, label: str) -> tuple[str, str]:
    """Of a column: what it says of its order, and the query that its link leads to."""
    pattern = rf'<th scope="col"(?: aria-sort="(\w+)")?><a id="sort-[a-z]+" href="([^"]*)">{label}</a>'
    return re.search(pattern, response.text).groups(default="")


class TestTheTable:
    def test_it_has_one_header_and_a_row_for_each_snapshot(self, table):
        response = table()
        assert response.text.count("<thead>") == 1
        assert response.text.count('<th scope="row" class="snap">') == 13
        assert names_in_order(response) == sorted(names_in_order(response))
        assert len(ids_of(response)) == len(set(ids_of(response)))
        assert "No snapshots yet" in text_of(response)

    def test_it_has_the_buttons_and_the_notes_of_the_cards(self, table, desk):
        view = desk.server("web-server-01")
        desk.restore(view, desk.snapshot(view))
        response = table()
        assert "View progress" in text_of(response)
        for part in ('/restore/"', '/delete/"', '/create/"', 'name="snapshot"', 'name="server"'):
            assert part in response.text, part

    def test_a_part_of_it_that_polls_is_a_part_of_a_table(self, table, desk, mia):
        assert re.search(r'<tbody class="server" id="server-\d+" hx-get=', table().text)
        moving = desk.server("build-runner-02")
        url = reverse("server_status", args=[desk.token.pk, moving.server_id])
        headers = {"HX-Request": "true", HEADER: Look(server_layout="table").text}
        assert mia.get(url, headers=headers).text.strip().startswith("<tbody")
        assert mia.get(url, headers=headers | {HEADER: Look().text}).text.strip().startswith("<article")
        assert mia.get(f"{url}?alone=1", headers=headers).text.strip().startswith("<article")
        demo_data.Server.objects.all().delete()
        desk.views()
        assert mia.get(url, headers=headers).text.strip().startswith("<tbody")

    def test_a_filter_leaves_the_rows_that_match(self, table):
        assert snapshots_in_order(table("?status=failed")) == ["spam-filter-tuning"]


class TestWhatIsChosen:
    def test_it_is_remembered_for_the_person_and_recorded(self, mia, desk):
        assert hidden(mia.get("/?q=weekly&sort=-size"), "query") == "q=weekly&sort=-size"
        answer = mia.post(CHOOSE, {"server_layout": "table", "query": "q=weekly&sort=-size"})
        assert answer["Location"] == "/?q=weekly&sort=-size"
        assert '<table class="table">' in mia.get(answer["Location"]).text
        assert User.objects.get(pk=desk.user.pk).server_layout == "table"
        row = Entry.objects.latest("sequence")
        assert (row.action, row.evidence) == ("person.set_look", "layout of the servers")
        mia.post(CHOOSE, {"server_layout": "", "query": ""})
        assert 'class="card server"' in mia.get("/").text

    def test_it_leaves_the_other_choices(self, mia, desk):
        User.objects.filter(pk=desk.user.pk).update(theme="dark")
        mia.post(CHOOSE, {"server_layout": "table"})
        person = User.objects.get(pk=desk.user.pk)
        assert (person.theme, person.server_layout) == ("dark", "table")

    @pytest.mark.parametrize("layout", ["nonsense", "dark", ""])
    def test_what_is_not_offered_are_cards(self, mia, desk, layout):
        assert mia.post(CHOOSE, {"server_layout": layout, "query": "//evil.example"})["Location"].startswith(
            "/?"
        )
        assert User.objects.get(pk=desk.user.pk).server_layout == ""


class TestGroups:
    @pytest.mark.parametrize("layout", ["", "table"])
    def test_servers_of_a_location_stand_together(self, mia, desk, layout):
        User.objects.filter(pk=desk.user.pk).update(server_layout=layout)
        response = mia.get("/?group=location&sort=-name")
        assert groups_of(response) == ["eu-central", "us-east", "us-west"]
        assert names_in_order(response) == [
            *("mail-01", "build-runner-02"),
            *("vpn-gateway", "db-server-01"),
            *("web-server-01", "shop-staging"),
        ]
        assert groups_of(mia.get("/")) == []

    def test_servers_of_a_token_stand_together_and_do_not_repeat_its_name(self, mia, desk, sandbox):
        make_desk(desk.user, sandbox.other_token, "A mate's")
        response = mia.get("/?group=token")
        assert groups_of(response) == ["A mate&#x27;s", "Team token"]
        assert names_in_order(response)[0] == "mara-blog"
        assert "Token: Team" not in text_of(response)

    def test_one_token_is_no_group(self, mia):
        assert groups_of(mia.get("/?group=token")) == []

    def test_servers_of_unknown_location_come_last(self, mia, desk, sandbox):
        demo_data.Server.objects.filter(pk=sandbox.servers["mail-01"].pk).update(location="")
        desk.views()
        response = mia.get("/?group=location")
        assert groups_of(response)[-1] == "No location is known"
        assert names_in_order(response)[-1] == "mail-01"


class TestOrder:
    @pytest.mark.parametrize(
        ("sort", "first"),
        [
            ("snapshot", "before-dovecot-config"),
            ("-snapshot", "weekly-3"),
            ("status", "spam-filter-tuning"),
            ("-size", "toolchain-ready"),
            ("-created", "before-kernel-update"),
            ("created", "quarter-end"),
        ],
    )
    def test_a_server_stands_where_its_first_snapshot_would(self, table, sort, first):
        response = table(f"?sort={sort}")
        assert names_in_order(response)[-1] == "vpn-gateway"
        assert snapshots_in_order(response)[0] == first

    def test_the_heads_say_and_turn_the_order(self, table):
        response = table("?q=a&page=1")
        assert head(response, "Server") == ("ascending", "?q=a&amp;sort=-name#sort-name")
        assert head(response, "Size") == ("", "?q=a&amp;sort=-size#sort-size")
        assert head(response, "Status") == ("", "?q=a&amp;sort=status#sort-status")
        response = table("?sort=-size")
        assert head(response, "Size") == ("descending", "?sort=size#sort-size")
        assert head(response, "Server") == ("", "?sort=name#sort-name")

    def test_cards_follow_it_too(self, mia):
        assert snapshots_in_order(mia.get("/?q=db-server&sort=created"))[0] == "quarter-end"
        assert snapshots_in_order(mia.get("/?q=db-server"))[0] == "weekly-3"
