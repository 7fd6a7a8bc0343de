"""The engine of the page templates, and what each page can ask of the site and the product."""

from pathlib import Path
from typing import Any, Final

CONTEXT_PROCESSORS: Final = [
    "django.template.context_processors.request",
    "django.template.context_processors.i18n",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
    "snapshots.views.context_processors.frame",
    "snapportal.accounts.support.support",
    "snapportal.first_run.context_processors.setup_guide",
]
_LOADERS: Final = [
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]


def engines(folder: Path, *, reloads: bool) -> list[dict[str, Any]]:
    """`reloads`: a template is read anew for each page."""
    loaders = _LOADERS if reloads else [("django.template.loaders.cached.Loader", _LOADERS)]
    return [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [folder],
            "OPTIONS": {"context_processors": CONTEXT_PROCESSORS, "loaders": loaders},
        }
    ]
