"""Loads what requests need, before gunicorn forks its workers, so that they share the memory of it.

Django itself imports the views at the first request, and parses each template when it is rendered first: in every worker anew.
Nothing here may open a connection or start a thread, because neither survives a fork.
"""

from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.template.loader import get_template
from django.urls import reverse


def template_names() -> list[str]:
    """Of the portal's own templates."""
    folder: Path = settings.BASE_DIR / "templates"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.html"))


def load() -> int:
    """Import all views and parse all templates. Returns how many templates could be parsed.

    A template that cannot be parsed fails when it is rendered, as it would without this.
    """
    reverse(settings.LOGIN_URL)  # builds the table of all URLs, which imports every view
    hash(staticfiles_storage)  # makes the storage, which reads the list of the static files' hashed names
    parsed = 0
    for name in template_names():
        try:
            get_template(name)
        except (TemplateDoesNotExist, TemplateSyntaxError, UnicodeDecodeError):
            continue
        parsed += 1
    return parsed
