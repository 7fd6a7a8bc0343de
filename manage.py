#!/usr/bin/env python
"""SnapPortal's command line: `python manage.py start` runs the portal, `python manage.py help` lists the rest."""

import gc
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

COLLECTION_THRESHOLD = 100_000
"""Python searches for garbage after each 700 new objects. While the portal is loaded nothing is garbage, and the searches took up
to a fifth of that time."""


def main() -> None:
    gc.set_threshold(COLLECTION_THRESHOLD)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "snapportal.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))  # it says what to mend: a traceback would only hide that


if __name__ == "__main__":
    main()
