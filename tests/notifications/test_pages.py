"""The bell, the list, the choices, following a server, and the pages of the team's targets."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from snapshots.audit.models import Entry
from snapshots.notifications import rules, targets
from snapshots.notifications.models import (
    Delivery,
    DeliveryState,
    Event,
    Follow,
    Kind,
    Notification,
    OutboxItem,
    Scope,
    Target,
)
from snapshots.notifications.targets import open_address
from snapshots.operations.models import State
from snapshots.vault.crypto import SealError
from tests.support import hostile
from tests.support.database_text import database_text
from tests.support.notification_receivers import SECRET
from tests.support.notifying import ADA, add_webhook, deliver_after, end_operation, read_log

pytestmark = pytest.mark.django_db
CANARY_PATH = "canary-path-9f31c7d2"


@pytest.fixture
def mia(cast, signed_in):
    return signed_in(cast.mia)


@pytest.fixture
def ada(cast, signed_in):
    return signed_in(cast.ada)


def added(url: str, **changes) -> dict[str, object]:
    return {"kind": "webhook", "label": "Ops", "address": url, "kinds": ["operation.failed"]} | changes


def test_the_bell_counts_what_is_unread_until_it_is_read(cast, desk, mia, watched):
    end_operation(desk, State.FAILED)
    read_log()
    page = mia.get(reverse("notification_list")).text
    assert '<span class="count">1</span>' in page
    newest = Notification.objects.get(person=cast.mia).pk
    answer = mia.post(reverse("notification_read"), {"until": newest}, follow=True)
    assert 'class="count"' not in answer.text.partition("<main")[0]
    assert Notification.objects.get(person=cast.mia).read_at is not None


def test_reading_marks_nothing_that_came_later_and_nothing_of_others(cast, desk, mia, watched):
    end_operation(desk, key="a")
    read_log()
    newest = Notification.objects.get().pk
    end_operation(desk, key="b")
    read_log()
    other = Notification.objects.create(event=Notification.objects.first().event, person=cast.omar)
    mia.post(reverse("notification_read"), {"until": newest})
    assert Notification.objects.filter(person=cast.mia, read_at=None).count() == 1
    mia.post(reverse("notification_read"), {"until": other.pk})
    other.refresh_from_db()
    assert other.read_at is None


@pytest.mark.parametrize("until", ["", "x", "-1", str(2**70)])
def test_a_bad_number_marks_nothing(desk, mia, watched, until):
    end_operation(desk)
    read_log()
    assert mia.post(reverse("notification_read"), {"until": until}).status_code == 302
    assert Notification.objects.get().read_at is None


def test_the_polled_bell_carries_the_newest_title_for_the_browser(desk, mia, client, watched):
    operation = end_operation(desk)
    read_log()
    fragment = mia.get(reverse("notification_bell")).text
    assert f'data-newest="{Notification.objects.get().pk}"' in fragment
    assert re.search(rf'data-title="{operation.server_name} was restored', fragment)
    assert client.get(reverse("notification_bell")).text.strip() == ""


def test_the_list_links_to_the_operation_and_says_who_acted_on_a_followed_server(cast, desk, ada, watched):
    operation = end_operation(desk)
    rules.set_followed(cast.ada.pk, operation.server_id, follows=True)
    end_operation(desk, key="b")
    read_log()
    page = ada.get(reverse("notification_list")).text
    assert reverse("operation_detail", args=[operation.pk]) in page
    assert '<bdi translate="no">Mia</bdi>' in page


def test_choices_are_stored_and_hold(cast, desk, mia, watched):
    url = reverse("notification_rules")
    assert "No mail server" in mia.get(url).text
    form = mia.get(url).context["form"]
    values = {field.name: "off" for field in form}
    assert mia.post(url, values).status_code == 302
    assert {one.portal for one in rules.choices_of(cast.mia.pk).values()} >= {Scope.OFF}
    end_operation(desk, State.UNKNOWN)
    read_log()
    assert Notification.objects.filter(person=cast.mia).count() == 0
    assert mia.post(url, values | {"failed_portal": "nonsense"}).status_code == 422


def test_a_person_chooses_only_among_kinds_that_the_person_can_be_told_of(cast, signed_in):
    page = signed_in(cast.aron).get(reverse("notification_rules"))
    assert {field.name.rpartition("_")[0] for field in page.context["form"]} == {
        "audit_broken",
        "new_device",
        "factors",
        "api_key",
        "review",
    }


def test_a_team_is_not_told_of_a_persons_devices(cast, signed_in):
    page = signed_in(cast.ada).get(reverse("target_add")).text
    assert "new_device" not in page
    assert "person.factors" not in page


def test_a_server_is_followed_and_unfollowed_from_its_page(cast, desk, mia):
    view = desk.server()
    url = reverse("server_follow", args=[desk.token.pk, view.server_id])
    for _ in range(2):
        assert "You follow" in mia.post(url, {"follow": "yes"}, follow=True).text
    assert Follow.objects.get().server_id == view.server_id
    assert "Stop following" in mia.get(reverse("server_detail", args=[desk.token.pk, view.server_id])).text
    mia.post(url, {"follow": "no"})
    assert Follow.objects.count() == 0


def test_a_server_of_another_person_cannot_be_followed(cast, desk, signed_in):
    url = reverse("server_follow", args=[desk.token.pk, desk.server().server_id])
    assert signed_in(cast.omar).post(url, {"follow": "yes"}).status_code == 404
    assert Follow.objects.count() == 0


def test_a_target_is_added_tested_changed_and_removed_with_rows_in_the_log(ada, receiver):
    assert "No targets yet" in ada.get(reverse("target_list")).text
    answer = ada.post(reverse("target_add"), added(receiver.url, secret=SECRET))
    target = Target.objects.get()
    assert answer["Location"] == reverse("target_detail", args=[target.pk])
    tested = ada.post(reverse("target_test", args=[target.pk]), follow=True).text
    assert "has taken the test message" in tested
    assert receiver.events[0]["kind"] == Kind.TEST
    changed = {"kinds": ["audit.broken", "worker.down"], "servers": "12, 7"}
    ada.post(reverse("target_detail", args=[target.pk]), changed)
    target.refresh_from_db()
    assert (sorted(target.kinds), target.server_ids) == (["audit.broken", "worker.down"], [7, 12])
    assert "is told nothing" in ada.get(reverse("target_remove", args=[target.pk])).text
    ada.post(reverse("target_remove", args=[target.pk]))
    assert Target.objects.count() == 0
    rows = Entry.objects.filter(action__startswith="notification.").order_by("sequence")
    assert [row.action.partition(".")[2] for row in rows] == [
        "target_add",
        "test",
        "target_change",
        "target_remove",
    ]
    assert {row.target for row in rows} == {"Ops"}


def test_a_failing_target_is_shown_with_its_error_and_retried(ada, desk, receiver, watched):
    target = add_webhook(receiver.url)
    receiver.statuses = [410, 410]
    assert (
        "has not taken the test message"
        in ada.post(reverse("target_test", args=[target.pk]), follow=True).text
    )
    assert "the answer was 410" in ada.get(reverse("target_detail", args=[target.pk])).text
    given_up = Delivery.objects.get()
    assert given_up.state == DeliveryState.GIVEN_UP
    ada.post(reverse("delivery_retry", args=[given_up.pk]))
    deliver_after(6)
    ada.post(reverse("delivery_retry", args=[given_up.pk]))
    deliver_after(6)
    given_up.refresh_from_db()
    assert given_up.state == DeliveryState.SENT
    assert Entry.objects.filter(action="notification.retry").count() == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"address": "ftp://example.com/"}, {"address": "https://"}, {"address": "https://a b/"}, {"address": "https://[::1"},
        {"address": "https://user:pw@example.com/"}, {"address": "https://example.com/#x"}, {"address": "https://exämple.com/"},
        {"secret": "whsec_short"}, {"secret": "secret"}, {"label": "https://example.com/hook"}, {"label": SECRET},
        {"kinds": []}, {"kinds": ["test"]}, {"kinds": ["nonsense"]}, {"servers": "web-1"}, {"servers": "9" * 40}, {"kind": "x"},
        {"kind": "apprise", "address": "file:///etc/passwd"}, {"kind": "apprise", "address": "dbus://"},
        {"kind": "apprise", "address": "json://127.0.0.1/"}, {"kind": "apprise", "address": "mailto://a:b@example.com"},
    ],
)  # fmt: skip
def test_a_target_that_is_not_allowed_is_refused_and_not_rendered_back(ada, changes):
    answer = ada.post(reverse("target_add"), added("https://example.com/" + CANARY_PATH, **changes))
    assert answer.status_code == 422
    assert "field has-error" in answer.text
    assert CANARY_PATH not in answer.text
    assert Target.objects.count() == 0


@pytest.mark.parametrize("address", ["http://example.com/", "https://10.0.0.5/", "https://127.0.0.1/", "https://[::1]/",
                                     "https://localhost/", "https://169.254.169.254/"])  # fmt: skip
def test_private_addresses_and_plain_http_are_refused_unless_the_setting_allows_them(ada, settings, address):
    settings.SNAPPORTAL_NOTIFY_PRIVATE_ADDRESSES = False
    assert ada.post(reverse("target_add"), added(address)).status_code == 422
    settings.SNAPPORTAL_NOTIFY_PRIVATE_ADDRESSES = True
    assert ada.post(reverse("target_add"), added(address)).status_code == 200
    assert Target.objects.count() == 1


def test_many_messages_and_targets_need_no_more_queries_than_few(ada, desk, watched):
    def queries(name: str, *args: object) -> int:
        with CaptureQueriesContext(connection) as seen:
            ada.get(reverse(name, args=args))
        return len(seen)

    target = add_webhook("https://a.example/")
    counts = []
    for wanted in (1, 12):
        for number in range(wanted):
            targets.send_test(actor=ADA, target=target)
            add_webhook("https://a.example/", f"{wanted}-{number}")
            mail = Delivery.objects.create(created_at=timezone.now(), due_at=timezone.now())
            OutboxItem.objects.create(event=Event.objects.first(), delivery=mail, created_at=timezone.now())
        counts.append((queries("target_list"), queries("target_detail", target.pk)))
    assert counts[0] == counts[1]


def test_a_label_is_used_once(ada):
    ada.post(reverse("target_add"), added("https://example.com/"))
    answer = ada.post(reverse("target_add"), added("https://example.org/"))
    assert answer.status_code == 422
    assert Target.objects.count() == 1


def test_a_target_is_not_stored_with_a_wrong_key(ada, settings):
    settings.SNAPPORTAL_TOKEN_KEYS = {}
    assert ada.post(reverse("target_add"), added("https://example.com/")).status_code == 422
    assert Target.objects.count() == 0


def test_neither_address_nor_secret_is_in_the_database_a_page_or_the_log(ada, desk, receiver, watched):
    """The made secret is in one page: the answer to the form that added the target."""
    address = receiver.url.replace("/hook?", f"/{CANARY_PATH}?")
    with hostile.log_lines() as lines:
        shown = ada.post(reverse("target_add"), added(address, kinds=["operation.completed"])).text
        secret = re.search(r'value="(whsec_[^"]+)"', shown)[1]
        target = Target.objects.get()
        assert open_address(target).secret == secret
        receiver.statuses = [500]
        end_operation(desk)
        read_log()
        deliver_after(6)
        ada.post(reverse("target_test", args=[target.pk]))
        pages = [
            ada.get(reverse(name, args=arguments)).text
            for name, arguments in (
                ("target_list", []), ("target_detail", [target.pk]), ("target_remove", [target.pk]), ("target_add", []),
                ("notification_list", []), ("entry_list", []),
            )
        ]  # fmt: skip
        logged = "\n".join(lines())
    searched = {
        "database": database_text(),
        "pages": "\n".join(pages),
        "log": logged,
    }
    for where, text in searched.items():
        for canary in (CANARY_PATH, secret, secret.removeprefix("whsec_"), CANARY_PATH.encode().hex()):
            assert canary not in text, where


def test_the_sealed_address_does_not_open_in_another_row(ada):
    for label in ("a", "b"):
        ada.post(reverse("target_add"), added(f"https://{label}.example/", label=label))
    first, second = Target.objects.order_by("label")
    second.sealed, second.key_id = first.sealed, first.key_id
    with pytest.raises(SealError):
        open_address(second)
