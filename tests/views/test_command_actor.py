"""What a command did for no person has one actor in the log, in the reader's language."""

import pytest
from django.core.management import call_command
from django.urls import reverse

from snapshots.audit import journal, verification
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db


def test_what_a_command_did_has_one_actor_in_the_readers_language(cast, signed_in, capsys):
    call_command("add_person", "nora", "--role", "viewer")
    with journal.committed():
        journal.record(verification.COMMAND_ACTOR.entry(action="audit.verify", result="completed"))
    page = text_of(signed_in(cast.aron).get(reverse("entry_list"), headers={"Accept-Language": "de"}))
    assert page.count("Befehlszeile") >= 2
    assert "Command line" not in page


@pytest.mark.parametrize(("language", "name"), [("en", "command line"), ("de", "Befehlszeile")])
def test_the_rows_of_commands_are_found_by_the_actor_that_the_page_shows(
    cast, signed_in, capsys, language, name
):
    call_command("add_person", "nora", "--role", "viewer")
    aron = signed_in(cast.aron)
    page = aron.get(reverse("entry_list"), {"person": name}, headers={"Accept-Language": language})
    assert [line.entry.action for line in page.context["page"].lines] == ["person.invite"]
