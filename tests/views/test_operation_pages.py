"""Pages of operations: the result, what needs attention, and manual resolution."""

import pytest
from django.urls import reverse

from snapportal.accounts.models import User
from snapshots.audit.models import Entry, Phase
from snapshots.operations.models import Action, Finding, Operation, State
from snapshots.views.texts.operations import operation_words
from tests.support.audit_triggers import without_triggers
from tests.support.desk import make_desk
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def mia(desk, signed_in):
    return signed_in(desk.user)


@pytest.fixture
def unknown(desk) -> Operation:
    """A restore whose answer was lost and of which no evidence was seen."""
    view = desk.server("shop-staging")
    operation = desk.restore(view, desk.snapshot(view))
    Operation.objects.filter(pk=operation.pk).update(state=State.UNKNOWN, code="deadline", was_restoring=True)
    operation.refresh_from_db()
    return operation


def test_an_unknown_result_is_shown_as_neither_completed_nor_failed(unknown, mia):
    text = text_of(mia.get(reverse("operation_detail", args=[unknown.pk])))
    assert "We do not know whether the server was restored" in text
    assert "It may or may not have happened" in text
    assert "Do not request it again until this is resolved" in text
    assert "Done" not in text
    assert "was not restored" not in text


def test_an_answer_that_came_is_not_called_lost(unknown, mia):
    Operation.objects.filter(pk=unknown.pk).update(code="server_fault", provider_message="Internal error.")
    text = text_of(mia.get(reverse("operation_detail", args=[unknown.pk])))
    assert "The provider answered that it failed." in text
    assert "Internal error." in text
    assert "answer was lost" not in text


def test_every_state_of_every_action_has_texts():
    for action in Action:
        for state in State:
            for finding in Finding:
                words = operation_words(
                    Operation(action=action, state=state, finding=finding, code="surprise")
                )
                assert str(words.title)
                assert str(words.meaning)


def test_only_a_proven_state_is_shown_as_good():
    for action in Action:
        kinds = {state: operation_words(Operation(action=action, state=state)).kind for state in State}
        assert {state for state, kind in kinds.items() if kind == "good"} == {State.COMPLETED}


def test_a_request_that_was_never_sent_says_that_nothing_was_changed():
    for code in ("unreachable", "busy", "never_sent", "sealed", "token_refused", "rate_limited"):
        operation = Operation(action=Action.RESTORE, state=State.FAILED, code=code)
        assert "Nothing was changed" in str(operation_words(operation).meaning), code


def test_a_restore_that_began_and_failed_does_not_say_that_nothing_was_changed():
    words = operation_words(Operation(action=Action.RESTORE, state=State.FAILED, code="provider_failed"))
    assert "partly restored" in str(words.meaning)


def test_another_persons_operation_is_not_found(unknown, db, signed_in):
    stranger = signed_in(User.objects.create_user(username="max", password=None, name="Max", role="manager"))
    for name in ("operation_detail", "operation_status", "operation_close"):
        assert stranger.get(reverse(name, args=[unknown.pk])).status_code == 404, name


def test_an_admin_sees_every_operation(unknown, cast, signed_in):
    assert signed_in(cast.ada).get(reverse("operation_close", args=[unknown.pk])).status_code == 200


def test_people_who_share_a_token_see_its_operations(unknown, cast, sandbox, signed_in):
    make_desk(cast.vera, sandbox.token)
    assert signed_in(cast.vera).get(reverse("operation_detail", args=[unknown.pk])).status_code == 200


def test_the_navigation_counts_what_needs_attention(unknown, mia, cast, signed_in):
    body = mia.get("/help/").content.decode()
    assert reverse("operation_attention") in body
    assert '<span class="count">1</span>' in body
    assert 'class="count"' not in signed_in(cast.vera).get("/help/").content.decode()


def test_attention_lists_what_is_unknown(unknown, mia):
    response = mia.get(reverse("operation_attention"))
    assert "We do not know whether the server was restored" in text_of(response)
    assert reverse("operation_close", args=[unknown.pk]) in response.content.decode()


def test_a_viewer_sees_what_is_unknown_but_cannot_close_it(unknown, cast, sandbox, signed_in):
    make_desk(cast.vera, sandbox.token)
    vera = signed_in(cast.vera)
    close = reverse("operation_close", args=[unknown.pk])
    assert close not in vera.get(reverse("operation_attention")).content.decode()
    assert vera.post(close, {"finding": "happened", "reason": "seen"}).status_code == 403


def test_the_attention_page_says_when_nothing_needs_attention(desk, mia):
    assert "Nothing needs attention" in text_of(mia.get(reverse("operation_attention")))


def test_manual_resolution_requires_a_finding_and_a_reason(unknown, mia):
    url = reverse("operation_close", args=[unknown.pk])
    for fields in (
        {},
        {"finding": "happened"},
        {"reason": "seen"},
        {"finding": "nonsense", "reason": "seen"},
    ):
        assert mia.post(url, fields).status_code == 422, fields
    unknown.refresh_from_db()
    assert unknown.state == State.UNKNOWN


@pytest.mark.parametrize(
    ("finding", "says"),
    [
        (Finding.HAPPENED, "The server was restored"),
        (Finding.NOT_HAPPENED, "The server was not restored"),
        (Finding.UNDECIDED, "Resolved without proof"),
    ],
)
def test_manual_resolution_shows_the_finding_and_the_person(unknown, mia, finding, says):
    url = reverse("operation_close", args=[unknown.pk])
    response = mia.post(url, {"finding": finding, "reason": "Looked at the console"})
    text = text_of(mia.get(response["Location"]))
    for part in (says, "Looked at the console", "Resolved by Mia"):
        assert part in text, part


def test_a_resolved_operation_is_not_resolved_again(unknown, mia):
    url = reverse("operation_close", args=[unknown.pk])
    fields = {"finding": "happened", "reason": "Looked"}
    mia.post(url, fields)
    response = mia.post(url, {"finding": "not_happened", "reason": "Other opinion"})
    assert response.status_code == 409
    assert "resolved already" in text_of(response)
    unknown.refresh_from_db()
    assert unknown.finding == Finding.HAPPENED


def test_the_audit_entry_is_linked_for_people_who_may_read_it(cast, sandbox, signed_in):
    desk = make_desk(cast.ada, sandbox.token)
    operation = desk.create(desk.server(), name="before-link")
    body = signed_in(cast.ada).get(reverse("operation_detail", args=[operation.pk])).content.decode()
    assert "/audit/" in body.split("<main")[1]


def test_an_operations_page_belongs_to_the_servers_in_the_navigation(desk, signed_in):
    operation = desk.create(desk.server())
    body = signed_in(desk.user).get(reverse("operation_detail", args=[operation.pk])).content.decode()
    assert '<a href="/" aria-current="page">' in body
    assert body.count('aria-current="page"') == 1


def test_an_operation_has_a_receipt_while_all_its_rows_are_in_the_database(unknown, mia):
    receipt = reverse("operation_receipt", args=[unknown.pk])
    assert mia.post(receipt).status_code == 200
    for phase in (Phase.INTENT, Phase.OUTCOME):
        with without_triggers():
            Entry.objects.filter(operation_id=unknown.pk, phase=phase).delete()
        exports = Entry.objects.filter(action="audit.export").count()
        refused = mia.post(receipt)
        assert (refused.status_code, "There is no receipt for this any more" in text_of(refused)) == (
            404,
            True,
        )
        assert Entry.objects.filter(action="audit.export").count() == exports
