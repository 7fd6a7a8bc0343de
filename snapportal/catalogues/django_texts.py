"""What Django's own translators have translated already, for the texts of Django's forms in our catalogues."""

import gettext
from pathlib import Path

import django
from babel.messages.catalog import Catalog, Message

from snapportal.catalogues import checks


def fill(catalog: Catalog, language: str) -> None:
    """Fill in texts that only Django has, where its catalogue translates them and nobody has yet."""
    for app in ("conf", "contrib/auth"):
        folder = Path(django.__file__).parent / app / "locale"
        found = gettext.translation("django", folder, [language], fallback=True)
        for message in catalog:
            is_djangos = all(path.startswith("django/") for path, _line in message.locations)
            if message.id and is_djangos and not any(checks.forms(message)):
                _fill(message, found, catalog.num_plurals)


def _fill(message: Message, found: gettext.NullTranslations, plurals: int) -> None:
    known: dict[object, str] = getattr(found, "_catalog", {})  # a lookup would return the English text
    if isinstance(message.id, str):
        message.string = known.get(message.id, "").strip()
        return
    forms = tuple(known.get((message.id[0], place), "") for place in range(plurals))
    if all(forms):
        message.string = forms
