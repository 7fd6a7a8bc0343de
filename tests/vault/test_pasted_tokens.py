"""Pasted tokens: text that cannot be part of the token is removed, and the page says what was removed."""

import json

import pytest

from snapshots.audit.models import Entry
from snapshots.vault import tokens
from snapshots.vault.models import StoredToken
from snapshots.vault.pasted import Part, Pasted, clean
from snapshots.views.texts.tokens import PART_TEXTS

TOKEN = "sbx_4f9c2d7ab-.~+/61e0|x=="


@pytest.mark.parametrize(
    ("text", "left_off"),
    [
        (TOKEN, ()),
        (f"{TOKEN}\r\n", (Part.SPACE,)),
        (f"\u00a0{TOKEN}\u2028\t", (Part.SPACE,)),
        (f"\ufeff{TOKEN}", (Part.INVISIBLE,)),
        (f"{TOKEN[:5]}\u200b\u2060{TOKEN[5:]}\u200e", (Part.INVISIBLE,)),
        (f'"{TOKEN}"', (Part.QUOTES,)),
        (f"“{TOKEN}”", (Part.QUOTES,)),
        (f"„{TOKEN}‘,", (Part.QUOTES,)),
        (f"»{TOKEN}«", (Part.QUOTES,)),
        (f"'{TOKEN}", (Part.QUOTES,)),
        (f"`{TOKEN}`;", (Part.QUOTES,)),
        (f"Bearer {TOKEN}", (Part.SCHEME,)),
        (f"bearer:\t{TOKEN}", (Part.SCHEME,)),
        (f'"Bearer {TOKEN}" ', (Part.SPACE, Part.QUOTES, Part.SCHEME)),
        (f"Bearer “{TOKEN}”", (Part.SCHEME, Part.QUOTES)),
        (f"Token {TOKEN}", (Part.SCHEME,)),
        (f'TOKEN\t"{TOKEN}"', (Part.SCHEME, Part.QUOTES)),
        (f"Authorization: Token {TOKEN}", (Part.HEADER,)),
        (f"curl -H 'Authorization: Token <{TOKEN}>' https://x.test/", (Part.COMMAND,)),
        (f"‹{TOKEN}›", (Part.QUOTES,)),
        (f"«{TOKEN}»", (Part.QUOTES,)),
        (f"<{TOKEN}>", (Part.QUOTES,)),
        (f"＜{TOKEN}＞", (Part.QUOTES,)),
        (f"Bearer <{TOKEN}>", (Part.SCHEME, Part.QUOTES)),
        (f"TOKEN=<{TOKEN}>", (Part.NAME, Part.QUOTES)),
        (f"Authorization: Bearer {TOKEN}", (Part.HEADER,)),
        (f"AUTHORIZATION:bearer\u00a0{TOKEN}\n", (Part.HEADER,)),
        (f'"Authorization": "Bearer {TOKEN}",', (Part.HEADER,)),
        (f"Authorization: {TOKEN}", (Part.NAME,)),
        (f'-H "Authorization: Bearer {TOKEN}"', (Part.COMMAND,)),
        (f"-H “Authorization: Bearer {TOKEN}”", (Part.COMMAND,)),
        (f"--header='Authorization: Bearer {TOKEN}'", (Part.COMMAND,)),
        (f"curl -s https://x.test/ -H 'Authorization: Bearer {TOKEN}' -X GET", (Part.COMMAND,)),
        (f"API_TOKEN={TOKEN}", (Part.NAME,)),
        (f"export VPS_API_KEY='{TOKEN}'", (Part.NAME, Part.QUOTES)),
        (f"token: {TOKEN}", (Part.NAME,)),
        (f'"api-token": "{TOKEN}",', (Part.QUOTES, Part.NAME)),
        (f"\ufeffTOKEN = 'Bearer {TOKEN}'\n", (Part.INVISIBLE, Part.SPACE, Part.QUOTES, Part.NAME, Part.SCHEME)),
    ],
)  # fmt: skip
def test_text_around_a_token_is_removed(text, left_off):
    found = clean(text)
    assert found.token == TOKEN
    assert set(found.left_off) == set(left_off)


@pytest.mark.parametrize(
    "text",
    [
        "Bearerabc", "bearer_abc", "mytoken==", "mytoken=", "key:secret", "12345:token:abc", "a=b", "x-token-y",
        "1|abcdefToken", "tokenabc", "eyJhbGciOi.eyJzdWIi.s-ig_n", "line\nbreak", "two words", "Basic abc",
        "Authorization: Basic abc", 'a"b', "a,b;c",
    ],
)  # fmt: skip
def test_text_that_may_be_part_of_a_token_stays(text):
    assert clean(text).token in {text, text.removeprefix("Authorization: ")}


@pytest.mark.parametrize(
    "text", ["", " \n", "Bearer", "Token ", "<>", "“”", "Bearer ", "\ufeff", "'Bearer '"]
)
def test_text_without_a_token_becomes_empty(text):
    assert clean(text).token == ""


def test_text_with_two_headers_is_not_reduced_to_one_token():
    text = "-H 'Authorization: Bearer one' -H 'Authorization: Bearer two'"
    assert " " in clean(text).token


def test_a_bare_token_is_unchanged():
    assert clean(TOKEN) == Pasted(TOKEN)


def test_every_removed_part_has_a_text_for_the_page():
    assert set(PART_TEXTS) == set(Part)


def add(client, token: str, label: str = "Team", **more):
    return client.post("/tokens/add/", {"label": label, "token": token, **more}, follow=True)


@pytest.fixture
def vera(cast, signed_in):
    return signed_in(cast.vera)


def test_the_extracted_token_is_stored_and_the_page_says_what_was_removed(sandbox, vera):
    page = add(vera, f'\ufeff-H "Authorization: Bearer {sandbox.token}"\n').text
    assert tokens.decrypt(StoredToken.objects.get()) == sandbox.token
    assert "Removed invisible characters and the command around it" in page
    assert sandbox.token not in page


def test_a_replacement_token_is_cleaned_too(sandbox, vera):
    add(vera, sandbox.token)
    stored = StoredToken.objects.get()
    page = vera.post(f"/tokens/{stored.pk}/replace/", {"token": f"Bearer {sandbox.other_token}"}, follow=True)
    assert tokens.decrypt(StoredToken.objects.get()) == sandbox.other_token
    assert "Removed “Bearer”" in page.text


def test_a_bare_token_is_stored_without_a_message_about_removed_text(sandbox, vera):
    assert "Removed" not in add(vera, sandbox.token).text


def test_the_page_of_a_refused_token_says_what_was_removed_and_hides_the_token(sandbox, vera):
    page = add(vera, "MY_TOKEN=not-a-token-of-anybody").text
    assert "Removed the name in front of it" in page
    assert "VPS.org does not accept this token" in page
    assert "not-a-token-of-anybody" not in page
    assert "MY_TOKEN" not in page


def test_the_word_bearer_alone_is_not_a_token(vera):
    page = add(vera, "Bearer ", unchecked="on").text
    assert "There is no token in what was pasted" in page
    assert Entry.objects.count() == 0


@pytest.mark.parametrize("label", ["{token}", "my {token}", "0123456789abcdefghijklmn"])
def test_a_token_pasted_into_the_label_is_neither_stored_nor_shown(sandbox, vera, label):
    label = label.format(token=sandbox.token)
    for token in (sandbox.token, "nobody"):
        page = add(vera, token, label=label).text
        assert "This looks like a token" in page
        assert label not in page
    assert StoredToken.objects.count() == 0
    assert label not in json.dumps(list(Entry.objects.values()), default=str)


@pytest.mark.parametrize(
    "label", ["customer-4711-webservers-eu", "Donaudampfschifffahrtsgesellschaft", "2026"]
)
def test_a_long_ordinary_name_is_accepted_as_a_label(sandbox, vera, label):
    add(vera, sandbox.token, label=label)
    assert StoredToken.objects.get().label == label


def test_a_label_equal_to_the_token_is_refused(sandbox, vera):
    assert "This looks like a token" in add(vera, "short-token", label="short-token").text
    assert Entry.objects.count() == 0


def test_the_page_reports_removed_blanks(sandbox, vera):
    assert "Removed blanks around it" in add(vera, f" {sandbox.token} ").text
