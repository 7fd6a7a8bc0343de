"""The sandbox's people: one for each role, each with a token of the sandbox; created once."""

import os
import secrets
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from snapportal.accounts import people
from snapportal.accounts.models import Role, User
from snapshots.audit.journal import Actor
from snapshots.sandbox import demo_data
from snapshots.vault import service
from snapshots.vault.models import ALPHABET, StoredToken

NAMES = {
    Role.VIEWER: "Vera Viewer",
    Role.OPERATOR: "Oskar Operator",
    Role.MANAGER: "Mina Manager",
    Role.AUDITOR: "Arno Auditor",
    Role.ADMIN: "Ada Admin",
}
SETTLED = timedelta(days=30)
"""As if the people had been here for so long: they can try approvals at once."""
HEADING = "# People of the sandbox: sign-in name and password. Nothing here opens anything real."


def accounts_file() -> Path:
    return Path(settings.DATA_DIR) / "sandbox-accounts.txt"


def new_password() -> str:
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))


def read_passwords() -> dict[str, str]:
    """Sign-in name → its first password; empty if the file does not exist."""
    if not accounts_file().exists():
        return {}
    lines = accounts_file().read_text().splitlines()
    return dict(line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))


def _write_passwords() -> None:
    handle = os.open(accounts_file(), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write("\n".join([HEADING, *(f"{role.value} {new_password()}" for role in NAMES)]) + "\n")


def _give_token(person: User, actor: Actor) -> None:
    """Only for a person who never signed in, so that a token removed by its owner is not added again."""
    is_new = person.last_login is None and not StoredToken.objects.filter(user=person).exists()
    if is_new and service.may_keep_tokens(person):
        token = demo_data.issue_token(demo_data.TEAM_EMAIL, f"SnapPortal, {person}")
        service.store_token(actor=actor, owner=person, label="Sandbox", token=token)


def ensure_people(actor: Actor) -> None:
    """Add the people that are missing. The passwords are written to the file first, so that an interrupted run can be
    continued. If there are people but no file, nothing is changed."""
    if not settings.SANDBOX:
        raise RuntimeError("only the sandbox has people of its own")
    if not accounts_file().exists():
        if User.objects.exists():
            return
        _write_passwords()
    for username, password in read_passwords().items():
        person = User.objects.filter(username=username).first()
        if person is None:
            role = Role(username)
            person = User(username=username, name=NAMES[role], email=f"{username}@example.com", role=role)
            person.rights_since = timezone.now() - SETTLED
            people.add_with_password(person, password, actor=actor)
        _give_token(person, actor)


def describe_people() -> list[str]:
    """A line for each: sign-in name, password, and what the role may do."""
    lines = []
    for username, password in read_passwords().items():
        person = User.objects.filter(username=username).first()
        if person is not None:
            shown = password if person.check_password(password) else "(changed since)"
            lines.append(f"{username:10} {shown:20} {person.role_words}")
    return lines
