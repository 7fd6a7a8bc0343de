"""Catalogues of translations: what is extracted from the sources, the .po files that translators fill in (snapportal/locale),
and the .mo files that Django reads. Decision 31 says how they belong together.
"""

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parent.parent / "locale"


def po_file(folder: Path, language: str) -> Path:
    return folder / language / "LC_MESSAGES" / "django.po"


def po_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/LC_MESSAGES/django.po"))
