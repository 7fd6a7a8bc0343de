"""A language that no one speaks, made of the extracted texts: each is longer, in brackets, and without a plain letter.

What a page shows in plain letters is either a name, or a text that nobody marked for translation.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from django.conf import settings as django_settings

from snapportal.catalogues import extraction
from snapshots.views import look

CODE = "xx"
PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
STRANGE = "àƀćđéƒğĥíĵķłḿñóṕɋŕşŧúṽŵẋýžÀƁĆĐÉƑĞĤÍĴĶŁḾÑÓṔɊŔŞŦÚṼŴẊÝŽ"
LONGER = "‥"
KEPT = re.compile(r"(%\(\w+\)[sd]|%[sd%]|\{\w*\}|<[^>]*>|&\w+;)")
"""Variables, tags and entities stay as they are."""
_TO_STRANGE = str.maketrans(PLAIN, STRANGE)
_TO_PLAIN = str.maketrans(dict(zip(STRANGE, PLAIN, strict=True)) | dict.fromkeys(f"⟦⟧{LONGER}", ""))


def strange(text: str) -> str:
    parts = KEPT.split(text)
    changed = "".join(part if place % 2 else part.translate(_TO_STRANGE) for place, part in enumerate(parts))
    start, end = re.match(r"\s*", changed).end(), len(changed.rstrip())
    longer = LONGER * (len(changed.split()) // 2)
    return f"{changed[:start]}⟦{changed[start:end]}{longer}⟧{changed[end:]}"


def plain(text: str) -> str:
    """As it was before `strange`."""
    return text.translate(_TO_PLAIN)


@lru_cache(maxsize=1)
def _catalog() -> Catalog:
    catalog = Catalog(locale="en", domain="django", charset="utf-8", fuzzy=False)
    for message in extraction.extract_all(Path(django_settings.BASE_DIR)):
        if message.id:
            ids = message.id if isinstance(message.id, tuple) else (message.id,)
            translated = tuple(map(strange, ids))
            catalog.add(message.id, translated if len(ids) > 1 else translated[0], context=message.context)
    return catalog


def write_catalogue(folder: Path) -> None:
    target = folder / CODE / "LC_MESSAGES" / "django.mo"
    target.parent.mkdir(parents=True)
    with target.open("wb") as file:
        write_mo(file, _catalog())


@contextmanager
def speaking(settings: Any, folder: Path, *, from_right_to_left: bool = False) -> Iterator[None]:
    """The portal in this language, unless somebody chooses English."""
    write_catalogue(folder)
    settings.LOCALE_PATHS = [folder]
    settings.LANGUAGES = [("en", "English"), (CODE, "Pseudo")]
    settings.LANGUAGES_BIDI = [CODE] if from_right_to_left else []
    settings.SNAPPORTAL_LANGUAGE = CODE
    _forget()
    yield
    _forget()


def _forget() -> None:
    for kept in (look._offered, look.parse, look.first_offered):
        kept.cache_clear()
