"""Confirmation pages: they say what will happen, and keep typed values when a request is refused."""

import pytest
from django.urls import reverse

from snapshots.operations.models import Action, Operation, State
from snapshots.sandbox.models import Snapshot
from tests.support.desk import make_desk
from tests.support.pages import confirm, hidden, text_of

pytestmark = pytest.mark.django_db


def url_of(verb: str, desk, view, snapshot=None) -> str:
    name = f"snapshot_{verb}"
    if verb == "create":
        return reverse(name, args=[desk.token.pk, view.server_id])
    return reverse(name, args=[desk.token.pk, (snapshot or desk.snapshot(view)).id])


@pytest.fixture
def mia(desk, signed_in):
    return signed_in(desk.user)


def test_a_get_sends_nothing(desk, mia):
    view = desk.server()
    for verb in ("create", "restore", "delete"):
        assert mia.get(url_of(verb, desk, view)).status_code == 200
    assert not Operation.objects.exists()


def test_create_proposes_a_name_that_is_free(desk, mia):
    view = desk.server()
    body = mia.get(url_of("create", desk, view)).content.decode()
    assert 'value="before-change-' in body
    first = body.split('value="before-change-')[1].split('"')[0]
    desk.create(view, name=f"before-change-{first}")
    assert f'value="before-change-{first}-2"' in mia.get(url_of("create", desk, view)).content.decode()


def test_create_leads_to_the_operations_page(desk, mia):
    response = confirm(mia, url_of("create", desk, desk.server()), name="before-upgrade", description="nginx")
    operation = Operation.objects.get()
    assert response["Location"] == reverse("operation_detail", args=[operation.pk])
    assert (operation.snapshot_name, operation.state) == ("before-upgrade", State.ACCEPTED)
    assert "The snapshot is being created" in text_of(mia.get(response["Location"]))


@pytest.mark.parametrize("name", ["has space", "umläut", "a/b", "x" * 101, "", "dot.ted"])
def test_a_bad_name_is_refused_with_a_reason_and_what_was_typed_stays(desk, mia, name):
    response = confirm(
        mia, url_of("create", desk, desk.server()), name=name, description="my words", reason="T-1"
    )
    assert response.status_code == 422
    body = response.content.decode()
    assert "my words" in body
    assert "T-1" in body
    assert 'aria-invalid="true"' in body
    assert not Operation.objects.exists()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("good-name", "can be used"),
        ("has space", "use hyphens"),
        ("umläut", "Only the letters"),
        ("pre-migration", "easy to confuse"),
        ("x" * 101, "too long"),
        ("ö ü", "use hyphens, as in before-update. Only the letters"),
    ],
)
def test_a_name_is_checked_while_it_is_typed(desk, mia, name, says):
    view = desk.server("web-server-01")
    url = reverse("snapshot_name_check", args=[desk.token.pk, view.server_id])
    response = mia.get(url, {"name": name}, headers={"HX-Request": "true"})
    assert says in text_of(response)
    assert "<html" not in response.content.decode()


def test_a_running_server_is_warned_about_and_a_stopped_one_is_not(desk, mia):
    assert "The server is running" in text_of(mia.get(url_of("create", desk, desk.server("web-server-01"))))
    assert "The server is running" not in text_of(
        mia.get(url_of("create", desk, desk.server("shop-staging")))
    )


def test_a_full_server_gets_no_form_but_links_to_delete_snapshots(desk, mia):
    response = mia.get(url_of("create", desk, desk.server("db-server-01")))
    body = response.content.decode()
    assert 'name="confirmation"' not in body
    assert body.count("/delete/") == 5


def test_restore_says_what_will_be_lost(desk, mia):
    view = desk.server("web-server-01")
    snapshot = next(one for one in view.snapshots if one.name == "pre-migration")
    text = text_of(mia.get(url_of("restore", desk, view, snapshot)))
    for part in (
        "web-server-01",
        "pre-migration",
        "Everything written since then (6 days) will be lost",
        "5 to 15 minutes",
        "is stopped",
        "cannot be undone",
    ):
        assert part in text, part


def test_restore_requires_the_servers_name_and_a_reason(desk, mia):
    view = desk.server()
    url = url_of("restore", desk, view)
    for nothing in ("", " ", "\u200b", "\u2800\u00ad"):
        assert confirm(mia, url, typed_name=view.name, reason=nothing).status_code == 422
    response = confirm(mia, url, typed_name="another-server", reason="the upgrade went wrong")
    assert response.status_code == 422
    assert "is not this server's name" in text_of(response)
    assert "the upgrade went wrong" in response.content.decode()
    assert not Operation.objects.exists()


def test_a_wrong_server_name_and_a_missing_reason_are_shown_together(desk, mia):
    response = confirm(mia, url_of("restore", desk, desk.server()), typed_name="another-server")
    assert response.status_code == 422
    text = text_of(response)
    assert "type its name exactly" in text
    assert "Enter a reason" in text
    assert "<title>Error: Restore" in response.content.decode()
    assert not Operation.objects.exists()


def test_a_page_opened_by_get_has_no_error_in_its_title(desk, mia):
    assert "Error:" not in mia.get(url_of("restore", desk, desk.server())).content.decode()


def test_the_name_field_is_described_by_the_result_of_its_check(desk, mia):
    body = mia.get(url_of("create", desk, desk.server())).content.decode()
    assert 'aria-describedby="id_name_helptext name-check"' in body


def test_on_a_full_server_a_restore_asks_which_snapshot_may_be_deleted_for_the_present_state(desk, mia):
    view = desk.server("db-server-01")
    response = mia.get(url_of("restore", desk, view))
    assert "All places are taken: which snapshot may be deleted for the new one?" in text_of(response)
    choices = [value for value, _label in response.context["form"].fields["make_room"].widget.choices]
    assert len(choices) == view.used - 1
    assert not any(choice.startswith(f"{desk.snapshot(view).id}:") for choice in choices)


def test_restore_leads_to_the_operations_page(desk, mia):
    view = desk.server()
    response = confirm(
        mia, url_of("restore", desk, view), typed_name=view.name, reason="the upgrade went wrong"
    )
    assert response.status_code == 302
    assert Operation.objects.get().action == Action.RESTORE
    assert "The server is being restored" in text_of(mia.get(response["Location"]))


def test_a_form_that_is_sent_twice_leads_to_the_same_operation(desk, mia):
    view = desk.server()
    url = url_of("delete", desk, view)
    fields = {"confirmation": hidden(mia.get(url), "confirmation"), "understood": "on"}
    first, second = mia.post(url, fields), mia.post(url, fields)
    assert first["Location"] == second["Location"]
    assert Operation.objects.count() == 1


def test_delete_names_the_snapshot_and_requires_a_tick(desk, mia):
    view = desk.server("web-server-01")
    snapshot = desk.snapshot(view)
    url = url_of("delete", desk, view, snapshot)
    page = mia.get(url)
    for part in (snapshot.name, view.name, "cannot be recovered", "no longer be restored"):
        assert part in text_of(page), part
    assert confirm(mia, url).status_code == 422
    assert not Operation.objects.exists()
    response = confirm(mia, url, understood="on", reason="too old")
    assert "The snapshot was deleted" in text_of(mia.get(response["Location"]))
    assert Operation.objects.get().reason == "too old"


def test_a_snapshot_that_changed_meanwhile_must_be_confirmed_again(desk, mia):
    view = desk.server()
    url = url_of("restore", desk, view)
    confirmation = hidden(mia.get(url), "confirmation")
    Snapshot.objects.filter(pk=desk.snapshot(view).id).update(description="Replaced by somebody")
    fields = {"typed_name": view.name, "reason": "needed"}
    response = mia.post(url, {"confirmation": confirmation, **fields})
    assert response.status_code == 409
    assert "has changed since you opened this page" in text_of(response)
    assert "Replaced by somebody" in text_of(response)
    again = mia.post(url, {"confirmation": hidden(response, "confirmation"), **fields})
    assert again.status_code == 302


def test_the_page_says_that_a_snapshot_is_gone(desk, mia):
    view = desk.server()
    snapshot = desk.snapshot(view)
    url = url_of("restore", desk, view, snapshot)
    confirmation = hidden(mia.get(url), "confirmation")
    Snapshot.objects.filter(pk=snapshot.id).delete()
    response = mia.post(url, {"confirmation": confirmation, "typed_name": view.name, "reason": "needed"})
    assert response.status_code == 409
    assert "no longer there" in text_of(response)
    assert mia.get(url).status_code == 404


def test_a_modified_confirmation_is_refused(desk, mia):
    view = desk.server()
    url = url_of("delete", desk, view)
    response = mia.post(url, {"confirmation": hidden(mia.get(url), "confirmation") + "x", "understood": "on"})
    assert response.status_code == 409
    assert "is not valid here" in text_of(response)
    assert not Operation.objects.exists()


def test_while_a_restore_runs_an_override_requires_a_reason(desk, mia):
    view = desk.server()
    desk.restore(view, desk.snapshot(view))
    url = url_of("delete", desk, view)
    page = mia.get(url)
    assert "A restore of this server is running" in text_of(page)
    refused = confirm(mia, url, understood="on")
    assert refused.status_code == 409
    assert text_of(refused).count("A restore of this server is running") == 1
    assert "Enter why it must be done now" in text_of(refused)
    assert Operation.objects.count() == 1
    assert confirm(mia, url, understood="on", override_reason="The provider told us to").status_code == 302
    assert "The provider told us to" in Operation.objects.get(action=Action.DELETE).reason


def test_a_person_who_may_not_restore_is_offered_no_override(cast, desk, sandbox, signed_in):
    omars = make_desk(cast.omar, sandbox.token)
    view = desk.server()
    desk.restore(view, desk.snapshot(view))
    omar = signed_in(cast.omar)
    url = url_of("create", omars, view)
    assert "override_reason" not in omar.get(url).content.decode()
    response = confirm(omar, url, name="all-the-same", override_reason="I insist")
    assert response.status_code == 409
    assert Operation.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_while_the_provider_is_down_a_full_server_says_why_nothing_can_be_deleted(
    far_desk, http_sandbox, signed_in
):
    client = signed_in(far_desk.user)
    url = url_of("create", far_desk, far_desk.server("db-server-01"))
    assert "once the provider can be asked again" not in text_of(client.get(url))
    http_sandbox.misbehave("status", status=503, times=0)
    far_desk.views()
    assert "That is possible once the provider can be reached again" in text_of(client.get(url))


def test_on_a_full_server_a_person_who_may_not_delete_is_referred_to_a_manager(cast, sandbox, signed_in):
    desk = make_desk(cast.omar, sandbox.token)
    text = text_of(signed_in(cast.omar).get(url_of("create", desk, desk.server("db-server-01"))))
    assert "ask a manager to delete one" in text


@pytest.mark.django_db(transaction=True)
def test_while_the_provider_is_unreachable_nothing_is_sent_and_the_page_says_so(
    far_desk, http_sandbox, signed_in
):
    client = signed_in(far_desk.user)
    view = far_desk.server()
    url = url_of("restore", far_desk, view)
    confirmation = hidden(client.get(url), "confirmation")
    http_sandbox.misbehave("status", status=503, times=0)
    response = client.post(url, {"confirmation": confirmation, "typed_name": view.name, "reason": "needed"})
    assert response.status_code == 503
    assert "so nothing was sent" in text_of(response)
    assert not Operation.objects.exists()
    assert http_sandbox.writes == []
