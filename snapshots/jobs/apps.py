"""Registers with notifications which servers a row of the log about jobs concerns."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "snapshots.jobs"

    def ready(self) -> None:
        from snapshots.jobs.coverage import coverage_of_job  # noqa: PLC0415 - models are loaded now
        from snapshots.notifications.coverage import register  # noqa: PLC0415

        register(["job.end"], coverage_of_job)
