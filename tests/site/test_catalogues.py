"""The translators' files hold every text of the sources, and what is translated fits; Django gets them compiled."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import translation

from snapportal import catalogues, languages
from snapportal.catalogues import checks, compiled, extraction, files
from snapportal.catalogues.compiled import NotCompiledError, compiled_folder

ROOT = Path(settings.BASE_DIR)
UPDATE = "run `python manage.py update_catalogues`"


@pytest.fixture(scope="module")
def template() -> Catalog:
    return extraction.extract_all(ROOT)


@pytest.fixture(scope="module", params=languages.TRANSLATED)
def catalog(request) -> Catalog:
    return files.read(catalogues.po_file(catalogues.FOLDER, request.param))


def ids(catalog: Catalog) -> set[object]:
    return {(one.context, one.id) for one in catalog if one.id}


def test_every_language_has_every_text_and_no_other(catalog, template):
    assert ids(catalog) == ids(template), UPDATE


def test_what_is_translated_fits(catalog):
    assert checks.problems(catalog) == []


def test_complete_languages_have_every_translation(catalog):
    if str(catalog.locale) in languages.COMPLETE:
        assert checks.missing(catalog) == []


def test_the_plural_forms_are_those_of_the_language(catalog):
    assert catalog.plural_forms == Catalog(locale=catalog.locale).plural_forms


def test_statements_of_the_log_are_found_in_all_their_forms_but_those_without_words(template):
    texts = ids(template)
    assert (None, "The provider lists snapshot %(id)s as “%(status)s”.") in texts
    assert (None, ("%(count)s snapshot made", "%(count)s snapshots made")) in texts
    assert (None, "%(role)s") not in texts


def test_texts_of_python_templates_the_api_and_django_are_found(template):
    places = {message.id: {path for path, _line in message.locations} for message in template if message.id}
    assert "snapshots/views/texts/failures.py" in places["Page not found"]
    assert "templates/base.html" in places["Skip to the content"]
    assert "snapshots/api/endpoints/snapshots.py" in places["Create a snapshot"]
    assert "django/forms/fields.py" in places["This field is required."]
    assert ("%d day ago", "%d days ago") in places
    assert template.get("create", "what a role may not do with snapshots")


def one(source: str | tuple[str, str], translated: str | tuple[str, ...], language: str = "de") -> Catalog:
    catalog = Catalog(locale=language)
    catalog.add(source, translated)
    return catalog


WRONG = [
    ("%(name)s is ready", "%(nam)s ist bereit"),
    ("%(name)s is ready", "ist bereit"),
    ("is ready", "%(name)s ist bereit"),
    ("wait until {}", "warten"),
    ("{date} is in UTC", "{Datum} ist in UTC"),
    ("%s of %d", "%d von %s"),
    ("100%% of %s", "100 von %s"),
    ("<strong>5</strong> left", "<strong>5 übrig"),
    ("of them ", "davon"),
    (" of them", "davon"),
    (("%d day", "%d days"), ("ein Tag", "%d Tage")),
    (("%(n)s day", "%(n)s days"), ("%(n)s Tag", "Tage")),
    (("%d day", "%d days"), ("%d Tag", "%d Tage", "%d Tage")),
]
RIGHT = [
    ("%(name)s is on %(server)s", "Auf %(server)s ist %(name)s"),
    ("<strong>5</strong> left", "noch <strong>5</strong>"),
    (("%(n)s day", "%(n)s days"), ("ein Tag", "%(n)s Tage")),
    (("%d day", "%d days"), ("%d Tag", "%d Tage")),
    ("not translated yet", ""),
    (("not yet", "not yet"), ("", "")),
]


@pytest.mark.parametrize(("source", "translated"), WRONG)
def test_a_translation_that_does_not_fit_is_found(source, translated):
    assert len(checks.problems(one(source, translated))) == 1


@pytest.mark.parametrize(("source", "translated"), RIGHT)
def test_a_translation_that_fits_is_accepted(source, translated):
    assert checks.problems(one(source, translated)) == []


def test_a_form_for_zero_and_one_names_the_number():
    texts = ("%(n)s day", "%(n)s days")
    assert checks.problems(one(texts, ("un jour", "%(n)s de jours", "%(n)s jours"), "fr"))


def test_what_is_missing_and_what_is_guessed_is_found():
    catalog = one("Help", "")
    catalog.add(("%d day", "%d days"), ("%d Tag", ""))
    catalog.add("Save", "Speichern", flags=["fuzzy"])
    catalog.add("Next", "Weiter")
    assert checks.missing(catalog) == ["Help", "%d day", "Save"]


def test_an_update_keeps_what_is_translated_and_drops_what_is_gone(tmp_path):
    path = catalogues.po_file(tmp_path, "de")
    old = one("Help", "Hilfe")
    old.add("Gone", "Fort")
    old.header_comment = "# Help is always Hilfe."
    files.write(path, old)
    template = one("Help", "")
    template.add("Helper", "")
    files.write(path, files.update(path, template))
    found = {message.id: message.string for message in files.read(path) if message.id}
    assert found == {"Help": "Hilfe", "Helper": ""}
    assert path.read_text().startswith("# Help is always Hilfe.\n")
    before = path.read_text()
    files.write(path, files.update(path, template))
    assert path.read_text() == before


def test_the_command_updates_and_names_what_does_not_fit(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(catalogues, "FOLDER", tmp_path)
    monkeypatch.setattr(languages, "TRANSLATED", ["de"])
    files.write(catalogues.po_file(tmp_path, "de"), one("ID %d", "Nummer"))
    with pytest.raises(CommandError, match=r"\Ade: ID %d: a %s, %d or {} is missing"):
        call_command("update_catalogues")
    assert "de: 71 of" in capsys.readouterr().out
    found = files.read(catalogues.po_file(tmp_path, "de"))
    assert found.get("This field is required.").string == "Dieses Feld ist zwingend erforderlich."


@pytest.fixture
def source(tmp_path) -> Path:
    folder = tmp_path / "source"
    files.write(catalogues.po_file(folder, "de"), one("Help", "Hilfe"))
    return folder


def test_what_was_compiled_is_found_again_and_made_anew_after_a_change(source, tmp_path):
    first = compiled_folder(source, tmp_path / "data")
    assert first.parent == source / ".compiled"
    made = (first / "de" / "LC_MESSAGES" / "django.mo").stat()
    assert compiled_folder(source, tmp_path / "data") == first
    assert (first / "de" / "LC_MESSAGES" / "django.mo").stat() == made
    files.write(catalogues.po_file(source, "de"), one("Help", "Beistand"))
    second = compiled_folder(source, tmp_path / "data")
    assert second != first
    assert list(second.parent.iterdir()) == [second]


def test_where_the_sources_cannot_be_written_the_data_folder_holds_what_was_compiled(source, tmp_path):
    (source / ".compiled").touch()  # a file: also root cannot write into it
    folder = compiled_folder(source, tmp_path / "data")
    assert folder.parent == tmp_path / "data" / "locale"
    (tmp_path / "other").touch()
    with pytest.raises(NotCompiledError, match="cannot be compiled"):
        compiled_folder(source, tmp_path / "other")


def test_whoever_comes_second_takes_what_the_first_has_made(source, tmp_path):
    target = tmp_path / "compiled" / "made"
    compiled.compile_into(source, target)
    before = (target / "de" / "LC_MESSAGES" / "django.mo").stat()
    compiled.compile_into(source, target)
    assert (target / "de" / "LC_MESSAGES" / "django.mo").stat().st_ino == before.st_ino
    assert [path.name for path in target.parent.iterdir()] == ["made"]


def test_an_image_can_be_built_with_them():
    command = [sys.executable, "-m", "snapportal.catalogues.compiled"]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"PYTHONPATH": ""}, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_portal_speaks_the_languages_that_it_offers():
    with translation.override("de"):
        assert translation.gettext("Sign in") == "Anmelden"
    assert set(languages.COMPLETE) <= set(languages.TRANSLATED)
    assert [code for code in ("he", "yi") if code in languages.TRANSLATED] == languages.RIGHT_TO_LEFT
