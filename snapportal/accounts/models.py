"""People and their roles."""

import json
import re
import secrets
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import check_password, make_password
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from snapportal.accounts.temporary_roles.holder import TemporaryRoleHolder
from snapshots import sql

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

USERNAME_PATTERN = r"\A(?!erased-[0-9]+\Z)[a-z0-9._@+-]+\Z"
"""Erased people are called `erased-` and their number; nobody else can be."""
VIEWER_PERMISSIONS = frozenset({"snapshots.see", "snapshots.keep_token"})
OPERATOR_PERMISSIONS = VIEWER_PERMISSIONS | {"snapshots.create", "snapshots.delete_own", "schedules.pause"}
MANAGER_PERMISSIONS = OPERATOR_PERMISSIONS | {"snapshots.restore", "snapshots.delete", "schedules.manage"}
SERVER_PERMISSIONS = MANAGER_PERMISSIONS - VIEWER_PERMISSIONS
"""The rights on servers, which a team can give."""
AUDITOR_PERMISSIONS = frozenset({"audit.read", "audit.export", "audit.review"})


class Role(models.TextChoices):
    VIEWER = "viewer", _("Viewer")
    OPERATOR = "operator", _("Operator")
    MANAGER = "manager", _("Manager")
    AUDITOR = "auditor", _("Auditor")
    ADMIN = "admin", _("Admin")


PERMISSIONS: dict[str, frozenset[str]] = {
    Role.VIEWER: VIEWER_PERMISSIONS,
    Role.OPERATOR: OPERATOR_PERMISSIONS,
    Role.MANAGER: MANAGER_PERMISSIONS,
    Role.AUDITOR: AUDITOR_PERMISSIONS,
    Role.ADMIN: MANAGER_PERMISSIONS
    | {
        "audit.read",
        "audit.review",
        "audit.hold",
        "people.manage",
        "tokens.manage",
        "system.see",
        "notifications.manage",
    },
}
ROLES_WITH_SERVERS = tuple(role for role, rights in PERMISSIONS.items() if "snapshots.see" in rights)
"""Of which a person can be in teams."""


ROLE_WORDS: dict[str, "StrPromise"] = {
    Role.VIEWER: _("Sees the servers and snapshots of their own tokens. Changes nothing."),
    Role.OPERATOR: _(
        "Sees all that a viewer sees, creates snapshots, deletes their own ones, and pauses schedules."
    ),
    Role.MANAGER: _("Creates, restores and deletes snapshots, and makes schedules."),
    Role.AUDITOR: _("Reads, reviews and exports the audit log. Sees no servers and keeps no tokens."),
    Role.ADMIN: _(
        "Does all that a manager does, reads and reviews the audit log, and manages people and their tokens."
    ),
}


def new_session_seed() -> str:
    return secrets.token_hex(8)


class UserManager(BaseUserManager["User"]):
    def id_of(self, typed: str) -> int | None:
        """The ID of the person with this sign-in name, however it was typed; None if nobody has it."""
        username = User.normalize_username(typed)
        if not re.match(USERNAME_PATTERN, username):
            return None
        return self.filter(username=username).values_list("pk", flat=True).first()

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username=User.normalize_username(username or ""))

    def create_user(self, username: str, password: str | None, **fields: object) -> "User":
        """A person who may sign in with `password`; with None the person must first accept an invitation."""
        user: User = self.model(username=User.normalize_username(username), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(TemporaryRoleHolder, AbstractBaseUser):
    """A person of the team. Every person has exactly one role; permissions follow from it."""

    username = models.CharField(
        _("sign-in name"),
        max_length=60,
        unique=True,
        validators=[RegexValidator(USERNAME_PATTERN, _("Only letters, digits and . _ @ + - can be used."))],
    )
    name = models.CharField(
        _("name"), max_length=120
    )  # the log's column has 150 characters, for the name and the role
    email = models.EmailField(_("e-mail"), blank=True)
    role = models.CharField(_("role"), max_length=20, choices=Role, default=Role.VIEWER)
    is_active = models.BooleanField(_("active"), default=True)
    service_owner = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="service_accounts",
        editable=False,
    )
    """Who looks after it, if it is an account of scripts, which cannot sign in."""
    created_at = models.DateTimeField(auto_now_add=True)
    invitation_hash = models.CharField(max_length=64, blank=True, editable=False)
    invitation_expires_at = models.DateTimeField(null=True, editable=False)
    session_seed = models.CharField(max_length=16, default=new_session_seed, editable=False)
    rights_since = models.DateTimeField(default=timezone.now, editable=False)
    """When an admin last did what could give the person a right, or the account to somebody else (docs/decisions/0027)."""
    language = models.CharField(max_length=10, blank=True, default="", editable=False)
    theme = models.CharField(max_length=10, blank=True, default="", editable=False)
    density = models.CharField(max_length=10, blank=True, default="", editable=False)
    time_zone = models.CharField(max_length=60, blank=True, default="", editable=False)
    shortcuts = models.CharField(max_length=10, blank=True, default="", editable=False)
    server_layout = models.CharField(max_length=10, blank=True, default="", editable=False)
    """How the portal looks to the person (snapshots/views/look.py); empty where nothing was chosen."""

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        db_table = "person"
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name or self.username

    @classmethod
    def normalize_username(cls, username: str) -> str:
        """Sign-in names are case-insensitive."""
        return super().normalize_username(username).strip().lower()

    @staticmethod
    def erased_username(person_id: int) -> str:
        """The sign-in name that takes the place of an erased person's; USERNAME_PATTERN does not match it."""
        return f"erased-{person_id}"

    @property
    def is_erased(self) -> bool:
        return self.username == self.erased_username(self.pk)

    def check_password(self, raw_password: str | None) -> bool:
        """As Django's, but a rehashed password never overwrites one that was changed meanwhile."""

        def renew(raw_password: str) -> None:
            renewed = make_password(raw_password)
            if User.objects.filter(pk=self.pk, password=self.password).update(password=renewed):
                self.password = renewed

        return check_password(raw_password, self.password, renew)

    def get_session_auth_hash(self) -> str:
        """A session lives as long as this value: a new password or a new seed ends all sessions of the person."""
        return salted_hmac(
            "snapportal.session", self.password + self.session_seed, algorithm="sha256"
        ).hexdigest()

    @property
    def details_key(self) -> str:
        """A value that changes with every change of the name, e-mail, role or state."""
        details = json.dumps([self.name, self.email, self.role, self.is_active])
        return salted_hmac("snapportal.details", details, algorithm="sha256").hexdigest()[:16]

    @property
    def role_words(self) -> "StrPromise":
        """A sentence that explains the role."""
        return ROLE_WORDS[self.role]

    @property
    def is_service_account(self) -> bool:
        return self.service_owner_id is not None

    @property
    def lacks_keeper(self) -> bool:
        """Whether it is a service account whose keeper is deactivated: its API keys do not work then."""
        return self.service_owner is not None and not self.service_owner.is_active

    @property
    def is_invited(self) -> bool:
        """Whether an invitation (or a link to set a new password) is valid and unused."""
        return self.invitation_expires_at is not None and self.invitation_expires_at > timezone.now()

    @property
    def has_joined(self) -> bool:
        """Whether the person has set a password, or has signed in through the identity provider."""
        return self.has_usable_password() or self.last_login is not None

    def has_perm(self, permission: str, obj: object = None) -> bool:
        """Everywhere; with a server's ID as `obj` on that server, where a team or a temporary role may count too."""
        server_id = obj if isinstance(obj, int) else None
        return self.has_lasting_perm(permission, server_id) or bool(
            self.temporary_roles_for(permission, server_id)
        )

    def has_lasting_perm(self, permission: str, server_id: int | None) -> bool:
        """By the person's own role or a team: on this server, or everywhere."""
        return self.has_own_perm(permission) or any(
            team.covers(server_id) for team in self.teams_with(permission)
        )

    def has_settled_perm(self, permission: str, server_id: int | None, before: datetime) -> bool:
        """Whether the person could do it on this server at that time already, in an account that nobody has touched since.

        Temporary roles never count.
        """
        if not self.is_settled(before):
            return False
        teams = [one for one in self.teams_with(permission) if one.changed_at <= before]
        return self.has_own_perm(permission) or any(one.covers(server_id) for one in teams)

    def is_settled(self, before: datetime) -> bool:
        """Whether nobody has touched the account since then."""
        return self.rights_since <= before

    def has_perm_anywhere(self, permission: str) -> bool:
        """On at least one server: for pages that are about one, which then ask about it."""
        return (
            self.has_own_perm(permission)
            or bool(self.teams_with(permission))
            or bool(self.held_roles_for(permission))
        )

    def has_own_perm(self, permission: str) -> bool:
        """By the person's own role, without teams."""
        return self.is_active and permission in PERMISSIONS.get(self.role, frozenset())

    def teams_with(self, permission: str) -> "list[Team]":
        """The teams whose role gives this right. None gives a power that is not about servers, nor to a role without servers."""
        if permission not in SERVER_PERMISSIONS:
            return []
        return [one for one in self.effective_teams if permission in PERMISSIONS[one.role]]

    @staticmethod
    def server_rights_of(role: str) -> frozenset[str]:
        """What a team or a temporary role with this role gives."""
        return PERMISSIONS[role] & SERVER_PERMISSIONS

    @property
    def effective_teams(self) -> "list[Team]":
        """Those that give the person anything."""
        return self.own_teams if self.has_own_perm("snapshots.see") else []

    @cached_property
    def own_teams(self) -> "list[Team]":
        """Read once for each request, and anew with the person in the transaction of an intent."""
        chosen = "WHERE id IN (SELECT team_id FROM team_member WHERE user_id = %s) ORDER BY name, id"
        return list(sql.select(Team, chosen, [self.pk]))


class SignInFailure(models.Model):
    """One failed sign-in, stored as long as throttle.py counts it. The name is stored only as a keyed hash."""

    pair = models.CharField(max_length=64)
    address = models.CharField(max_length=45, blank=True)
    at = models.DateTimeField()
    is_followed = models.BooleanField(default=False)
    """Whether the audit log has a row for attempts after this failure, while sign-in was blocked."""

    class Meta:
        db_table = "sign_in_failure"
        indexes = [
            models.Index(fields=["pair", "at"], name="sign_in_failure_pair"),
            models.Index(fields=["address", "at"], name="sign_in_failure_address"),
            models.Index(fields=["at"], name="sign_in_failure_at"),
        ]

    def __str__(self) -> str:
        return f"{self.address} {self.at}"


from snapportal.accounts.factors.models import Authenticator, Passkey, RecoveryCode, WrongCode  # noqa: E402, F401
from snapportal.accounts.oidc.models import FederatedIdentity  # noqa: E402, F401 - a model of this app
from snapportal.accounts.session_models import KnownDevice, PersonSession  # noqa: E402, F401 - models of this app
from snapportal.accounts.team_models import Team  # noqa: E402
from snapportal.accounts.temporary_roles.models import TemporaryRole  # noqa: E402, F401 - a model of this app
