"""People and their roles."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

VIEWER_PERMISSIONS = frozenset({"snapshots.see", "snapshots.keep_token"})
OPERATOR_PERMISSIONS = VIEWER_PERMISSIONS | {"snapshots.create"}
MANAGER_PERMISSIONS = OPERATOR_PERMISSIONS | {"snapshots.restore", "snapshots.delete"}
AUDITOR_PERMISSIONS = frozenset({"audit.read", "audit.export"})


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
    Role.ADMIN: MANAGER_PERMISSIONS | {"audit.read", "people.manage", "tokens.manage"},
}


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None, **fields: object) -> "User":
        user: User = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person of the team. Every person has exactly one role; permissions follow from it."""

    username = models.CharField(_("sign-in name"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=150)
    email = models.EmailField(_("e-mail"), blank=True)
    role = models.CharField(_("role"), max_length=20, choices=Role, default=Role.VIEWER)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        db_table = "person"
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name or self.username

    def has_perm(self, permission: str, obj: object = None) -> bool:
        return self.is_active and permission in PERMISSIONS.get(self.role, frozenset())
