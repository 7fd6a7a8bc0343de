#!/usr/bin/env python
"""SnapPortal's command line: `python manage.py start` runs the portal, `python manage.py help` lists the rest."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "snapportal.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
