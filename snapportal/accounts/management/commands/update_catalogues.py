"""`python manage.py update_catalogues`: brings the translators' files up to date with the sources, and checks them."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from snapportal import catalogues, languages
from snapportal.catalogues import checks, django_texts, extraction, files


class Command(BaseCommand):
    help = "Bring the .po files of all languages up to date with the sources, and say what is missing or wrong in them."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        template = extraction.extract_all(settings.BASE_DIR)
        wrong: list[str] = []
        for language in languages.TRANSLATED:
            path = catalogues.po_file(catalogues.FOLDER, language)
            catalog = files.update(path, template)
            django_texts.fill(catalog, language)
            files.write(path, catalog)
            missing = len(checks.missing(catalog))
            self.stdout.write(f"{language}: {len(catalog) - missing} of {len(catalog)} texts translated")
            wrong += [f"{language}: {problem}" for problem in checks.problems(catalog)]
        if wrong:
            raise CommandError("\n".join(wrong))
