"""Loads the statements of all apps, which the pages read in the log whoever wrote them."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class AuditConfig(AppConfig):
    name = "snapshots.audit"

    def ready(self) -> None:
        autodiscover_modules("statements")
