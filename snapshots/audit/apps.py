from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "snapshots.audit"
    label = "audit"
