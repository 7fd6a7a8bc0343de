"""What the portal accepts of a passkey's answer: the right origin, host, challenge, key, counter and person, and nothing else."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snapportal.accounts.factors import passkeys
from snapportal.accounts.factors.models import Passkey
from snapportal.accounts.models import User
from snapportal.accounts.session_models import PersonSession
from snapshots.audit.models import Entry
from tests.accounts.test_step_up import delete_form
from tests.support.deep import TIMES
from tests.support.passkeys import PRESENT, VERIFIED, SoftKey, options, register
from tests.support.second_factors import codes_in, type_password

pytestmark = pytest.mark.django_db


@pytest.fixture
def key(cast, clock) -> SoftKey:
    """A passkey of Mia's."""
    made = SoftKey()
    assert len(codes_in(register(type_password(cast.mia)[0], made))) == 10
    return made


def sign_in(answer: str, browser: Client):
    return browser.post(reverse("sign_in"), {"passkey": answer, "next": "/schedules/"})


def nobody_is_in() -> bool:
    newest = Entry.objects.filter(action="person.sign_in").latest("sequence")
    return newest.result == "refused"


def test_the_right_answer_signs_in(key, cast):
    browser = Client()
    assert sign_in(key.use(options(browser)), browser)["Location"] == "/schedules/"
    assert browser.get("/account/").status_code == 200
    assert Entry.objects.latest("sequence").evidence == "passkey"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"origin": "https://testserver"}, "wrong_passkey"),
        ({"origin": "http://testserver.evil.example"}, "wrong_passkey"),
        ({"origin": "http://testserver:8000"}, "wrong_passkey"),
        ({"host": "evil.example"}, "wrong_passkey"),
        ({"kind": "create"}, "wrong_passkey"),
        ({"flags": VERIFIED}, "wrong_passkey"),
        ({"flags": PRESENT}, "passkey_unverified"),
        ({"handle": b""}, "passkey_unverified"),
        ({"handle": b"somebody else"}, "wrong_passkey"),
        ({"counts": 0}, "passkey_copied"),
        ({"signer": ec.generate_private_key(ec.SECP256R1())}, "wrong_passkey"),
    ],
)
def test_a_wrong_answer_signs_nobody_in_and_is_recorded(key, changes, code):
    browser = Client()
    key.count = 5
    Passkey.objects.update(sign_count=5)
    answer = sign_in(key.use(options(browser), **changes), browser)
    assert "Sign-in failed" in answer.text
    row = Entry.objects.latest("sequence")
    assert (row.action, row.result, row.code) == ("person.sign_in", "refused", code)
    assert browser.get("/account/").status_code == 302


def test_an_authenticator_that_does_not_count_is_accepted(key):
    for _ in range(2):
        browser = Client()
        assert sign_in(key.use(options(browser), counts=0), browser).status_code == 302


def test_a_challenge_is_used_once_whatever_the_result(key):
    browser = Client()
    asked = options(browser)
    sign_in("{}", browser)
    answer = key.use(asked)
    assert "took too long" in sign_in(answer, browser).text
    assert Entry.objects.latest("sequence").code == "passkey_expired"


def test_a_challenge_that_another_request_has_taken_meanwhile_is_used(key):
    """The session of the second request still has it."""
    browser = Client()
    asked = options(browser)
    kept = PersonSession.objects.get(person_id=None)
    assert sign_in(key.use(asked), browser).status_code == 302
    kept.save(force_insert=True)
    other = Client()
    other.cookies["__Host-session"] = kept.session_key
    assert "took too long" in sign_in(key.use(asked), other).text


def test_a_challenge_of_another_session_or_of_five_minutes_ago_is_not_answered(key, clock):
    browser, other = Client(), Client()
    asked = options(other)
    options(browser)
    sign_in(key.use(asked), browser)
    assert nobody_is_in()
    clock.shift(passkeys.SECONDS)
    sign_in(key.use(asked), other)
    assert nobody_is_in()


def test_a_challenge_for_a_second_step_is_none_for_sign_in_and_the_reverse(key, cast):
    browser, _answer = type_password(cast.mia)
    answer = key.use(options(browser, "?known"))
    assert "took too long" in sign_in(answer, browser).text
    browser, _answer = type_password(cast.mia)
    answer = key.use(options(browser))
    assert browser.post(reverse("second_factor"), {"step_up_passkey": answer}).status_code == 200


def test_as_second_step_it_need_not_verify_its_user(key, cast):
    browser, _answer = type_password(cast.mia)
    answer = key.use(options(browser, "?known"), flags=PRESENT, handle=b"")
    assert browser.post(reverse("second_factor"), {"step_up_passkey": answer}).status_code == 302
    assert Entry.objects.latest("sequence").evidence == "password + passkey"


def test_a_passkey_of_somebody_else_is_no_second_step(key, cast):
    others = SoftKey()
    register(type_password(cast.ada)[0], others)
    browser, _answer = type_password(cast.mia)
    answer = others.use(options(browser, "?known"))
    assert browser.post(reverse("second_factor"), {"step_up_passkey": answer}).status_code == 200
    assert Entry.objects.latest("sequence").code == "wrong_passkey"


def test_a_passkey_belongs_to_the_host_for_which_it_was_made(key, settings):
    settings.ALLOWED_HOSTS = ["testserver", "other.example"]
    browser = Client(HTTP_HOST="other.example")
    asked = options(browser)
    assert asked["publicKey"]["rpId"] == "other.example"
    answer = key.use(asked, origin="http://other.example", host="other.example")
    assert "not known here" in sign_in(answer, browser).text


def test_no_challenge_for_a_host_that_is_not_the_portals_or_for_an_address(settings):
    assert Client(HTTP_HOST="evil.example").get(reverse("passkey_options")).status_code == 400
    settings.ALLOWED_HOSTS = ["127.0.0.1", "[::1]"]
    for host in ("127.0.0.1:8000", "[::1]:8000"):
        browser = Client(HTTP_HOST=host)
        assert browser.get(reverse("passkey_options")).status_code == 404
        assert "Use a passkey" not in browser.get(reverse("sign_in")).text


def test_a_deactivated_person_is_not_let_in(key, cast):
    User.objects.filter(pk=cast.mia.pk).update(is_active=False)
    browser = Client()
    assert "not active" in sign_in(key.use(options(browser)), browser).text


def test_wrong_answers_from_one_address_are_slowed_down(key):
    browser = Client()
    statuses = [sign_in("{}", browser).status_code for _ in range(11)]
    assert (statuses[9], statuses[10]) == (200, 429)


def test_a_passkey_is_a_recent_proof(key, desk, clock, settings):
    settings.SNAPPORTAL_STEP_UP_MINUTES = 10
    browser = Client()
    sign_in(key.use(options(browser)), browser)
    clock.shift(660)
    url, form = delete_form(desk)
    assert "step_up_passkey" in browser.post(url, form).text
    answer = key.use(options(browser, "?known"))
    assert browser.post(url, form | {"step_up_passkey": answer}).status_code == 302
    assert Entry.objects.get(action="person.prove").code == "passkey"


class TestRegistration:
    @pytest.mark.parametrize("changes", [{"origin": "http://evil.example"}, {"flags": 0}])
    def test_a_wrong_answer_adds_nothing(self, cast, clock, changes):
        browser, _answer = type_password(cast.mia)
        sent = SoftKey().make(options(browser, "?new"), **changes)
        answer = browser.post(reverse("passkey_add"), {"name": "key", "passkey": sent})
        assert "was not accepted" in answer.text
        assert not Passkey.objects.exists()

    def test_a_name_and_an_authenticator_are_used_once(self, key, cast, clock):
        browser = Client()
        sign_in(key.use(options(browser)), browser)
        assert "You have a passkey with this name" in register(browser, SoftKey()).text
        assert "in use already" in register(browser, key, "again").text
        assert Passkey.objects.count() == 1
        assert register(browser, SoftKey(), "second").status_code == 302
        assert Passkey.objects.count() == 2

    def test_known_ones_are_named_so_that_the_browser_refuses_them(self, key, cast):
        browser = Client()
        sign_in(key.use(options(browser)), browser)
        public = options(browser, "?new")["publicKey"]
        (excluded,) = public["excludeCredentials"]
        assert excluded["id"] == Passkey.objects.get().credential_id
        assert "mia" not in str(passkeys._handle(cast.mia.pk))


@given(
    sent=st.one_of(
        st.text(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
            ),
        ).map(json.dumps),
        st.dictionaries(
            st.sampled_from(["clientDataJSON", "authenticatorData", "signature", "userHandle"]),
            st.text(alphabet="ABCabc019-_=", max_size=60),
        ).map(
            lambda found: json.dumps({"rawId": "AAAA", "id": "AAAA", "type": "public-key", "response": found})
        ),
    )
)
@settings(max_examples=40 * TIMES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_sent_is_refused_and_raises_nothing_else(rf, sent):
    request = rf.get("/")
    request.session = {passkeys.KEY: None}
    for take in (
        lambda: passkeys.verify(request, sent, person=None),
        lambda: passkeys.read_new(request, sent, person=User(pk=1), name="x"),
    ):
        for purpose in (passkeys.SIGN_IN, passkeys.REGISTER):
            request.session[passkeys.KEY] = {
                "purpose": purpose,
                "at": passkeys.timezone.now().timestamp(),
                "challenge": passkeys.websafe_encode(
                    passkeys.hashlib.sha256(str(id(sent)).encode()).digest()
                ),
                "user_verification": "required",
            }
            with pytest.raises(passkeys.PasskeyError):
                take()
            passkeys.cache.clear()
