#!/usr/bin/env python
"""SnapPortal's command line: `python manage.py start` runs the portal, `python manage.py help` lists the rest."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "snapportal.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))  # it says what to mend: a traceback would only hide that


if __name__ == "__main__":
    main()
