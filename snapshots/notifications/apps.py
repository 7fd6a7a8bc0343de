"""Registers the targets of the team with the command that seals everything anew."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "snapshots.notifications"

    def ready(self) -> None:
        from snapshots.notifications import targets  # noqa: PLC0415 - models are loaded now
        from snapshots.vault import sealed_rows  # noqa: PLC0415

        sealed_rows.register(
            sealed_rows.SealedRows("notification target", targets.all_targets, targets.reseal)
        )
