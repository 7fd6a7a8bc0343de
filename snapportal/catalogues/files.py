"""Reads, updates and writes .po files."""

import copy
import io
import re
from pathlib import Path
from typing import Final

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

HEADER: Final = "# SnapPortal in {language}. How to translate: docs/translating.md"
_HEADER: Final = re.compile(r'^"(Project-Id-Version|Language|Plural-Forms|MIME-Version|Content-[\w-]+): .*$')
"""Lines of the header that stay: the others would differ with each update, or name nobody."""


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(
            file, locale=path.parent.parent.name, domain="django", charset="utf-8", abort_invalid=True
        )


def update(path: Path, template: Catalog) -> Catalog:
    """The catalogue of the file, or a new one, with exactly the texts of the template. Nothing is guessed."""
    language = path.parent.parent.name
    head = HEADER.format(language=Locale.parse(language).english_name)
    new = Catalog(locale=language, domain="django", charset="utf-8", header_comment=head)
    catalog = read(path) if path.exists() else new
    # A copy, because babel puts the template's own messages into the catalogue.
    catalog.update(
        copy.deepcopy(template), no_fuzzy_matching=True, update_header_comment=False, keep_user_comments=True
    )
    return catalog


def write(path: Path, catalog: Catalog) -> None:
    """In the order of the sources, without line numbers: a change of the sources changes only the lines that it concerns."""
    catalog.project, catalog.version, catalog.fuzzy = "SnapPortal", "", False
    file = io.BytesIO()
    write_po(file, catalog, width=100, include_lineno=False, sort_by_file=True, ignore_obsolete=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    header, _end, rest = file.getvalue().decode().partition("\n\n")
    lines = [one for one in header.split("\n") if not one.startswith('"') or _HEADER.match(one)]
    path.write_text("\n".join([*lines, "", rest]))
