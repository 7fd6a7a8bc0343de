"""A restore asks for the server's name as displayed: characters that no page shows need not be typed."""

import unicodedata

import pytest
from django.urls import reverse

from snapshots.inventory.names import looks_like, visible_name
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Operation
from snapshots.sandbox.demo_data import issue_token
from snapshots.sandbox.models import Server
from tests.support.desk import make_desk
from tests.support.pages import confirm, text_of

pytestmark = pytest.mark.django_db

ACUTE = "caf\u00e9-server"
DISPLAYED_AS = {
    "a leading space": (" web", "web"),
    "a trailing space": ("web ", "web"),
    "two spaces": ("web  server", "web server"),
    "a tab": ("web\tserver", "web server"),
    "a line break": ("web\nserver", "web server"),
    "a carriage return": ("web\r\nserver", "web server"),
    "a form feed": ("web\x0cserver", "web server"),
    "a no-break space": ("web\u00a0server", "web server"),
    "a narrow no-break space": ("web\u202fserver", "web server"),
    "an ideographic space": ("web\u3000server", "web server"),
    "a line separator": ("web\u2028server", "web server"),
    "an empty Braille cell": ("web\u2800server", "web server"),
    "a zero-width space": ("web\u200bserver", "webserver"),
    "a zero-width joiner": ("web\u200dserver", "webserver"),
    "a word joiner": ("web\u2060server", "webserver"),
    "a byte-order mark": ("\ufeffweb", "web"),
    "a soft hyphen": ("web\u00adserver", "webserver"),
    "a space between invisible characters": ("web\u200b \u200b server", "web server"),
    "letters that are composed": (ACUTE, unicodedata.normalize("NFD", ACUTE)),
    "letters that are not composed": (unicodedata.normalize("NFD", ACUTE), ACUTE),
    "the sign of kelvin": ("\u212a8s", "K8s"),
}
LOOKS_DIFFERENT = {
    "another case": ("Web", "web"),
    "a superscript": ("web\u00b2", "web2"),
    "a visible space": ("web server", "webserver"),
    "another server": ("web-server-01", "web-server-02"),
    "a Cyrillic letter": ("w\u0435b", "web"),
}


def restore(desk, name: str, typed: str) -> Operation:
    Server.objects.filter(name="web-server-01").update(name=name)
    view = next(one for one in desk.views() if "pre-migration" in {snap.name for snap in one.snapshots})
    return desk.restore(view, desk.snapshot(view), typed_name=typed)


@pytest.mark.parametrize(("name", "typed"), DISPLAYED_AS.values(), ids=DISPLAYED_AS)
def test_a_name_can_be_typed_as_it_is_displayed(desk, name, typed):
    assert restore(desk, name, typed).pk


@pytest.mark.parametrize(("name", "typed"), DISPLAYED_AS.values(), ids=DISPLAYED_AS)
def test_the_page_compares_names_as_the_operation_does(desk, signed_in, name, typed):
    Server.objects.filter(name="web-server-01").update(name=name)
    view = next(one for one in desk.views() if "pre-migration" in {snap.name for snap in one.snapshots})
    url = reverse("snapshot_restore", args=[desk.token.pk, desk.snapshot(view).id])
    client = signed_in(desk.user)
    assert "type its name exactly" in text_of(confirm(client, url, typed_name="another", reason=""))
    assert "type its name exactly" not in text_of(confirm(client, url, typed_name=typed, reason=""))
    assert confirm(client, url, typed_name=typed, reason="needed").status_code == 302


@pytest.mark.parametrize(("name", "typed"), LOOKS_DIFFERENT.values(), ids=LOOKS_DIFFERENT)
def test_a_typed_name_that_looks_different_is_refused(desk, name, typed):
    with pytest.raises(OperationRefusedError, match="name_mismatch"):
        restore(desk, name, typed)
    assert not Operation.objects.exists()


@pytest.mark.parametrize("name", ["", " ", "\t\n", "\u00a0", "\u200b\u200b", "\u3164", "\u2800"])
def test_an_invisible_name_is_replaced_by_the_hostname(desk, name):
    Server.objects.filter(name="web-server-01").update(name=name, hostname="web.example.com")
    assert "web.example.com" in {view.name for view in desk.views()}


@pytest.mark.parametrize("name", ["", " ", "\u00a0", "\u200b"])
def test_a_server_without_a_visible_name_or_hostname_is_named_by_its_id(desk, signed_in, name):
    server = Server.objects.get(name="web-server-01")
    Server.objects.filter(pk=server.pk).update(name=name, hostname=name)
    view = next(one for one in desk.views() if one.server_id == server.pk)
    assert view.name == str(server.pk)
    url = reverse("snapshot_restore", args=[desk.token.pk, desk.snapshot(view).id])
    assert f"type the server's name: {server.pk} " in text_of(signed_in(desk.user).get(url))
    assert confirm(signed_in(desk.user), url, typed_name=str(server.pk), reason="needed").status_code == 302


def test_a_server_without_a_visible_name_is_named_by_its_id_without_a_servers_list(cast, sandbox):
    server = Server.objects.get(name="web-server-01")
    Server.objects.filter(pk=server.pk).update(name=" \u200b")
    desk = make_desk(cast.mia, issue_token(sandbox.account.email, "no servers", ["snapshots.read"]))
    assert str(server.pk) in {view.name for view in desk.views()}


def test_a_server_is_found_in_the_list_by_its_displayed_name(desk, signed_in):
    Server.objects.filter(name="web-server-01").update(name="shop\u00a0 \u200bfront")
    assert "1 server" in text_of(signed_in(desk.user).get("/", {"q": "shop front"}))


def test_normalising_twice_changes_nothing():
    for name, _typed in DISPLAYED_AS.values():
        assert visible_name(visible_name(name)) == visible_name(name)
        assert looks_like(name, name)
