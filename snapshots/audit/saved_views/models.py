"""Where named filters of the log are stored."""

import unicodedata
from typing import Any, Final

from django.db import models
from django.db.models import Q

NAME_MAX_LENGTH: Final = 60


def key_of(name: str) -> str:
    """The same for two names that people would not tell apart: in upper and lower case, or in other forms of a letter."""
    return unicodedata.normalize("NFKC", name).casefold()


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, person_id: int) -> "SavedViewQuerySet":
        """Their own and the shared ones. Who may read the log at all is asked by the page."""
        return self.filter(Q(owner_id=person_id) | Q(is_shared=True)).order_by("name_key", "pk")


class SavedView(models.Model):
    """`owner_id`: who made it, by number, because a shared one outlives the account's name. `chosen`: the fields that filter.

    Only service.py changes it.
    """

    owner_id = models.BigIntegerField()
    name = models.CharField(max_length=NAME_MAX_LENGTH)
    name_key = models.CharField(max_length=8 * NAME_MAX_LENGTH)
    chosen = models.JSONField(default=dict)
    is_shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        db_table = "audit_saved_view"
        constraints = [
            models.UniqueConstraint(fields=["owner_id", "name_key"], name="audit_saved_view_name"),
        ]
        indexes = [
            models.Index(fields=["is_shared"], name="audit_saved_view_shared", condition=Q(is_shared=True)),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **options: Any) -> None:
        self.name_key = key_of(self.name)
        super().save(*args, **options)
