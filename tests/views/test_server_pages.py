"""The list of servers and a server's page: content, permissions, filters, and a stale list."""

import re
from copy import copy
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from snapshots.sandbox import demo_data
from snapshots.sandbox.models import Account, Server, Snapshot
from tests.support.desk import make_desk
from tests.support.pages import ids_of, text_of

pytestmark = pytest.mark.django_db


def names_in_order(response) -> list[str]:
    return re.findall(r'id="server-\d+-link"[^>]*>([^<]*)<', response.content.decode())


@pytest.fixture
def page(desk, signed_in):
    """A function that opens the list of servers as Mia, with a query."""
    client = signed_in(desk.user)
    return lambda query="", **more: client.get(f"/{query}", **more)


def test_without_a_token_the_page_leads_to_adding_one(cast, signed_in):
    response = signed_in(cast.vera).get("/")
    assert "Add a token to start" in text_of(response)
    assert reverse("token_add") in response.content.decode()


def test_every_server_is_shown_with_its_snapshots_place_and_quota(page):
    response = page()
    text = text_of(response)
    assert names_in_order(response) == sorted(names_in_order(response))
    for part in (
        "web-server-01",
        "3 of 5 snapshots",
        "us-west",
        "pre-migration",
        "6 days ago",
        "4.6 GB",
        "Running",
    ):
        assert part in text, part
    assert "6 servers, 13 snapshots shown" in text
    assert 'datetime="' in response.content.decode()


def test_a_server_without_snapshots_is_shown_too_and_says_what_they_are_for(page, sandbox):
    response = page("?q=vpn")
    assert "No snapshots yet" in text_of(response)
    assert "create one before an update" in text_of(response)
    create_url = f"/{sandbox.servers['vpn-gateway'].pk}/create/"
    assert response.content.decode().count(create_url) == 2


def test_running_operations_link_to_progress_and_ended_ones_to_details(desk, page):
    view = desk.server("web-server-01")
    desk.restore(view, desk.snapshot(view))
    text = text_of(page("?q=web-server-01"))
    assert "View progress" in text
    assert "View details" not in text


def test_a_full_server_says_so_and_offers_no_create(page, sandbox):
    response = page("?q=db-server")
    body = response.content.decode()
    assert "The snapshot limit is reached" in text_of(response)
    assert f"/{sandbox.servers['db-server-01'].pk}/create/" not in body


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("vera", set()),
        ("omar", {"create"}),
        ("mia", {"create", "restore", "delete"}),
        ("ada", {"create", "restore", "delete"}),
    ],
)
def test_each_role_sees_only_the_buttons_it_may_use(cast, sandbox, signed_in, who, sees):
    person = getattr(cast, who)
    make_desk(person, sandbox.token)
    body = signed_in(person).get("/").content.decode()
    assert {verb for verb in ("create", "restore", "delete") if f'/{verb}/"' in body} == sees


def test_a_failed_snapshot_can_be_deleted_but_not_restored(page):
    body = page("?status=failed").content.decode()
    assert '/delete/"' in body
    assert '/restore/"' not in body


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?q=NGINX", ["web-server-01"]),
        ("?q=us-east", ["db-server-01", "vpn-gateway"]),
        ("?status=failed", ["mail-01"]),
        ("?q=finance&status=ready", ["db-server-01"]),
        ("?q=no-such-thing", []),
        ("?status=nonsense&sort=nonsense&page=nonsense&server=nonsense&q=mail", ["mail-01"]),
    ],
)
def test_the_filter_is_kept_in_the_query_string(page, query, names):
    assert names_in_order(page(query)) == names


def test_one_server_can_be_chosen(page, sandbox):
    assert names_in_order(page(f"?server={sandbox.servers['mail-01'].pk}")) == ["mail-01"]


def test_a_filter_that_hides_snapshots_says_how_many(page):
    text = text_of(page("?q=quarter-end"))
    assert "4 more snapshots do not match your filter" in text
    assert "5 of 5 snapshots" in text


def test_servers_can_be_ordered_by_newest_and_by_size(page):
    assert names_in_order(page("?sort=-size"))[:2] == ["build-runner-02", "db-server-01"]
    by_age = names_in_order(page("?sort=-created"))
    assert by_age.index("mail-01") < by_age.index("shop-staging")
    assert by_age[-1] == "vpn-gateway"


def test_htmx_gets_only_the_results_and_an_announcement_of_their_number(page):
    response = page("?q=mail", headers={"HX-Request": "true", "HX-Trigger": "filter"})
    assert "<html" not in response.content.decode()
    assert "1 server, 2 snapshots shown" in response["HX-Trigger"]


def test_a_list_that_names_all_servers_says_nothing_of_missing_ones(page):
    assert "are missing here" not in text_of(page())


def test_a_server_that_two_tokens_see_is_shown_once(desk, sandbox, signed_in):
    make_desk(desk.user, demo_data.issue_token(demo_data.TEAM_EMAIL, "second"), "Second token")
    response = signed_in(desk.user).get("/")
    assert len(names_in_order(response)) == 6
    assert len(ids_of(response)) == len(set(ids_of(response)))
    assert "Token: Second token" in text_of(response)
    chosen = signed_in(desk.user).get("/", {"token": desk.token.pk})
    assert "Token: Team token" in text_of(chosen)


def test_the_tokens_of_two_accounts_show_the_servers_of_both(desk, sandbox, signed_in):
    make_desk(desk.user, sandbox.other_token, "Mara's")
    assert {"mara-blog", "web-server-01"} <= set(names_in_order(signed_in(desk.user).get("/")))


def test_many_servers_are_paged(desk, sandbox, signed_in):
    account = Account.objects.get(pk=sandbox.account.pk)
    template = sandbox.servers["vpn-gateway"]
    filled = Snapshot.objects.filter(server=sandbox.servers["web-server-01"]).first()
    servers, snapshots = [], []
    for number in range(200):
        servers.append(copy(template))
        servers[-1].pk, servers[-1].name, servers[-1].account = 50_000 + number, f"zz-{number:03}", account
        snapshots.append(copy(filled))
        snapshots[-1].pk, snapshots[-1].server_id = 90_000 + number, 50_000 + number
    Server.objects.bulk_create(servers)
    Snapshot.objects.bulk_create(snapshots)
    assert Server.objects.count() > 200
    client = signed_in(desk.user)
    first = client.get("/")
    assert len(names_in_order(first)) == 20
    assert "Page 1 of 11" in text_of(first)
    last = client.get("/?page=11&sort=name")
    assert names_in_order(last)[-1] == "zz-199"
    assert "page=10&amp;sort=name" in last.content.decode()


def test_another_persons_token_is_not_found(desk, cast, signed_in, sandbox):
    view = desk.server()
    for name in ("server_detail", "server_status", "snapshot_create"):
        url = reverse(name, args=[desk.token.pk, view.server_id])
        assert signed_in(cast.ada).get(url).status_code == 404, name


def test_a_servers_page_shows_its_facts_and_recent_activity(desk, signed_in):
    view = desk.server()
    desk.create(view, name="before-facts")
    response = signed_in(desk.user).get(reverse("server_detail", args=[desk.token.pk, view.server_id]))
    text = text_of(response)
    for part in (view.name, view.server.ip_address, view.server.plan_name, "before-facts", "Create", "Mia"):
        assert part in text, part
    assert "in the audit log" not in text


def test_the_audit_log_is_linked_for_people_who_may_read_it(cast, sandbox, signed_in):
    desk = make_desk(cast.ada, sandbox.token)
    view = desk.server()
    response = signed_in(cast.ada).get(reverse("server_detail", args=[desk.token.pk, view.server_id]))
    url = f"{reverse('entry_list')}?server={view.server_id}"
    assert f'href="{url}"' in response.content.decode()


def test_an_unknown_server_is_not_found(desk, signed_in):
    assert signed_in(desk.user).get(reverse("server_detail", args=[desk.token.pk, 404404])).status_code == 404


def test_without_the_servers_list_snapshots_are_shown_and_the_page_says_what_it_cannot_see(
    cast, sandbox, signed_in
):
    token = demo_data.issue_token(demo_data.TEAM_EMAIL, "bare", ["snapshots.read", "snapshots.write"])
    desk = make_desk(cast.mia, token)
    response = signed_in(cast.mia).get("/")
    assert "vpn-gateway" not in names_in_order(response)
    assert "Servers without a snapshot are missing here" in text_of(response)
    assert "pre-migration" in text_of(response)
    view = desk.server("web-server-01")
    assert view.server is None
    detail = signed_in(cast.mia).get(reverse("server_detail", args=[desk.token.pk, view.server_id]))
    assert "cannot see when a restore ends" in text_of(detail)


@pytest.mark.django_db(transaction=True)
class TestWhileTheProviderIsDown:
    def test_the_last_list_stays_with_its_age_and_its_buttons_are_disabled(
        self, far_desk, http_sandbox, signed_in
    ):
        client = signed_in(far_desk.user)
        assert '/restore/"' in client.get("/").content.decode()
        http_sandbox.misbehave("status", status=503, times=0)
        with time_machine.travel(timezone.now() + timedelta(seconds=30)):
            response = client.get("/")
        body, text = response.content.decode(), text_of(response)
        assert "web-server-01" in text
        assert "The provider has an internal error" in text
        assert "Last confirmed 3" in text
        assert '/restore/"' not in body
        assert not re.search(r'href="/servers/[^"]*/create/"', body)
        assert not re.search(r'<input type="checkbox"[^>]* name="(server|snapshot)"', body)
        assert 'aria-disabled="true"' in body
        assert re.search(r'id="results"[^>]* hx-trigger="every \d+s"', body)

    def test_when_it_answers_again_the_polling_stops_and_the_buttons_are_back(
        self, far_desk, http_sandbox, signed_in
    ):
        client = signed_in(far_desk.user)
        client.get("/")
        http_sandbox.misbehave("status", status=503, times=0)
        with time_machine.travel(timezone.now() + timedelta(seconds=30)):
            client.get("/")
        http_sandbox.behave()
        with time_machine.travel(timezone.now() + timedelta(seconds=120)):
            body = client.get("/", headers={"HX-Request": "true"}).content.decode()
        assert '/restore/"' in body
        assert not re.search(r'id="results"[^>]* hx-trigger="every', body)

    def test_a_token_that_is_stored_twice_is_reported_once(self, far_desk, http_sandbox, signed_in):
        make_desk(far_desk.user, http_sandbox.sandbox.token, "The same again")
        http_sandbox.misbehave("status", status=503, times=0)
        assert text_of(signed_in(far_desk.user).get("/")).count("The provider has an internal error") == 1

    def test_the_page_says_that_a_list_was_never_read(self, far_desk, http_sandbox, signed_in):
        http_sandbox.misbehave("status", status=503, times=0)
        text = text_of(signed_in(far_desk.user).get("/"))
        assert "Nothing to show yet" in text
        assert "keeps retrying" in text

    def test_a_refused_token_leads_to_replacing_it(self, far_desk, http_sandbox, signed_in):
        http_sandbox.misbehave("status", status=401, times=0)
        response = signed_in(far_desk.user).get("/")
        assert "The provider refuses this token" in text_of(response)
        assert reverse("token_replace", args=[far_desk.token.pk]) in response.content.decode()
