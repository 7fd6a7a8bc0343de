"""Registers the secrets of authenticator apps with the command that seals everything anew."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "snapportal.accounts"

    def ready(self) -> None:
        from snapportal.accounts.factors import authenticator  # noqa: PLC0415 - models are loaded now
        from snapshots.vault import sealed_rows  # noqa: PLC0415

        sealed_rows.register(
            sealed_rows.SealedRows("authenticator", authenticator.all_rows, authenticator.reseal)
        )
