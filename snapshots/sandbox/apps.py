from django.apps import AppConfig


class SandboxConfig(AppConfig):
    name = "snapshots.sandbox"
    label = "sandbox"
