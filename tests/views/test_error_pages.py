"""Error pages: what happened, what was done and what was not, what to do now, and whom to ask; and what they tell nobody."""

import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import DatabaseError
from django.test import Client, RequestFactory
from django.urls import reverse

from snapportal.accounts.models import Role, User
from snapshots.audit.models import Entry
from snapshots.views import errors
from snapshots.views.access import LOST_FORM
from snapshots.views.errors import RightsChangedError
from snapshots.views.texts import failures
from snapshots.views.texts.failures import Failure
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db
ALL = {name: one for name, one in vars(failures).items() if isinstance(one, Failure)}
PARTS = ("What was done", "What to do now", "Whom to ask")


@pytest.fixture
def mia(cast, signed_in):
    return signed_in(cast.mia)


@pytest.fixture
def forms(cast):
    """A browser of Mia that is asked for the token of its forms."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.mia)
    return client


def page(client, path: str) -> str:
    return text_of(client.get(path))


class TestWords:
    @pytest.mark.parametrize("name", ALL)
    def test_each_says_what_happened_what_was_done_and_what_to_do(self, name):
        one = ALL[name]
        for text in (one.title, one.meaning, one.done, one.advice):
            assert str(text).strip()
        assert str(one.meaning).endswith(".")

    def test_only_an_internal_error_leaves_open_whether_something_was_sent(self):
        unsure = {name for name, one in ALL.items() if "may have been sent" in str(one.done)}
        assert unsure == {"SERVER_ERROR"}
        assert all(str(one.done).startswith(("Nothing", "It is not known")) for one in ALL.values())


class TestPages:
    def test_a_page_that_is_not_there(self, mia):
        answer = mia.get("/no-such-page/")
        text = text_of(answer)
        assert answer.status_code == 404
        assert all(part in text for part in PARTS)
        assert reverse("find_page") in answer.text

    def test_what_the_role_does_not_allow(self, mia):
        answer = mia.get(reverse("person_list"))
        text = text_of(answer)
        assert answer.status_code == 403
        assert all(part in text for part in PARTS)
        assert "The refusal is recorded in the audit log" in text
        assert "Whom to ask Ada Quote the request number below" in text

    def test_rights_that_were_withdrawn_meanwhile(self, cast):
        text = text_of(errors.permission_denied(request_of(cast.mia), RightsChangedError("x")))
        assert "Nothing was sent to the provider and nothing was changed" in text
        assert "Whom to ask Ada" in text

    def test_a_form_that_could_not_be_verified(self, forms):
        answer = forms.post(reverse("sign_out"))
        text = text_of(answer)
        assert answer.status_code == 403
        assert all(part in text for part in PARTS)
        assert "nothing was sent to the provider" in text
        assert "Whom to ask Ada" in text

    def test_a_form_that_is_too_large(self, mia, settings):
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
        answer = mia.post(reverse("look_edit"), {"language": "x" * 500})
        assert answer.status_code == 413
        assert "That is too much at once" in text_of(answer)
        assert "shorten the text" in text_of(answer)

    def test_a_form_with_too_many_fields(self, mia, settings):
        settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 2
        answer = mia.post(reverse("look_edit"), {"a": 1, "b": 2, "c": 3})
        assert answer.status_code == 413

    def test_a_script_still_gets_400_for_it(self):
        request = RequestFactory().post("/api/v1/snapshots/")
        answer = errors.bad_request(request, RequestDataTooBig("too big"))
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/json")

    def test_a_bad_address(self, mia):
        answer = mia.get("/servers/%00/")
        assert answer.status_code == 400
        assert "Whom to ask An admin of this portal" in text_of(answer), "before it is known who it is"

    def test_a_method_that_a_page_does_not_take(self, mia):
        answer = mia.put(reverse("help_page"))
        assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")
        assert all(part in text_of(answer) for part in PARTS)

    def test_too_many_attempts_say_when_to_try_again_and_lead_back(self, cast, client):
        form = {"username": "mia", "password": "wrong", "next": "/tokens/?page=2"}
        answer = [client.post(reverse("sign_in"), form) for _time in range(11)][-1]
        text = text_of(answer)
        assert answer.status_code == 429
        assert all(part in text for part in PARTS)
        assert "You can try again in 15 minutes" in text
        back = f"{reverse('sign_in')}?next=%2Ftokens%2F%3Fpage%3D2"
        assert f'<a class="button primary" href="{back}" data-main>Back</a>' in answer.text
        assert 'value="/tokens/?page=2"' in client.get(back).text

    def test_too_many_attempts_at_the_own_account_lead_back_to_it(self, cast, mia):
        here = reverse("account_detail")
        answer = [mia.post(here, {"old_password": "wrong"}) for _time in range(11)][-1]
        assert answer.status_code == 429
        assert f'<a class="button primary" href="{here}" data-main>Back</a>' in answer.text
        assert answer.text.count('class="button primary"') == 1

    def test_an_internal_error_says_to_look_before_asking_again(self, cast):
        text = text_of(errors.server_error(request_of(cast.mia)))
        assert "it may have been sent: do not request it again yet" in text
        assert "r-4711" in text

    def test_a_database_that_is_down_needs_no_database(self, cast, django_assert_num_queries):
        request = request_of(cast.mia)
        with django_assert_num_queries(0):
            text = text_of(errors.unavailable(request))
        assert "Nothing was sent to the provider and nothing was changed" in text
        assert "Whom to ask An admin of this portal" in text

    def test_a_form_without_a_session_leads_to_the_sign_in_with_a_word_about_it(self, client):
        answer = client.post(reverse("look_edit"), {"language": "de"})
        assert answer["Location"].endswith(f"&ended={LOST_FORM}")
        text = page(client, answer["Location"])
        assert "Your session has ended" in text
        assert "The form that you sent was not done" in text

    def test_a_page_without_a_session_leads_to_the_sign_in_and_back(self, client):
        answer = client.get(reverse("look_edit"))
        assert answer["Location"] == f"{reverse('sign_in')}?next={reverse('look_edit')}"
        assert "was not done" not in page(client, answer["Location"])


class TestWhomToAsk:
    def test_the_request_number_is_that_of_the_log(self, mia):
        answer = mia.get("/no-such-page/")
        assert answer["X-Request-ID"] in answer.text

    def test_admins_are_named_but_nobody_who_has_left_and_no_service_account(self, cast, mia):
        User.objects.create_user(username="eva", password="x", name="Eva", role=Role.ADMIN, is_active=False)
        User.objects.create_user(
            username="robot", password=None, name="Robot", role=Role.ADMIN, service_owner=cast.ada
        )
        text = page(mia, "/no-such-page/")
        assert "Whom to ask Ada Quote" in text

    def test_at_most_five_are_named(self, mia):
        for number in range(8):
            User.objects.create_user(
                username=f"a{number}", password="x", name=f"Admin{number}", role=Role.ADMIN
            )
        assert len(re.findall(r"Ada|Admin\d", page(mia, "/no-such-page/").split("Whom to ask")[1])) == 5

    def test_the_only_admin_is_led_to_the_log(self, cast, signed_in):
        text = page(signed_in(cast.ada), "/no-such-page/")
        assert "You are the admin of this portal: the server's log has more under the request number" in text

    def test_the_number_leads_to_the_audit_log_only_where_that_has_a_row(self, cast, mia, client):
        answers = [
            mia.get(reverse("person_list")),
            mia.get("/no-such-page/"),
            mia.get("/servers/%00/"),
            client.get("/welcome/nosuchkey/"),
            errors.too_many_attempts(request_of(None), 3),
            errors.permission_denied(request_of(cast.mia), RightsChangedError("x")),
        ]
        told = ["it leads to the rows of the audit log" in text_of(answer) for answer in answers]
        assert told == [True, False, False, False, False, True]
        for answer, is_there in zip(answers[:4], told, strict=False):
            rows = Entry.objects.filter(request_id=answer["X-Request-ID"])
            assert rows.exists() == is_there
            assert ("finds it in the server's log" in text_of(answer)) != is_there

    def test_another_admin_is_named_to_an_admin(self, cast, signed_in):
        User.objects.create_user(username="eva", password="x", name="Eva", role=Role.ADMIN)
        assert "Whom to ask Eva" in page(signed_in(cast.ada), "/no-such-page/")

    @pytest.mark.parametrize(
        ("contact", "url"),
        [
            ("help@example.com", "mailto:help@example.com"),
            ("https://help.example.com/new", "https://help.example.com/new"),
            ("Helpdesk, extension 42", ""),
            ("javascript:alert(1)", ""),
        ],
    )
    def test_a_contact_takes_the_place_of_the_names(self, mia, settings, contact, url):
        settings.SNAPPORTAL_SUPPORT_CONTACT = contact
        answer = mia.get("/no-such-page/")
        assert f"Whom to ask {contact}" in text_of(answer)
        assert "Ada" not in text_of(answer)
        links = re.findall(rf'<a href="([^"]*)" translate="no">{re.escape(contact)}<', answer.text)
        assert links == ([url] if url else [])

    def test_the_contact_is_on_the_pages_that_need_no_database(self, cast, settings):
        settings.SNAPPORTAL_SUPPORT_CONTACT = "help@example.com"
        for answer in (errors.server_error(request_of(cast.mia)), errors.unavailable(request_of(cast.mia))):
            assert "help@example.com" in answer.content.decode()


class TestVisitors:
    """Whoever is not signed in."""

    @pytest.mark.parametrize("path", ["/no-such-page/", "/servers/%00/", "/welcome/nosuchkey/"])
    def test_read_no_names(self, cast, client, path):
        answer = client.get(path)
        assert answer.status_code in {400, 404}
        for person in vars(cast).values():
            assert person.name not in answer.text
            assert person.email not in answer.text
        assert "log has more" not in answer.text

    def test_read_no_names_when_a_form_cannot_be_verified(self, cast):
        answer = Client(enforce_csrf_checks=True).post(reverse("sign_in"), {"username": "ada"})
        assert answer.status_code == 403
        assert "Ada" not in answer.text
        assert "An admin of this portal" in text_of(answer)

    def test_read_no_names_where_the_role_would_not_be_enough(self, cast):
        answer = errors.permission_denied(request_of(None), PermissionDenied("people.manage"))
        assert "Ada" not in answer.content.decode()

    def test_read_no_names_and_no_cause_in_an_internal_error(self, cast):
        client = Client(raise_request_exception=False)
        answer = client.get("/no-such-page/", headers={"Host": "elsewhere.example"})
        assert answer.status_code == 400
        assert "elsewhere.example" not in answer.text

    def test_read_the_contact_that_is_configured(self, client, settings):
        settings.SNAPPORTAL_SUPPORT_CONTACT = "help@example.com"
        assert "help@example.com" in client.get("/no-such-page/").text


class TestFragments:
    def test_a_part_of_a_page_says_it_in_a_banner(self, mia):
        answer = mia.get("/no-such-page/", headers={"HX-Request": "true"})
        assert answer.text.startswith('<div class="banner bad">')
        assert "Whom to ask: Ada" in text_of(answer)

    def test_it_is_the_same_each_time_so_that_it_is_not_read_aloud_again(self, mia):
        first, second = (mia.get("/no-such-page/", headers={"HX-Request": "true"}).text for _time in range(2))
        assert first == second


def test_in_another_language_the_page_is_from_right_to_left(cast, mia):
    User.objects.filter(pk=cast.mia.pk).update(language="he")
    assert 'dir="rtl"' in mia.get("/no-such-page/").text


def test_a_failing_database_is_a_503(cast):
    try:
        fail()
    except DatabaseError:
        answer = errors.server_error(request_of(cast.mia))
    assert answer.status_code == 503
    assert "disk full" not in answer.content.decode()


def fail():
    raise DatabaseError("disk full")


def request_of(person: User | None):
    request = RequestFactory().get("/")
    request.user, request.id, request.htmx = person or AnonymousUser(), "r-4711", False
    request.session, request.resolver_match = {}, None
    return request
