"""Registers with notifications which servers a row of the log about schedules concerns."""

from django.apps import AppConfig


class SchedulesConfig(AppConfig):
    name = "snapshots.schedules"

    def ready(self) -> None:
        from snapshots.notifications.coverage import register  # noqa: PLC0415
        from snapshots.schedules.coverage import coverage_of_schedule  # noqa: PLC0415 - models are loaded now

        register(["schedule.run", "schedule.stop", "schedule.silent"], coverage_of_schedule)
