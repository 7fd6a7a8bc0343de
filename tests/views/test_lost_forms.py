"""After a form that was sent without a session, sign-in leads back to the page with the form, and says that it is empty."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from snapshots.views.access import LOST_FORM
from tests.accounts.test_sign_in import try_in
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db
SITE = "http://testserver"
CREATE = reverse("snapshot_create", args=["nosuchtokn", 12350])
READ = reverse("notification_read")
LIST = reverse("notification_list")


def send(client, path: str, **headers: str):
    return client.post(path, {"name": "before-update"}, headers=headers)


def next_after(client, path: str, **headers: str) -> str:
    """Where the sign-in page leads after this form."""
    asked = parse_qs(urlsplit(send(client, path, **headers)["Location"]).query)
    assert asked["ended"] == [LOST_FORM]
    return asked["next"][0]


@pytest.mark.parametrize("path", [CREATE, f"{CREATE}?from=list", reverse("look_edit")])
def test_a_page_that_takes_its_own_form_is_the_next_one(cast, client, path):
    assert next_after(client, path, Referer=f"{SITE}{reverse('token_list')}") == path
    assert try_in(client, next=path)["Location"] == path


def test_the_notice_says_that_what_was_typed_is_not_kept(client):
    page = text_of(client.get(send(client, CREATE)["Location"]))
    assert "What you typed was not kept: fill it in again" in page
    assert "What you typed" not in text_of(client.get(client.get(CREATE)["Location"]))


def test_a_button_on_another_page_leads_back_to_that_page_with_its_query(client):
    assert next_after(client, READ, Referer=f"{SITE}{LIST}?page=2#n7") == f"{LIST}?page=2"


@pytest.mark.parametrize(
    "referer",
    [
        "https://evil.example/tokens/",
        "//evil.example/tokens/",
        f"{SITE}.evil.example/tokens/",
        f"{SITE}/nothing/",
        f"{SITE}{reverse('sign_out')}",
        "javascript:alert(1)",
        "http://[",
        "",
    ],
)
def test_no_other_address_that_the_browser_names_is_used(client, referer):
    assert next_after(client, READ, Referer=referer) == LIST


def test_where_no_page_is_named_it_is_the_page_about_the_same_thing(client):
    pk = "00000000-0000-0000-0000-000000000007"
    assert next_after(client, reverse("job_cancel", args=[pk])) == reverse("job_detail", args=[pk])


def test_a_form_that_a_part_of_a_page_sent_says_so_too(client):
    page = reverse("review_entries")
    headers = {"HX-Request": "true", "HX-Current-URL": f"{SITE}{page}"}
    answer = client.post(reverse("review_mark", args=[4]), {}, headers=headers)
    assert answer["HX-Redirect"] == f"{reverse('sign_in')}?next={page}&ended={LOST_FORM}"
