"""What admins say about the set-up that cannot be found out, its end, and who does not want to see the guide."""

from typing import Final

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Mark(models.TextChoices):
    BACKUP = "backup", _("Backup of the database and the keys")
    ALONE = "alone", _("Nobody else works with the portal")
    FINISHED = "finished", _("All steps were done")
    TRIED = "tried", _("All steps were done")
    """The end with the sandbox, which reaches no provider: with a real one the set-up is not over."""


CONFIRMED_BY_HAND: Final = frozenset({Mark.BACKUP, Mark.ALONE})


class SetupMark(models.Model):
    """Once for the installation. `person` is None for an end, which nobody sets by hand."""

    name = models.CharField(max_length=20, primary_key=True, choices=Mark)
    at = models.DateTimeField()
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        db_table = "setup_mark"

    def __str__(self) -> str:
        return self.name


class HiddenGuide(models.Model):
    """A person who does not want to see the guide above the list of servers."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="+"
    )

    class Meta:
        db_table = "setup_hidden_guide"

    def __str__(self) -> str:
        return str(self.pk)
