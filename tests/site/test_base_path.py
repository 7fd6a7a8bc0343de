"""The portal under a path of a shared host: every URL, cookie and redirect is below that path."""

import re
from http.cookies import SimpleCookie

import httpx
import pytest

from tests.support.portal_process import START, accounts, serving
from tests.support.reverse_proxy import ELSEWHERE, proxy_for

BASE = "/snapshots/"
"""On purpose also the first part of some of the portal's URLs."""
LINK = re.compile(r"""(?:href|src|action|hx-get|hx-post)="(/[^"]*)\"""")


@pytest.fixture(scope="module")
def portal(sandbox_data):
    """The portal with the sandbox, started under a path, and its data folder."""
    with serving(sandbox_data, program=START, BASE_PATH="/snapshots", TRUSTED_PROXIES="127.0.0.1") as client:
        yield client, sandbox_data


@pytest.fixture
def host(portal):
    """A client at the host that the portal shares, whose web server passes on the whole path."""
    with (
        proxy_for(portal[0].base_url.port, BASE) as proxy,
        httpx.Client(base_url=proxy.url, trust_env=False, verify=False) as client,
    ):
        yield client


def cookies_of(answer: httpx.Response) -> SimpleCookie:
    told = SimpleCookie()
    for line in answer.headers.get_list("Set-Cookie"):
        told.load(line)
    return told


def cookie_header(*answers: httpx.Response) -> dict[str, str]:
    """The cookies as a browser sends them; httpx stores no Secure cookie of a plain http URL."""
    kept = {name: one.value for answer in answers for name, one in cookies_of(answer).items()}
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in kept.items())}


def try_in(host: httpx.Client, folder, username: str = "manager", **fields: str):
    page = host.get(f"{BASE}sign-in/")
    csrf = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    form = {"username": username, "password": accounts(folder)[username], "csrfmiddlewaretoken": csrf}
    return host.post(f"{BASE}sign-in/", data=form | fields, headers=cookie_header(page))


@pytest.fixture(scope="module")
def admin(portal) -> dict[str, str]:
    """The cookie header of an admin's session."""
    return cookie_header(try_in(portal[0], portal[1], "admin"))


def test_an_anonymous_request_is_redirected_to_the_sign_in_below_the_path(host):
    answer = host.get(BASE)
    assert (answer.status_code, answer.headers["Location"]) == (
        302, f"{BASE}sign-in/?next={BASE}",
    )  # fmt: skip
    fragment = host.get(BASE, headers={"HX-Request": "true"})
    assert fragment.headers["HX-Redirect"] == f"{BASE}sign-in/?next={BASE}&ended=1"


def test_the_path_without_its_last_slash_leads_to_the_portal(host):
    assert host.get(BASE.rstrip("/")).headers["Location"] == BASE


def test_cookies_are_sent_to_the_portal_only(host, portal):
    page = host.get(f"{BASE}sign-in/")
    answer = try_in(host, portal[1])
    assert (answer.status_code, answer.headers["Location"]) == (302, BASE)
    cookies = cookies_of(page) | cookies_of(answer)
    assert set(cookies) == {"__Secure-csrf", "__Secure-device", "__Secure-session"}
    for cookie in cookies.values():
        assert (cookie["path"], cookie["domain"]) == (BASE, "")
        assert cookie["secure"]
        assert cookie["httponly"]


def test_signing_out_deletes_the_cookie_under_its_path(host, portal):
    session = try_in(host, portal[1])
    page = host.get(f"{BASE}help/", headers=cookie_header(session))
    csrf = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    out = host.post(
        f"{BASE}sign-out/", data={"csrfmiddlewaretoken": csrf}, headers=cookie_header(session, page)
    )
    assert out.headers["Location"] == f"{BASE}sign-in/"
    gone = cookies_of(out)["__Secure-session"]
    assert (gone.value, gone["path"]) == ("", BASE)


@pytest.mark.parametrize(
    ("username", "wanted", "expected"),
    [
        ("manager", f"{BASE}tokens/", f"{BASE}tokens/"),
        ("manager", f"{BASE}?q=web", f"{BASE}?q=web"),
        ("auditor", BASE, f"{BASE}audit/"),
        ("manager", "/", BASE),
        ("manager", "/tokens/", BASE),
        ("manager", "/snapshots", BASE),
        ("manager", "/snapshotsevil/", BASE),
        ("manager", f"{BASE}../other/", BASE),
        ("manager", f"{BASE}%2e%2e/other/", BASE),
        ("manager", f"{BASE}..\\other/", BASE),
        ("manager", f"{BASE}/evil.example/", BASE),
    ],
)
def test_a_sign_in_leads_to_no_other_application_of_the_host(host, portal, username, wanted, expected):
    answer = try_in(host, portal[1], username, next=wanted)
    assert (answer.status_code, answer.headers["Location"]) == (302, expected)


def test_after_an_ended_session_a_fragment_request_leads_back_to_its_page(host):
    here = f"{BASE}servers/x/12345/?alone=1"
    headers = {"HX-Request": "true", "HX-Current-URL": f"{host.base_url}{here}"}
    answer = host.get(f"{BASE}servers/x/12345/status/", headers=headers)
    assert answer.headers["HX-Redirect"] == f"{BASE}sign-in/?next={BASE}servers/x/12345/%3Falone%3D1&ended=1"


def test_after_an_ended_session_a_form_leads_back_to_its_page(host):
    form = host.get(f"{BASE}sign-in/")
    csrf = form.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    page, button = f"{BASE}servers/x/12345/create/", f"{BASE}notifications/read/"
    for path, expected in [(page, page), (button, f"{BASE}notifications/")]:
        headers = {"Referer": f"{host.base_url}{expected}", **cookie_header(form)}
        answer = host.post(path, data={"csrfmiddlewaretoken": csrf}, headers=headers)
        assert answer.headers["Location"] == f"{BASE}sign-in/?next={expected}&ended=form"


PAGES = {"": "Servers", "tokens/": "Tokens", "audit/": "Audit log", "people/": "People", "help/": "Help"}


@pytest.mark.parametrize("page", [*PAGES, "people/add/", "account/", "nothing/", "attention/"])
def test_every_link_of_a_page_stays_below_the_path(host, admin, page):
    text = host.get(f"{BASE}{page}", headers=admin).text
    links = LINK.findall(text)
    assert len(links) > 5
    assert [link for link in links if not link.startswith(BASE)] == []


@pytest.mark.parametrize("page", PAGES)
def test_the_navigation_marks_the_current_page(host, admin, page):
    text = host.get(f"{BASE}{page}", headers=admin).text
    current = re.findall(r'<a href="([^"]*)" aria-current="page">', text.partition("<main")[0])
    assert current == [BASE + page]


def test_static_files_are_served_below_the_path(host):
    page = host.get(f"{BASE}sign-in/").text
    for file in re.findall(r"""(?:href|src)="(/[^"]*/static/[^"]*)\"""", page):
        answer = host.get(file)
        assert answer.status_code == 200, file
        assert "immutable" in answer.headers["Cache-Control"]
    assert host.get(f"{BASE}static/nothing.css").status_code == 404


def test_an_invitation_link_on_the_page_is_below_the_path(host, admin):
    page = host.get(f"{BASE}people/add/", headers=admin)
    csrf = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    form = {"csrfmiddlewaretoken": csrf, "username": "nora", "name": "Nora", "role": "viewer"}
    cookies = {"Cookie": f"{admin['Cookie']}; {cookie_header(page)['Cookie']}"}
    answer = host.post(f"{BASE}people/add/", data=form, headers=cookies)
    (link,) = re.findall(r'value="(http[^"]*/welcome/[^"]*)"', answer.text)
    assert link.startswith(f"{host.base_url}{BASE}welcome/")
    assert host.get(link).status_code == 200


def test_start_prints_the_complete_url(portal):
    client, folder = portal
    assert f"{client.base_url}{BASE}\n" in (folder.parent / "printed.txt").read_text()


def test_only_requests_below_the_path_reach_the_portal(host):
    for path in ("/", "/sign-in/", "/snapshotsx/"):
        assert host.get(path).content == ELSEWHERE


@pytest.mark.parametrize("path", ["livez", "readyz"])
def test_health_checks_answer_with_and_without_the_path(host, portal, path):
    assert host.get(f"{BASE}{path}").status_code == 200
    assert portal[0].get(f"/{path}").status_code == 200


@pytest.mark.parametrize("page", ["", "sign-in/", "servers/x/12345/", "nothing/"])
def test_a_web_server_that_removes_the_path_gets_a_page_that_says_so(portal, page):
    with proxy_for(portal[0].base_url.port, BASE, strips=True) as proxy:
        answer = httpx.get(f"{proxy.url}{BASE}{page}", trust_env=False, verify=False)
    assert answer.status_code == 404
    assert "The portal is not at this address" in answer.text
    assert "removes /snapshots/ from the address" in answer.text
    assert "docs/operators.md" in answer.text


def test_a_missing_page_below_the_path_is_not_found(host):
    assert "Page not found" in host.get(f"{BASE}nothing/").text
