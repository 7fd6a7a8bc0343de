"""A request of a form in a process of its own, to be killed while it reads the provider's lists.

python -m tests.support.interrupted_look DATABASE_URL API_URL TIMEOUT_SECONDS PERSON_ID TOKEN_ID CONFIRMATION
"""

import os
import subprocess
import sys
from pathlib import Path

from django.db import connection

ROOT = Path(__file__).resolve().parents[2]


def database_url() -> str:
    """The address of the database that this test uses."""
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    return f"postgres://{values['USER']}@{values['HOST'].replace('/', '%2F')}/{values['NAME']}"


def start(desk, confirmation: str, api_url: str, timeout_seconds: float) -> subprocess.Popen[bytes]:
    """Send the form of a delete from a process of its own."""
    arguments = [
        database_url(),
        api_url,
        str(timeout_seconds),
        str(desk.user.pk),
        desk.token.pk,
        confirmation,
    ]
    return subprocess.Popen([sys.executable, "-m", "tests.support.interrupted_look", *arguments], cwd=ROOT)


def main() -> None:
    url, api_url, timeout_seconds, person_id, token_id, confirmation = sys.argv[1:]
    os.environ |= {"SNAPPORTAL_DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    import django
    from django.conf import settings

    django.setup()
    settings.SNAPPORTAL_API_URL = api_url
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = float(timeout_seconds)
    from snapportal.accounts.models import User
    from snapshots.operations import service
    from snapshots.vault.models import StoredToken
    from tests.support.desk import Desk

    desk = Desk(User.objects.get(pk=person_id), StoredToken.objects.get(pk=token_id))
    service.delete_snapshot(actor=desk.actor, token=desk.token, confirmation=confirmation)


if __name__ == "__main__":
    main()
