"""Pages of protections and planned deletions: plan, keep, delete now, protect, set a date and a grace time."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from snapshots.audit import journal
from snapshots.deletions import keeping
from snapshots.deletions.models import Kind, PlannedDeletion, ServerGrace, State
from snapshots.notifications import rules
from snapshots.operations.models import Operation, Protection
from snapshots.vault.tokens import decrypt
from tests.support.deletions import plan, target_of
from tests.support.desk import make_desk
from tests.support.notifying import read_log
from tests.support.pages import confirm, hidden, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def mia(desk, signed_in):
    return signed_in(desk.user)


@pytest.fixture
def view(desk):
    return desk.server()


def url_of(name: str, desk, view) -> str:
    return reverse(name, args=[desk.token.pk, desk.snapshot(view).id])


def server_page(browser, desk, view):
    return browser.get(reverse("server_detail", args=[desk.token.pk, view.server_id]))


class TestWithAGraceTime:
    @pytest.fixture(autouse=True)
    def grace(self, settings):
        settings.SNAPPORTAL_DELETE_GRACE_DAYS = 3

    def test_the_delete_page_says_so_and_plans(self, desk, mia, view):
        url = url_of("snapshot_delete", desk, view)
        text = text_of(mia.get(url))
        assert "The deletion waits 3 days" in text
        assert "can be called back until then" in text
        assert "A deleted snapshot cannot be recovered" not in text
        answer = confirm(mia, url, understood="on", reason="old")
        planned = PlannedDeletion.objects.get()
        assert answer["Location"] == reverse("deletion_detail", args=[planned.pk])
        assert not Operation.objects.exists()
        page = text_of(mia.get(answer["Location"]))
        assert "This snapshot will be deleted" in page
        assert "Keep the snapshot" in page

    def test_the_servers_pages_mark_it_and_keep_it_with_one_click(self, desk, mia, view):
        planned = plan(desk, view)
        keep = reverse("deletion_keep", args=[planned.pk])
        for page in (mia.get("/"), server_page(mia, desk, view), mia.get(reverse("deletion_list"))):
            assert "Will be deleted" in text_of(page)
            assert f'action="{keep}"' in page.content.decode()
        answer = mia.post(keep)
        assert "The snapshot is kept" in text_of(mia.get(answer["Location"]))
        planned.refresh_from_db()
        assert planned.state == State.KEPT
        assert "Will be deleted" not in text_of(server_page(mia, desk, view))
        again = mia.post(keep)
        assert again.status_code == 409
        assert "does not wait any more" in text_of(again)

    def test_deleting_now_needs_a_reason(self, desk, mia, view):
        url = url_of("snapshot_delete", desk, view)
        planned = plan(desk, view)
        page = mia.get(url)
        assert "Its deletion is planned already" in text_of(page)
        assert page.context["form"].initial["delete_now"]
        refused = confirm(mia, url, understood="on", delete_now="on")
        assert refused.status_code == 422
        assert "Enter a reason" in text_of(refused)
        assert confirm(mia, url, understood="on").status_code == 409
        confirm(mia, url, understood="on", delete_now="on", reason="full")
        planned.refresh_from_db()
        operation = Operation.objects.get()
        assert planned.operation_id == operation.pk
        detail = mia.get(reverse("deletion_detail", args=[planned.pk]))
        assert reverse("operation_detail", args=[operation.pk]) in detail.content.decode()

    def test_a_viewer_sees_it_without_buttons_and_a_stranger_does_not(self, desk, cast, signed_in, view):
        from tests.support.desk import make_desk

        planned = plan(desk, view)
        url = reverse("deletion_detail", args=[planned.pk])
        vera = signed_in(cast.vera)
        assert vera.get(url).status_code == 404
        assert "No snapshot waits" in text_of(vera.get(reverse("deletion_list")))
        make_desk(cast.vera, self.plain)
        page = vera.get(url)
        assert page.status_code == 200
        assert "Keep the snapshot" not in text_of(page)
        assert signed_in(cast.omar).post(reverse("deletion_keep", args=[planned.pk])).status_code == 404

    @pytest.fixture(autouse=True)
    def plain_token(self, sandbox):
        self.plain = sandbox.token


def test_without_a_grace_time_the_page_offers_no_delay(desk, mia, view):
    page = mia.get(url_of("snapshot_delete", desk, view))
    assert "delete_now" not in page.context["form"].fields
    assert "waits" not in text_of(page)


def test_protecting_and_lifting(desk, mia, view):
    page = mia.get(url_of("snapshot_keeping", desk, view))
    assert "provider's own site: whoever can sign in there can delete it" in text_of(page)
    answer = mia.post(url_of("snapshot_protect", desk, view), {"protect-reason": "audit 2026"})
    page = text_of(mia.get(answer["Location"]))
    assert "Protected by Mia" in page
    assert "audit 2026" in page
    assert "Protected" in text_of(server_page(mia, desk, view))
    delete = mia.get(url_of("snapshot_delete", desk, view))
    assert "This snapshot is protected" in text_of(delete)
    assert url_of("snapshot_keeping", desk, view) in delete.content.decode()
    assert 'name="understood"' not in delete.content.decode()
    twice = mia.post(url_of("snapshot_protect", desk, view))
    assert twice.status_code == 409
    refused = mia.post(url_of("snapshot_unprotect", desk, view), {"unprotect-reason": ""})
    assert refused.status_code == 422
    assert "Enter a reason" in text_of(refused)
    assert Protection.objects.exists()
    sent = {
        "unprotect-reason": "the audit is over",
        "unprotect-confirmation": hidden(refused, "unprotect-confirmation"),
    }
    mia.post(url_of("snapshot_unprotect", desk, view), sent)
    assert not Protection.objects.exists()


def test_a_protected_row_has_no_delete_button_and_can_be_restored(desk, mia, view):
    keeping.protect_snapshot(actor=desk.actor, target=target_of(desk, view))
    body = server_page(mia, desk, view).content.decode()
    assert url_of("snapshot_delete", desk, view) not in body
    assert url_of("snapshot_restore", desk, view) in body
    assert "Protected: it cannot be deleted here" in body


def test_a_date_is_set_changed_extended_and_removed(desk, mia, view):
    url = url_of("snapshot_keep_until", desk, view)
    day = timezone.now().date() + timedelta(days=20)
    mia.post(url, {"date-until": day.isoformat()})
    planned = PlannedDeletion.objects.waiting().get()
    assert planned.kind == Kind.KEEP_UNTIL
    assert "Kept until" in text_of(server_page(mia, desk, view))
    mia.post(url, {"date-until": (day + timedelta(days=1)).isoformat(), "date-reason": "longer"})
    changed = PlannedDeletion.objects.waiting().get()
    assert changed.pk != planned.pk
    answer = mia.post(reverse("deletion_extend", args=[changed.pk]))
    longer = PlannedDeletion.objects.waiting().get()
    assert answer["Location"] == reverse("deletion_detail", args=[longer.pk])
    assert "Remove the date" in text_of(mia.get(answer["Location"]))
    assert mia.post(reverse("deletion_extend", args=[changed.pk])).status_code == 409
    mia.post(reverse("deletion_keep", args=[longer.pk]))
    assert not PlannedDeletion.objects.waiting().exists()


@pytest.mark.parametrize(
    ("typed", "text"),
    [("", "Enter a date"), ("tomorrow", "such as"), ("1999-01-01", "from today on")],
)
def test_a_date_that_cannot_be_used_is_refused_at_its_field(desk, mia, view, typed, text):
    answer = mia.post(
        url_of("snapshot_keep_until", desk, view), {"date-until": typed, "date-reason": "my words"}
    )
    assert answer.status_code == 422
    assert text in text_of(answer)
    assert "my words" in text_of(answer)
    assert not PlannedDeletion.objects.exists()


def test_the_grace_time_of_a_server_is_set_on_its_page(desk, mia, view):
    url = reverse("server_grace", args=[desk.token.pk, view.server_id])
    assert url in server_page(mia, desk, view).content.decode()
    mia.post(url, {"days": "5", "reason": "database"})
    assert ServerGrace.objects.get().days == 5
    assert "5 days" in text_of(server_page(mia, desk, view))
    assert mia.post(url, {"days": "8"}).status_code == 422
    mia.post(url, {"days": "7"})
    assert ServerGrace.objects.get().days == 7


def test_a_shorter_one_is_asked_for_on_the_same_page_and_somebody_else_agrees(
    cast, desk, mia, view, signed_in, sandbox, settings
):
    settings.SNAPPORTAL_DELETE_GRACE_DAYS = 3
    url = reverse("server_grace", args=[desk.token.pk, view.server_id])
    assert "Enter a reason" in text_of(mia.post(url, {"days": "0"}))
    assert mia.post(url, {"days": "0", "reason": "the disk is full"})["Location"] == url
    page = text_of(mia.get(url))
    assert "Somebody wants to shorten it" in page
    assert "so somebody else must agree" in page
    assert mia.post(url, {"step": "agree"}).status_code == 409
    desk_of_ada = make_desk(cast.ada, sandbox.token)
    desk_of_ada.views()
    ada, url = signed_in(cast.ada), reverse("server_grace", args=[desk_of_ada.token.pk, view.server_id])
    assert "Agree: shorten it now" in text_of(ada.get(url))
    assert ada.post(url, {"step": "agree"}).status_code == 302
    assert "Not at all: it is deleted at once" in text_of(server_page(mia, desk, view))


def test_a_snapshot_that_is_not_listed_has_no_page(desk, mia):
    assert mia.get(reverse("snapshot_keeping", args=[desk.token.pk, 99_999])).status_code == 404


def test_an_erased_person_is_named_nowhere(desk, mia, view, cast, signed_in):
    from snapportal.accounts.erasure import erase_person

    keeping.protect_snapshot(actor=desk.actor, target=target_of(desk, view))
    assert "Protected by Mia" in text_of(mia.get(url_of("snapshot_keeping", desk, view)))
    cast.mia.is_active = False
    cast.mia.save()
    from tests.support.desk import make_desk

    ada = make_desk(cast.ada, self_token(desk))
    erase_person(cast.mia, reason="has left", actor=ada.actor)
    page = signed_in(cast.ada).get(reverse("snapshot_keeping", args=[ada.token.pk, ada.snapshot(view).id]))
    assert "Mia" not in text_of(page)
    assert "Erased" in text_of(page)


def self_token(desk) -> str:
    from snapshots.vault import tokens

    return tokens.decrypt(desk.token)


class TestFromTheNotice:
    @pytest.fixture
    def ada(self, desk, cast, view):
        """A colleague who plans on a server that Mia follows. Rows of before are read already."""
        rules.set_followed(cast.mia.pk, view.server_id, follows=True)
        read_log()
        return make_desk(cast.ada, decrypt(desk.token))

    def buttons(self, mia, *names: str, planned) -> list[bool]:
        read_log()
        page = mia.get(reverse("notification_list")).text
        return [f'action="{reverse(name, args=[planned.pk])}"' in page for name in names]

    def test_a_deletion_that_waits_is_called_back_with_one_click(self, ada, mia, view, settings):
        settings.SNAPPORTAL_DELETE_GRACE_DAYS = 3
        planned = plan(ada, view)
        names = ("deletion_keep", "deletion_extend")
        assert self.buttons(mia, *names, planned=planned) == [True, False]
        mia.post(reverse("deletion_keep", args=[planned.pk]))
        planned.refresh_from_db()
        assert planned.state == State.KEPT
        assert self.buttons(mia, *names, planned=planned) == [False, False]

    def test_a_date_is_moved_on_with_one_click(self, ada, mia, view):
        until = timezone.now().date() + timedelta(days=2)
        planned = keeping.set_keep_until(actor=ada.actor, target=target_of(ada, view), until=until)
        names = ("deletion_keep", "deletion_extend")
        journal.record(
            ada.actor.entry(
                action="deletion.remind",
                target=str(planned.pk),
                token_fingerprint=ada.token.fingerprint,
                server_id=view.server_id,
            )
        )
        assert self.buttons(mia, *names, planned=planned) == [False, True]
        answer = mia.post(reverse("deletion_extend", args=[planned.pk]))
        longer = PlannedDeletion.objects.get(state=State.WAITING)
        assert answer["Location"] == reverse("deletion_detail", args=[longer.pk])
