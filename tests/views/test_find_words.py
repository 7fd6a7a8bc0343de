"""The search over everything finds pages by other words for them, and things by their numbers."""

import pytest
from django.urls import reverse
from django.utils import translation

from snapshots.templatetags.portal import id_text
from snapshots.views.server_filter import search_word
from snapshots.views.texts.pages import PAGES, SEARCH_WORDS
from tests.support.batches import create_many, roomy
from tests.support.finding import found

pytestmark = pytest.mark.django_db
SERVER = "web-server-01"


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("dark", "look_edit"),
        ("Theme", "look_edit"),
        ("time zone", "look_edit"),
        ("password", "account_detail"),
        ("account password", "account_detail"),
    ],
)
def test_pages_are_found_by_other_words_for_them(text, page, mia):
    assert found(mia, text)["Pages"][0] == (reverse(page), str(PAGES[page]))


def test_other_words_are_of_pages_and_open_no_page_that_is_not_open_before(mia, ada):
    assert set(SEARCH_WORDS) <= set(PAGES)
    assert "Pages" not in found(mia, "health version")
    assert found(ada, "health version")["Pages"] == [(reverse("system_detail"), "System")]


def test_an_id_is_found_as_pages_print_it(desk, mia):
    view = desk.server(SERVER)
    snapshot = desk.snapshot(view)
    for text in (
        f"ID {view.server_id}",
        f"#{view.server_id}",
        f"id{view.server_id}",
        f"ID #{view.server_id}",
    ):
        assert SERVER in [name for _url, name in found(mia, text)["Servers"]], text
    assert snapshot.name in [name for _url, name in found(mia, f"ID {snapshot.id}")["Snapshots"]]
    page = mia.get(reverse("server_list"), {"q": f"ID {view.server_id}"}).text
    assert f'id="server-{view.server_id}-link"' in page
    with translation.override("fr"):
        assert search_word(id_text(802)) == "802"


def test_an_operation_is_found_by_its_number_by_those_who_may_see_it(desk, mia, cast, signed_in):
    operation = desk.create(desk.server(SERVER), "before-friday")
    hit = (reverse("operation_detail", args=[operation.pk]), str(operation.pk))
    for text in (str(operation.pk), operation.pk.hex, str(operation.pk)[:8], str(operation.pk)[:13].upper()):
        assert found(mia, text)["By their number"] == [hit], text
        assert "By their number" not in found(signed_in(cast.vera), text)
    assert "By their number" not in found(mia, str(operation.pk)[:7])
    job = create_many(desk, roomy(desk))
    assert found(mia, str(job.pk))["By their number"] == [(reverse("job_detail", args=[job.pk]), str(job.pk))]


def test_kinds_of_entries_are_found_by_readers_of_the_log(cast, mia, signed_in):
    aron = signed_in(cast.aron)
    url = reverse("entry_list") + "?action=snapshot.create"
    assert (url, "Create a snapshot") in found(aron, "create")["Actions in the audit log"]
    assert found(aron, "snapshot.create")["Actions in the audit log"] == [(url, "Create a snapshot")]
    assert aron.get(url).status_code == 200
    assert "Actions in the audit log" not in found(mia, "create")
