"""The languages of pages and messages. The sources are written in English; the others have catalogues in snapportal/locale."""

from pathlib import Path
from typing import Final

from django.conf.locale import LANG_INFO
from environs import validate

from snapportal import catalogues
from snapportal.catalogues.compiled import NotCompiledError, compiled_folder
from snapportal.environment import Environment

SOURCE: Final = "en"
LANGUAGES: Final = [
    (SOURCE, "English"),
    ("yi", "ייִדיש"),
    ("he", "עברית"),
    ("de", "Deutsch"),
    ("fr", "Français"),
    ("es", "Español"),
]
"""Each with its name in itself, as a reader looks for it."""
RIGHT_TO_LEFT: Final = ["he", "yi"]
TRANSLATED: Final = [code for code, _name in LANGUAGES if code != SOURCE]
COMPLETE: Final = ["yi", "he", "de", "fr", "es"]
"""Languages whose catalogue must have every text: the tests refuse a missing one. Whoever completes a language adds it."""

# Django does not know Yiddish, and refuses to name a language that it does not know.
LANG_INFO.setdefault("yi", {"bidi": True, "code": "yi", "name": "Yiddish", "name_local": "ייִדיש"})


def read_default(environment: Environment) -> str:
    """The language of whoever has not chosen one, and whose browser asks for none that there is."""
    offered = validate.OneOf([code for code, _name in LANGUAGES])
    return str(environment.read(environment.env.str, "LANGUAGE", SOURCE, validate=offered))


def read_catalogues(environment: Environment, data_dir: Path) -> list[Path]:
    """Where Django finds the translations."""
    try:
        return [compiled_folder(catalogues.FOLDER, data_dir)]
    except NotCompiledError as error:
        environment.errors.append(str(error))
        return []
