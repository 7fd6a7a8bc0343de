"""Registers with notifications which servers a row of the log about requests concerns."""

from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "snapshots.approvals"

    def ready(self) -> None:
        from snapshots.approvals.coverage import coverage_of_request  # noqa: PLC0415 - models are loaded now
        from snapshots.notifications.coverage import register  # noqa: PLC0415

        verbs = ("request", "approve", "deny", "break_glass", "expire", "void")
        register([f"approval.{one}" for one in verbs], coverage_of_request)
