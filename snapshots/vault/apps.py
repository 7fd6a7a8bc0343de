from django.apps import AppConfig


class VaultConfig(AppConfig):
    name = "snapshots.vault"
    label = "vault"
