"""A password or key typed into the wrong field is neither in the audit log nor in the log lines."""

import json
import re

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse
from django.utils import translation

from snapshots.audit import masking
from snapshots.audit.models import Entry
from snapshots.views.texts import audit as texts
from tests.support import hostile
from tests.support.pages import text_of

SECRET = "Tr0ub4dor&3"
"""Not valid as a sign-in name."""
PLAUSIBLE = "correct.horse"
"""Valid as a sign-in name, but nobody has it."""


@pytest.fixture
def lines():
    with hostile.log_lines() as raw:
        yield raw


def sign_in(username: str, password: str = "wrong"):
    return Client().post("/sign-in/", {"username": username, "password": password})


def targets() -> list[str]:
    found = Entry.objects.filter(action="person.sign_in").order_by("sequence")
    return [row.full_target for row in found]


def everything_stored() -> str:
    """Every row of every table."""
    return json.dumps([list(model.objects.values()) for model in apps.get_models()], default=str)


@pytest.mark.parametrize("typed", [SECRET, PLAUSIBLE, f" {SECRET} ", SECRET.upper(), "x" * 500, "né\x00nom"])
def test_an_unknown_name_is_recorded_as_its_length_and_a_hash(cast, strict, lines, typed):
    for _ in range(12):  # the last ones are held back, and recorded too
        sign_in(typed)
    name = typed.strip().lower()
    assert len(set(targets())) == 1
    found = re.fullmatch(r"unknown name \((\d+) characters, ([0-9a-f]{16})\)", targets()[0])
    assert found
    assert int(found[1]) == len(name)
    assert name not in everything_stored().lower()
    assert name not in "".join(lines()).lower()


def test_the_name_of_a_person_is_recorded_as_stored(cast):
    sign_in("  VERA")
    assert targets() == ["vera"]


def test_a_deactivated_person_is_named_too(cast):
    cast.vera.is_active = False
    cast.vera.save()
    sign_in("vera")
    assert targets() == ["vera"]


def test_the_same_unknown_name_gives_the_same_hash_and_another_a_different_one(cast):
    for typed in (SECRET, PLAUSIBLE, SECRET.lower(), PLAUSIBLE + "!"):
        sign_in(typed)
    first, second, again, other = targets()
    assert first == again
    assert len({first, second, other}) == 3


def test_the_hash_depends_on_the_secret_key(cast, settings):
    sign_in(SECRET)
    settings.SECRET_KEY = "another key, of more than forty characters in length"
    sign_in(SECRET)
    assert len(set(targets())) == 2


def test_the_audit_page_describes_an_unknown_name_and_finds_it_by_its_hash(cast, signed_in):
    sign_in(SECRET)
    sign_in(PLAUSIBLE)
    length, hashed = masking.read_masked(targets()[0])
    auditor = signed_in(cast.aron)
    page = auditor.get(reverse("entry_list"), {"text": hashed})
    (line,) = page.context["page"].lines
    assert texts.headline(line.entry) == f"Sign in as an unknown name ({length} characters, {hashed})"
    detail = text_of(auditor.get(line.url))
    assert detail.count(f"an unknown name ({length} characters, {hashed})") == 2
    assert "unknown name (" not in detail.replace("an unknown name (", "")


def test_the_description_is_translated_when_it_is_shown(monkeypatch):
    monkeypatch.setattr(texts, "ngettext", lambda one, many, count: "unbekannt: %(length)s, %(hash)s")
    entry = Entry(action="person.sign_in", target=masking.mask_name(SECRET))
    with translation.override("de"):
        assert texts.target_words(entry).startswith(f"unbekannt: {len(SECRET)}, ")


@pytest.mark.parametrize(
    "path",
    [f"/{PLAUSIBLE}", f"/Welcome/{PLAUSIBLE}/", f"/welcome/{PLAUSIBLE}/more", f"/x/{PLAUSIBLE}/", f"/welcome//{PLAUSIBLE}/"],
)  # fmt: skip
def test_a_path_that_does_not_exist_is_not_logged(db, lines, path):
    assert Client().get(path).status_code in {301, 404}
    Client(enforce_csrf_checks=True).post(path)
    assert PLAUSIBLE not in "".join(lines())


def test_for_an_existing_path_the_route_is_logged(db, lines):
    Client(enforce_csrf_checks=True).post("/sign-in/")
    assert "Forbidden (CSRF cookie not set.): /sign-in/" in "".join(lines())
