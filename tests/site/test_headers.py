"""Headers and cookies of errors, files and the sign-in, and the targets of redirects.

Those of every URL for every role: tests/views/test_access_matrix.py.
"""

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import BadRequest
from django.db import OperationalError
from django.test import Client
from django.urls import path

from snapportal.urls import urlpatterns as real_patterns
from tests.support.answer_headers import check_headers, check_page

PASSWORD = "correct horse battery"


def fail(request):
    raise RuntimeError("a fault of ours")


def misread(request):
    raise BadRequest("no")


def lose_database(request):
    raise OperationalError("gone")


urlpatterns = [
    *real_patterns,
    path("fault/", fail),
    path("misread/", misread),
    path("no-database/", lose_database),
]
handler400 = "snapshots.views.errors.bad_request"
handler403 = "snapshots.views.errors.permission_denied"
handler404 = "snapshots.views.errors.not_found"
handler500 = "snapshots.views.errors.server_error"


@pytest.mark.django_db
@pytest.mark.urls("tests.site.test_headers")
@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("/misread/", 400),
        ("/people/", 403),
        ("/nothing/", 404),
        ("/help/", 405),
        ("/fault/", 500),
        ("/no-database/", 503),
    ],
)
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "fragment"])
def test_every_error_page_has_the_headers_and_says_what_to_do(cast, url, status, headers):
    browser = Client(raise_request_exception=False)
    browser.force_login(cast.vera)
    send = browser.post if status == 405 else browser.get
    answer = send(url, headers=headers)
    assert answer.status_code == status
    check_headers(answer, url)
    text = answer.content.decode()
    assert "Traceback" not in text
    assert "a fault of ours" not in text
    if status != 405:
        check_page(answer, url)
        assert ("<html" in text) is not bool(headers)


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "fragment"])
def test_a_form_of_another_site_is_refused_with_the_headers(cast, headers):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.mia)
    answer = browser.post("/tokens/add/", {"label": "x", "token": "y" * 20}, headers=headers)
    assert answer.status_code == 403
    check_headers(answer, "csrf")
    check_page(answer, "csrf")


@pytest.mark.django_db
def test_an_unknown_host_is_refused_with_the_headers():
    answer = Client().get("/sign-in/", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    check_headers(answer, "host")
    assert "evil.example" not in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["app.css", "print.css", "app.js", "favicon.svg", "django_htmx/htmx-2.min.js"]
)
def test_static_files_have_the_headers(settings, name):
    settings.WHITENOISE_USE_FINDERS = True
    answer = Client().get(f"/static/{name}")
    assert answer.status_code == 200, name
    check_headers(answer, name, is_file=True)
    assert "charset=" in answer["Content-Type"]
    assert "Set-Cookie" not in answer.headers
    assert not answer.cookies


@pytest.mark.django_db
@pytest.mark.parametrize(
    "url", ["/static/nothing.css", "/static/../settings.py", "/static/%2e%2e/manage.py", "/static/"]
)
def test_a_missing_static_file_is_not_found(url):
    answer = Client().get(url)
    assert answer.status_code == 404
    check_headers(answer, url)


def test_a_session_begins_with_the_sign_in_and_ends_with_the_sign_out(cast):
    browser = Client()
    browser.get("/")
    page = browser.get("/sign-in/")
    assert set(page.cookies) <= {django_settings.CSRF_COOKIE_NAME}
    wrong = browser.post("/sign-in/", {"username": "mia", "password": "wrong"})
    assert django_settings.SESSION_COOKIE_NAME not in wrong.cookies
    answer = browser.post("/sign-in/", {"username": "mia", "password": PASSWORD})
    check_headers(answer, "sign-in")
    session = answer.cookies[django_settings.SESSION_COOKIE_NAME]
    assert 0 < session["max-age"] <= 60 * 60 * 12
    gone = browser.post("/sign-out/")
    check_headers(gone, "sign-out")
    assert gone.cookies[django_settings.SESSION_COOKIE_NAME].value == ""


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "http:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://testserver@evil.example/",
    "https://testserver.evil.example/",
    "\t//evil.example/",
    " //evil.example",
    "//%65vil.example",
    "http://[",
    "evil.example",
]


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_next_never_leads_to_another_site(cast, wanted):
    answer = Client().post("/sign-in/", {"username": "mia", "password": PASSWORD, "next": wanted})
    assert (answer.status_code, answer["Location"]) == (302, "/")


@pytest.mark.parametrize("wanted", ["/audit/?text=a%20b&page=2", "/help/", "http://testserver.evil/"])
def test_a_next_of_this_site_is_followed_after_sign_in(cast, wanted):
    page = Client().get("/sign-in/", {"next": wanted}).content.decode()
    assert wanted.replace("&", "&amp;") in page
    answer = Client().post("/sign-in/", {"username": "mia", "password": PASSWORD, "next": wanted})
    assert answer["Location"] == (wanted if wanted.startswith("/") else "/")


@pytest.mark.parametrize(
    ("current", "expected"),
    [
        ("http://testserver/servers/a/7/?x=1", "/sign-in/?next=/servers/a/7/%3Fx%3D1"),
        ("https://evil.example/", "/sign-in/?next=/"),
        ("http://[", "/sign-in/?next=/"),
        ("", "/sign-in/?next=/"),
    ],
)
def test_after_an_ended_session_a_fragment_request_redirects_the_whole_page_to_sign_in(
    cast, signed_in, current, expected
):
    browser = signed_in(cast.vera)
    browser.session.flush()
    answer = browser.get("/", headers={"HX-Request": "true", "HX-Current-URL": current})
    assert answer.status_code == 200
    assert answer["HX-Redirect"] == f"{expected}&ended=1"
    assert answer.content == b""
    check_headers(answer, current)


def test_the_header_settings_also_hold_with_a_real_provider():
    assert django_settings.SECURE_CONTENT_TYPE_NOSNIFF
    assert django_settings.SESSION_COOKIE_SECURE
    assert django_settings.CSRF_COOKIE_HTTPONLY
    names = {name for name in dir(django_settings) if name.endswith("_COOKIE_NAME")}
    assert all(str(getattr(django_settings, name)).startswith("__Host-") for name in names)
    domains = {name for name in dir(django_settings) if name.endswith("_COOKIE_DOMAIN")}
    assert not any(getattr(django_settings, name) for name in domains)
